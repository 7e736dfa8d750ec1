"""Permission requests: runners ask before an agent uses a tool, wait for the answer, and people give it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.limits import V1_POLICY
from activity.catalogue import Kind
from agents.models import Agent
from api.schemas import FLAG, has, many
from core import ids
from core.errors import Conflict, Denied, DomainError, Invalid, NotFound
from governance.models import Permission, PermissionQuerySet
from governance.services import permissions as services
from tokens.models import Run

from .base import V1View
from .body import Flag, Shape, Text, Whole, Words
from .docs.schema import COUNT, ref
from .docs.words import AGENT_SLUG, PAGED, describe, listed
from .errors import refusal
from .ids import row_id
from .listing import page_of, words
from .out_permissions import permission_out, permissions_out
from .tasks import find_agents, find_task
from .waiting import WAIT, hold, seconds_in

# A little after its end, so that the next look finds it over.
AFTER_ITS_END = timedelta(milliseconds=50)
MC = "missioncontrol-client/"


class NewPermission(Shape):
    agent_id: Text
    tool: Annotated[Words, Field(max_length=200)]
    input: dict[str, Any]
    task_id: Text | None = None
    run_id: Text | None = None
    tool_use_id: Annotated[Text, Field(max_length=200)] | None = None
    timeout_seconds: Annotated[Whole, Field(ge=10, le=3600)] = 300


class Answer(Shape):
    approved: Flag
    # Looked at only where it counts: a refusal ignores it, whatever it is.
    updated_input: Any = None
    reason: Annotated[Text, Field(max_length=2_000)] | None = None


class PermissionView(V1View):
    def find(self, id: str) -> Permission:
        try:
            return services.find_permission(permission_id=row_id("perm", id), actor=self.actor)
        except NotFound:
            raise NotFound(f"There is no permission request {id[:80]}") from None

    def with_outcome(self, error: DomainError, id: str) -> DomainError:
        """The error, showing what became of the request as this dialect does."""
        error.extra["permission"] = permission_out(self.find(id))
        return error

    @property
    def channel(self) -> str:
        """By which way an answer comes: the command line says that it is it."""
        agent = self.request._request.META.get("HTTP_USER_AGENT", "")
        return Permission.Channel.MC if agent.startswith(MC) and " mc" in agent else Permission.Channel.REST


class Permissions(PermissionView):
    route = "permissions"
    limit = V1_POLICY

    @describe(
        "Permission requests, the newest first.",
        query={"status": listed(Permission.Status.values), "agentId": AGENT_SLUG, **PAGED},
        answers={200: has(permissions=many(ref("Permission")), total=COUNT, hasMore=FLAG)},
        codes="NOT_FOUND",
        note="Agents see their own.",
    )
    def get(self, request: Request) -> Response:
        page = page_of(request.query_params)
        services.expire_permissions(now=self.now, workspace_id=self.actor.workspace_id)
        rows = self._wanted(services.visible_permissions(self.actor)).order_by("-id")
        total = rows.count()
        found = permissions_out(rows[page.offset : page.offset + page.limit])
        return Response({"permissions": found, "total": total, "hasMore": page.has_more(len(found), total)})

    def _wanted(self, rows: PermissionQuerySet) -> PermissionQuerySet:
        query = self.request.query_params
        if statuses := words(query, "status", Permission.Status.values):
            rows = rows.filter(status__in=statuses)
        if slug := query.get("agentId", ""):
            rows = rows.filter(agent=self._agent_named(slug))
        return rows

    def _agent_named(self, slug: str) -> Agent:
        if self.actor.kind != "agent":
            return find_agents(self, [slug], "agentId")[0]
        if slug not in ("me", self.agent.slug):
            raise Denied("An agent asks for itself alone", code="AGENT_MISMATCH")
        return self.agent

    @describe(
        "Ask for permission to use a tool.",
        body=NewPermission,
        answers=dict.fromkeys((200, 201), ref("Permission")),
        codes="NOT_FOUND STATE_CONFLICT",
        note="What the policy denies is DENIED at once. 200 when this use of the tool (`toolUseId`) waits already.",
    )
    def post(self, request: Request) -> Response:
        want = self.read(NewPermission)
        agent = self._agent_named(want.agent_id)
        wish = services.Wish(
            agent=agent,
            tool=want.tool.strip(),
            input=want.input,
            task=find_task(self, want.task_id) if want.task_id is not None else None,
            run=self._run(want.run_id, agent) if want.run_id is not None else None,
            tool_use_id=want.tool_use_id or "",
            lasts=timedelta(seconds=want.timeout_seconds),
        )
        permission, created = services.request_permission(wish=wish, actor=self.actor, now=self.now)
        return Response(permission_out(permission), status=201 if created else 200)

    def _run(self, id: str, agent: Agent) -> Run:
        row = Run.objects.in_workspace(self.actor.workspace_id).filter(pk=row_id("run", id), agent=agent).first()
        if row is None:
            raise NotFound(f"The agent has no run {id[:80]}")
        return row


class OnePermission(PermissionView):
    route = "permission"

    @describe(
        "One permission request; with `wait`, as soon as it is decided.",
        query={"wait": WAIT},
        answers={200: ref("Permission")},
        note="Agents see their own. Approved without `updatedInput` means: with the input that you have sent.",
    )
    def get(self, request: Request, id: str) -> Response:
        seconds = seconds_in(request.query_params)
        row = self.find(id)
        services.expire_permission(permission=row, now=self.now)
        if row.is_pending:
            left = (row.expires_at - self.now + AFTER_ITS_END).total_seconds()
            subject = ids.ref("permission", row.pk)
            hold(self, kinds=[Kind.PERMISSION_RESOLVED], subject=subject, seconds=min(seconds, left))
        return Response(permission_out(row))

    @describe(
        "Take a permission request back.",
        answers={200: ref("Permission")},
        codes="ALREADY_DECIDED",
        note="Of agents the one that asked.",
    )
    def delete(self, request: Request, id: str) -> Response:
        row = self.find(id)
        try:
            row = services.withdraw_permission(
                permission_id=row.pk, actor=self.actor, now=self.now, channel=self.channel
            )
        except Conflict as error:
            raise self.with_outcome(error, id) from None
        return Response(permission_out(row))


class RespondPermission(PermissionView):
    route = "permission-respond"

    @describe(
        "Allow or refuse the use of a tool, with another input if need be.",
        body=Answer,
        answers={200: ref("Permission")},
        codes="ALREADY_DECIDED POLICY_VIOLATION",
        note="The first answer counts. An `updatedInput` that the policy denies makes the request DENIED.",
    )
    def post(self, request: Request, id: str) -> Response:
        want = self.read(Answer)
        if want.approved and want.updated_input is not None and not isinstance(want.updated_input, dict):
            raise Invalid.fields("updatedInput: must be an object")
        row = self.find(id)
        try:
            row = services.respond_permission(
                permission_id=row.pk,
                actor=self.actor,
                approved=want.approved,
                updated_input=want.updated_input if want.approved else None,
                reason=want.reason,
                channel=self.channel,
                origin=self.origin,
                now=self.now,
            )
        except Conflict as error:
            raise self.with_outcome(error, id) from None
        except Denied as error:
            if error.code != "POLICY_VIOLATION":
                raise
            # Answered, not raised: the refusal that goes with it stays, also of a call with an idempotency key.
            return refusal(self.with_outcome(error, id), self.request_id)
        return Response(permission_out(row))
