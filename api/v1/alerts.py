"""Alerts: the list, and what people do about them."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import Count, Q
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Agent
from api.schemas import has, many
from core.errors import NotFound
from core.ids import parse_ref
from governance.models import Alert
from governance.services.alerts import acknowledge_alert, resolve_alert

from .base import V1View
from .body import Shape, Text, Words
from .docs.schema import COUNT, ref
from .docs.words import AGENT_SLUG, PAGED, describe, listed
from .ids import row_id, shown
from .listing import page_of, words
from .out import moment


def alerts_out(rows: list[Alert]) -> list[dict[str, Any]]:
    ids = {row.agent_id for row in rows if row.agent_id is not None}
    slugs = dict(Agent.objects.filter(id__in=ids).values_list("id", "slug"))
    return [_out(row, slugs.get(row.agent_id or 0)) for row in rows]


def _out(row: Alert, slug: str | None) -> dict[str, Any]:
    kind, id = parse_ref(row.acknowledged_by or "")
    return {
        "id": shown("alert", row.pk),
        "severity": row.severity,
        "type": row.type,
        "title": row.title,
        "description": row.description,
        "agentId": slug,
        "taskId": shown("task", row.task_id),
        "runId": shown("run", row.run_id),
        "status": row.status,
        "acknowledgedBy": shown(kind, id) if row.acknowledged_by else None,
        "acknowledgedAt": moment(row.acknowledged_at),
        "resolvedAt": moment(row.resolved_at),
        "resolutionNote": row.resolution_note,
        "metadata": row.metadata,
        "createdAt": moment(row.created_at),
    }


class Alerts(V1View):
    route = "alerts"

    @describe(
        "Alerts, the newest first; both counts are of all open ones.",
        query={
            "status": listed(Alert.Status.values),
            "severity": listed(Alert.Severity.values),
            "agentId": AGENT_SLUG,
            **PAGED,
        },
        answers={200: has(alerts=many(ref("Alert")), openCount=COUNT, criticalCount=COUNT)},
    )
    def get(self, request: Request) -> Response:
        query, page = request.query_params, page_of(request.query_params)
        here = Alert.objects.in_workspace(self.actor.workspace_id)
        rows = here
        if statuses := words(query, "status", Alert.Status.values):
            rows = rows.filter(status__in=statuses)
        if severities := words(query, "severity", Alert.Severity.values):
            rows = rows.filter(severity__in=severities)
        if slug := query.get("agentId", ""):
            agents = Agent.objects.in_workspace(self.actor.workspace_id)
            rows = rows.filter(agent_id__in=agents.filter(slug=slug).values("id"))
        counts = here.filter(status=Alert.Status.OPEN).aggregate(
            open=Count("id"), critical=Count("id", filter=Q(severity=Alert.Severity.CRITICAL))
        )
        found = list(rows.order_by("-id")[page.offset : page.offset + page.limit])
        return Response({"alerts": alerts_out(found), "openCount": counts["open"], "criticalCount": counts["critical"]})


def find_alert(view: V1View, id: str) -> Alert:
    alert = Alert.objects.in_workspace(view.actor.workspace_id).filter(pk=row_id("alert", id)).first()
    if alert is None:
        raise NotFound(f"There is no alert {id[:80]}")
    return alert


class Remark(Shape):
    note: Annotated[Text, Field(max_length=2000)] | None = None


class AcknowledgeAlert(V1View):
    route = "alert-acknowledge"

    @describe(
        "Say that somebody looks at an alert.",
        body=Remark,
        answers={200: has(alert=ref("Alert"))},
        codes="STATE_CONFLICT",
    )
    def post(self, request: Request, id: str) -> Response:
        alert, want = find_alert(self, id), self.read(Remark)
        alert = acknowledge_alert(alert=alert, actor=self.actor, now=self.now, note=want.note)
        return Response({"alert": alerts_out([alert])[0]})


class Resolution(Shape):
    resolution_note: Annotated[Words, Field(min_length=1, max_length=2000)]


class ResolveAlert(V1View):
    route = "alert-resolve"

    @describe(
        "Close an alert, with a note.",
        body=Resolution,
        answers={200: has(alert=ref("Alert"))},
        codes="STATE_CONFLICT",
    )
    def post(self, request: Request, id: str) -> Response:
        alert, want = find_alert(self, id), self.read(Resolution)
        alert = resolve_alert(alert=alert, actor=self.actor, now=self.now, note=want.resolution_note)
        return Response({"alert": alerts_out([alert])[0]})
