"""Agents that wish for others beside them, and people who answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import FLAG, has, many
from core.errors import Conflict
from core.ids import parse_ref
from transcripts.models import SpawnRequest
from transcripts.services.spawning import respond_to_request

from .base import V1View
from .body import Flag, Shape, Text
from .docs.schema import ref
from .docs.words import AGENT_SLUG, PAGED, describe, listed
from .ids import human, row_id, shown
from .listing import page_of, words
from .out import moment


def requests_out(rows: Sequence[SpawnRequest]) -> list[dict[str, Any]]:
    """Of rows with their agents."""
    return [
        {
            "id": shown("spawn", row.pk),
            "agentId": row.agent.slug,
            "agents": row.agents,
            "reason": row.reason,
            "status": row.status,
            "decidedBy": human(*parse_ref(row.decided_by)) if row.decided_by else None,
            "decisionReason": row.decision_reason or None,
            "createdAt": moment(row.created_at),
            "expiresAt": moment(row.expires_at),
        }
        for row in rows
    ]


class SpawnRequests(V1View):
    route = "spawn-requests"

    @describe(
        "Wishes of agents for others, the newest first.",
        query={"status": listed(SpawnRequest.Status.values), "agentId": AGENT_SLUG, **PAGED},
        answers={200: has(requests=many(ref("SpawnRequest")), hasMore=FLAG)},
        note="An agent sees its own alone.",
    )
    def get(self, request: Request) -> Response:
        query, page = request.query_params, page_of(request.query_params)
        rows = SpawnRequest.objects.in_workspace(self.actor.workspace_id).select_related("agent")
        if self.actor.kind == "agent":
            rows = rows.filter(agent=self.agent)
        if statuses := words(query, "status", SpawnRequest.Status.values):
            rows = rows.filter(status__in=statuses)
        if slug := query.get("agentId", ""):
            rows = rows.filter(agent__slug=slug)
        found = list(rows.order_by("-id")[page.offset : page.offset + page.limit + 1])
        return Response({"requests": requests_out(found[: page.limit]), "hasMore": len(found) > page.limit})


class SpawnAnswer(Shape):
    approved: Flag
    reason: Annotated[Text, Field(max_length=500)] | None = None


class SpawnResponse(V1View):
    route = "spawn-request-respond"

    @describe(
        "Allow an agent the others it wishes for, or refuse them; the first answer counts.",
        body=SpawnAnswer,
        answers={200: has(request=ref("SpawnRequest"))},
        codes="ALREADY_DECIDED",
        note="Whoever runs the agent finds the answer in its inbox, and starts the others itself.",
    )
    def post(self, request: Request, id: str) -> Response:
        number, want = row_id("spawn", id), self.read(SpawnAnswer)
        try:
            row = respond_to_request(
                request_id=number, approved=want.approved, actor=self.actor, now=self.now, reason=want.reason or ""
            )
        except Conflict as error:
            stored = SpawnRequest.objects.select_related("agent").get(pk=number)
            raise Conflict(error.message, code=error.code, request=requests_out([stored])[0]) from None
        return Response({"request": requests_out([row])[0]})
