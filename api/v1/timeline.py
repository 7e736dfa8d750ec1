"""What happened, newest first: the event log in the words of this dialect."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response

from activity.catalogue import Kind
from activity.models import Event, EventQuerySet
from agents.models import Agent
from api.schemas import FLAG, has, many
from core.ids import parse_ref
from governance.states import shown as status_shown

from .agents import find_agent
from .base import V1View
from .docs.schema import ref
from .docs.words import AGENT_SLUG, TASK_ID, before, describe, listed
from .ids import row_id, shown
from .listing import older, page_of, words
from .out import ACTOR_TYPES, moment

# Updates that gave a task to somebody else.
REASSIGNED = Q(data__fields__icontains='"assigned_to"')
COMPLETED = Q(data__run__status="COMPLETED")
# Action → the kind of events behind it, and which of them.
ACTIONS: dict[str, tuple[Kind, Q | None]] = {
    "TASK_CREATED": (Kind.TASK_CREATED, None),
    "TASK_UPDATED": (Kind.TASK_UPDATED, ~REASSIGNED),
    "TASK_TRANSITION": (Kind.TASK_TRANSITIONED, None),
    "TASK_ASSIGNED": (Kind.TASK_UPDATED, REASSIGNED),
    "MESSAGE_POSTED": (Kind.COMMENT_CREATED, None),
    "DOCUMENT_CREATED": (Kind.DOCUMENT_CREATED, None),
    "APPROVAL_REQUESTED": (Kind.APPROVAL_REQUESTED, None),
    "APPROVAL_SECONDED": (Kind.APPROVAL_SECONDED, None),
    "APPROVAL_DECIDED": (Kind.APPROVAL_DECIDED, None),
    "APPROVAL_EXPIRED": (Kind.APPROVAL_EXPIRED, None),
    "APPROVAL_CANCELED": (Kind.APPROVAL_CANCELED, None),
    "AGENT_REGISTERED": (Kind.AGENT_REGISTERED, None),
    "AGENT_UPDATED": (Kind.AGENT_UPDATED, None),
    "AGENT_STATUS_CHANGED": (Kind.AGENT_STATUS_CHANGED, None),
    "RUN_STARTED": (Kind.RUN_STARTED, None),
    "RUN_COMPLETED": (Kind.RUN_COMPLETED, COMPLETED),
    "RUN_FAILED": (Kind.RUN_COMPLETED, ~COMPLETED),
    "TOOL_CALL": (Kind.TOOL_CALL_RECORDED, None),
    "POLICY_DENIED": (Kind.POLICY_DENIED, None),
    "BUDGET_WARNING": (Kind.BUDGET_WARNING, None),
    "BUDGET_EXCEEDED": (Kind.BUDGET_EXCEEDED, None),
    "LOOP_DETECTED": (Kind.LOOP_DETECTED, None),
    "ALERT_OPENED": (Kind.ALERT_OPENED, None),
    "ALERT_ACKNOWLEDGED": (Kind.ALERT_ACKNOWLEDGED, None),
    "ALERT_RESOLVED": (Kind.ALERT_RESOLVED, None),
    "STANDUP_REPORT": (Kind.STORY, Q(type="standup_generated")),
    "WEBHOOK_CREATED": (Kind.WEBHOOK_CHANGED, Q(data__what="created")),
}
ACTION_OF: dict[str, str] = {kind: action for action, (kind, _) in ACTIONS.items()}
PREFIXES = {"comment": "msg", "tool_call": "tool", "notification": "notif", "document": "doc"}

# Keys of events that other fields tell, or that are times as the log writes them.
SAID = frozenset(
    {"id", "slug", "name", "title", "status", "was", "previous_status", "updated_at", "until", "task_id", "message_id"}
)


class Timeline(V1View):
    route = "timeline"

    @describe(
        "What happened, the newest first.",
        query={"taskId": TASK_ID, "agentId": AGENT_SLUG, "action": listed(ACTIONS), **before("act")},
        answers={200: has(activities=many(ref("Activity")), hasMore=FLAG)},
        codes="NOT_FOUND",
    )
    def get(self, request: Request) -> Response:
        query, page = request.query_params, page_of(request.query_params)
        rows = Event.objects.filter(_any_of(words(query, "action", ACTIONS) or list(ACTIONS)))
        rows = rows.filter(workspace_id=self.actor.workspace_id)
        if id := query.get("taskId", ""):
            rows = rows.filter(task_id=row_id("task", id))
        rows = older(rows, query, "act", at="at")
        parts: Sequence[EventQuerySet] = [rows]
        if slug := query.get("agentId", ""):
            parts = rows.of_agent(find_agent(self, slug).pk)
        found = _newest(parts, page.limit + 1)
        return Response({"activities": activities_out(found[: page.limit]), "hasMore": len(found) > page.limit})


def _newest(parts: Sequence[EventQuerySet], most: int) -> list[Event]:
    """The newest of all parts, each row once."""
    found = {event.pk: event for rows in parts for event in rows.order_by("-id")[:most]}
    return [found[id] for id in sorted(found, reverse=True)[:most]]


def _any_of(actions: Collection[str]) -> Q:
    """Kinds that are wanted as a whole are asked for at once: the log is long."""
    wanted = Q(kind=Kind.TASK_CLAIMED) if "TASK_ASSIGNED" in actions else Q(pk__in=[])
    parts: dict[Kind, list[Q]] = {}
    for kind, part in (ACTIONS[action] for action in set(actions)):
        parts.setdefault(kind, []).extend([part] if part is not None else [])
    whole = [kind for kind, some in parts.items() if len(some) != 1]
    for kind, some in parts.items():
        if len(some) == 1:
            wanted |= Q(kind=kind) & some[0]
    return wanted | Q(kind__in=whole)


def activities_out(events: Sequence[Event]) -> list[dict[str, Any]]:
    """With a constant number of queries."""
    ids = {event.agent_id for event in events if event.agent_id is not None}
    ids |= {id for event in events for kind, id in (_ref(event.actor), _ref(event.subject)) if kind == "agent"}
    slugs = dict(Agent.objects.filter(id__in=ids).values_list("id", "slug")) if ids else {}
    return [_out(event, slugs) for event in events]


def _out(event: Event, slugs: dict[int, str]) -> dict[str, Any]:
    action = action_of(event)
    kind, id = _ref(event.actor)
    target, target_id = _ref(event.subject)
    before, after = _states(event)
    name = slugs.get(id) if kind == "agent" else shown(kind, id) if kind in ACTOR_TYPES else None
    return {
        "id": shown("act", event.pk),
        "actorType": ACTOR_TYPES.get(kind, "SYSTEM"),
        "actorId": name,
        "action": action,
        "description": event.description or _sentence(event, action, before, after),
        "targetType": target,
        "targetId": slugs.get(target_id) if target == "agent" else shown(PREFIXES.get(target, target), target_id),
        "taskId": shown("task", event.task_id),
        "agentId": slugs.get(event.agent_id or 0),
        "beforeState": before,
        "afterState": after,
        "metadata": _metadata(event),
        "createdAt": moment(event.at),
    }


def _ref(text: str) -> tuple[str, int]:
    """Stories carry a name for their actor: nobody whom an id names."""
    kind, _, id = text.partition(":")
    return parse_ref(text) if id.isascii() and id.isdigit() else (kind, 0)


def action_of(event: Event) -> str:
    data = event.data or {}
    if event.kind == Kind.TASK_CLAIMED:
        return "TASK_ASSIGNED"
    if event.kind == Kind.TASK_UPDATED:
        return "TASK_ASSIGNED" if "assigned_to" in (data.get("fields") or ()) else "TASK_UPDATED"
    if event.kind == Kind.RUN_COMPLETED:
        return "RUN_COMPLETED" if (data.get("run") or {}).get("status") == "COMPLETED" else "RUN_FAILED"
    return ACTION_OF[event.kind]


def _states(event: Event) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    data = event.data or {}
    if event.kind == Kind.TASK_TRANSITIONED:
        was = data.get("previous_status")
        now = data.get("status") or (data.get("task") or {}).get("status")
        return {"status": status_shown(was)} if was else None, {"status": status_shown(now)} if now else None
    if event.kind == Kind.AGENT_STATUS_CHANGED:
        return {"status": data.get("was")}, {"status": data.get("status")}
    told = [data[name] for name in ("alert", "approval", "run", "task") if isinstance(data.get(name), dict)]
    status = told[0].get("status") if told else None
    return None, {"status": status_shown(status)} if status else None


def _sentence(event: Event, action: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> str:
    data = event.data or {}
    thing = next((value for value in data.values() if isinstance(value, dict)), data)
    name = thing.get("title") or thing.get("name") or thing.get("action_summary") or thing.get("model")
    words = f"{action.replace('_', ' ').capitalize()}: {name or event.subject.replace(':', ' ')}"
    if before and after:
        return f"{words} ({before['status']} → {after['status']})"
    return words


def _metadata(event: Event) -> dict[str, Any]:
    """What the other fields do not say: the reasons and figures."""
    data = event.data or {}
    return {name: value for name, value in data.items() if name not in SAID and (name == "details" or _plain(value))}


def _plain(value: Any) -> bool:
    return not isinstance(value, dict)
