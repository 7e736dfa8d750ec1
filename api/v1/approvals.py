"""Approvals: asked for by agents, decided by people and leads."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from django.db.models import Q
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Agent, Mandate
from api.schemas import FLAG, has, many
from core.errors import Conflict, Denied, NotFound
from governance.models import Approval, ApprovalQuerySet
from governance.services import approving, deciding
from tasks.models import Task
from tokens.models import ToolCall

from .base import V1View
from .body import Dollars, Shape, Text, Words, micro
from .docs.schema import COUNT, ref
from .docs.words import PAGED, TASK_ID, describe, listed, text
from .ids import row_id
from .listing import page_of, words
from .out import task_out
from .out_approvals import Reader, approval_out, approvals_out
from .sizes import Metadata
from .tasks import find_agents, find_task
from .tokens import Duration, duration

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=30)
Action = Literal["TOOL_EXEC", "BUDGET_OVERRIDE", "STATE_TRANSITION", "SPAWN"]


class NewApproval(Shape):
    task_id: Text | None = None
    tool_call_id: Text | None = None
    action_type: Action
    action_summary: Annotated[Words, Field(max_length=500)]
    risk_level: Literal["YELLOW", "RED"]
    justification: Annotated[Words, Field(max_length=5_000)]
    action_payload: Metadata | None = None
    estimated_cost: Dollars | None = None
    rollback_plan: Annotated[Text, Field(max_length=5_000)] | None = None
    expires_in: Duration = "24h"
    requestor_agent_id: Text | None = None


class Decision(Shape):
    decision: Literal["APPROVED", "DENIED"]
    reason: Annotated[Text, Field(max_length=2_000)] | None = None


DECIDED = has("task", approval=ref("Approval"), task=ref("Task"))


class ApprovalView(V1View):
    @property
    def reader(self) -> Reader:
        if self.actor.kind != "agent":
            return Reader(self.actor)
        return Reader(self.actor, self.agent, self.mandate)

    @property
    def rows(self) -> ApprovalQuerySet:
        """Those of the workspace, after what nobody decided in time is said to have expired."""
        workspace_id = self.actor.workspace_id
        deciding.expire_due(now=self.now, workspace_id=workspace_id)
        here = Approval.objects.in_workspace(workspace_id)
        return here.select_related("requestor", "decided_by_agent")

    def find(self, id: str) -> Approval:
        here = Approval.objects.in_workspace(self.actor.workspace_id)
        row = here.select_related("requestor", "decided_by_agent").filter(pk=row_id("approval", id)).first()
        if row is None:
            raise NotFound(f"There is no approval {id[:80]}")
        return row

    def shown_with_task(self, row: Approval, **more: Any) -> dict[str, Any]:
        answer = {"approval": approval_out(row, self.reader)}
        if row.task_id is not None:
            answer["task"] = task_out(Task.objects.select_related("project").get(pk=row.task_id))
        return {**answer, **more}


class Approvals(ApprovalView):
    route = "approvals"

    @describe(
        "Approvals, the newest first.",
        query={
            "status": listed(Approval.Status.values),
            "requestorId": text("An agent's id, or `me` for the agent that asks."),
            "taskId": TASK_ID,
            "actionType": listed(Approval.ActionType.values),
            **PAGED,
        },
        answers={200: has(approvals=many(ref("Approval")), total=COUNT, hasMore=FLAG)},
        codes="NOT_FOUND",
    )
    def get(self, request: Request) -> Response:
        page, query = page_of(request.query_params), request.query_params
        wanted = Q()
        if statuses := words(query, "status", Approval.Status.values):
            wanted &= Q(status__in=statuses)
        if types := words(query, "actionType", Approval.ActionType.values):
            wanted &= Q(action_type__in=types)
        if slug := query.get("requestorId", ""):
            wanted &= Q(requestor=self._requestor_named(slug))
        if task_id := query.get("taskId", ""):
            wanted &= Q(task_id=row_id("task", task_id))
        rows = self.rows.filter(wanted).order_by("-id")
        total = rows.count()
        found = list(rows[page.offset : page.offset + page.limit])
        more = page.has_more(len(found), total)
        return Response({"approvals": approvals_out(found, self.reader), "total": total, "hasMore": more})

    def _requestor_named(self, slug: str) -> Agent:
        if slug == "me" and self.actor.kind == "agent":
            return self.agent
        return find_agents(self, [slug], "requestorId")[0]

    @describe(
        "Ask for an approval; with a task, the task waits for it.",
        body=NewApproval,
        answers=dict.fromkeys((200, 201), has("task", approval=ref("Approval"), task=ref("Task"), created=FLAG)),
        codes="NOT_FOUND STATE_CONFLICT",
        note="200 when the same was asked for already and nobody has decided.",
    )
    def post(self, request: Request) -> Response:
        want = self.read(NewApproval)
        requestor = self._requestor(want)
        approval, created = approving.request_approval(
            request=approving.Request(
                requestor=requestor,
                action_type=want.action_type,
                summary=want.action_summary.strip(),
                risk=want.risk_level,
                justification=want.justification,
                task=find_task(self, want.task_id) if want.task_id is not None else None,
                tool_call=self._tool_call(want.tool_call_id, requestor),
                payload=want.action_payload,
                estimated_cost_microusd=micro(want.estimated_cost),
                rollback_plan=want.rollback_plan,
                lasts=duration(want.expires_in, least=SHORTEST, most=LONGEST),
                key=request._request.META.get("HTTP_X_IDEMPOTENCY_KEY"),
            ),
            actor=self.actor,
            now=self.now,
        )
        return Response(self.shown_with_task(approval, created=created), status=201 if created else 200)

    def _requestor(self, want: NewApproval) -> Agent | None:
        named = want.requestor_agent_id
        if self.actor.kind == "agent":
            if named not in (None, self.agent.slug):
                raise Denied("An agent asks for itself alone", code="AGENT_MISMATCH")
            return self.agent
        return find_agents(self, [named], "requestorAgentId")[0] if named else None

    def _tool_call(self, id: str | None, requestor: Agent | None) -> ToolCall | None:
        if id is None:
            return None
        here = ToolCall.objects.in_workspace(self.actor.workspace_id)
        row = here.filter(pk=row_id("tool", id)).first()
        if row is None:
            raise NotFound(f"There is no tool call {id[:80]}")
        if requestor is not None and row.agent_id != requestor.pk:
            raise Denied("The tool call is another agent's")
        return row


class PendingApprovals(ApprovalView):
    route = "approvals-pending"

    @describe(
        "Approvals that wait for a decision, soonest to expire first.",
        answers={200: has(approvals=many(ref("Approval")), urgentCount=COUNT)},
        note="Of agents leads alone, who see what they may decide.",
    )
    def get(self, request: Request) -> Response:
        """Soonest to expire first; a lead sees what it may decide."""
        rows = self.rows.pending()
        if self.actor.kind == "agent":
            if self.mandate.autonomy != Mandate.Autonomy.LEAD:
                raise Denied("Only leads and people decide approvals")
            rows = rows.decidable_by_lead(self.agent)
        found = list(rows.order_by("expires_at", "id"))
        urgent = rows.urgent(self.now).count()
        return Response({"approvals": approvals_out(found, self.reader), "urgentCount": urgent})


class OneApproval(ApprovalView):
    route = "approval"

    @describe("One approval, its fields at the top.", answers={200: ref("Approval")})
    def get(self, request: Request, id: str) -> Response:
        """Flat: existing clients read its fields at the top."""
        row = self.find(id)
        if row.is_late(self.now):
            deciding.expire(approval=row, now=self.now)
        return Response(approval_out(row, self.reader))


class Decide(ApprovalView):
    route = "approval-decide"

    @describe(
        "Approve or deny.",
        body=Decision,
        answers={200: DECIDED},
        codes="ALREADY_DECIDED APPROVAL_EXPIRED",
        note="Leads decide YELLOW ones of others, and neither budgets nor the end of tasks.",
    )
    def post(self, request: Request, id: str) -> Response:
        want = self.read(Decision)
        row = self.find(id)
        lead = self.acting_agent
        try:
            row = deciding.decide(
                approval=row, decision=want.decision, actor=self.actor, now=self.now, reason=want.reason, lead=lead
            )
        except Conflict as error:
            error.extra["approval"] = approval_out(self.find(id), self.reader)
            raise
        return Response(self.shown_with_task(row))


class Cancel(ApprovalView):
    route = "approval-cancel"

    @describe(
        "Take a request for an approval back.",
        answers={200: DECIDED},
        codes="ALREADY_DECIDED APPROVAL_EXPIRED",
        note="Of agents the one that asked.",
    )
    def post(self, request: Request, id: str) -> Response:
        row = self.find(id)
        if self.actor.kind == "agent" and row.requestor_id != self.agent.pk:
            raise Denied("Only who asked and people cancel an approval")
        try:
            row = deciding.cancel(approval=row, actor=self.actor, now=self.now)
        except Conflict as error:
            error.extra["approval"] = approval_out(self.find(id), self.reader)
            raise
        return Response(self.shown_with_task(row))
