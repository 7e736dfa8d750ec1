"""The objects that events speak of, as this dialect shows them: as they are when they are told of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils import timezone

from activity.catalogue import Kind
from activity.models import Event
from agents.models import Agent
from core.actors import system
from core.ids import parse_ref
from governance.models import Alert, Approval, Permission
from notifications.models import Notification
from tasks.models import Comment, Document, Task
from tokens.models import Run, ToolCall

from .alerts import alerts_out
from .ids import shown
from .notifications import notifications_out
from .out import agents_out, document_out, message_out, slugs_of, task_out, transition_out, usd
from .out_approvals import Reader, approval_out
from .out_permissions import permission_out
from .out_runs import run_out, tool_call_out

Shape = dict[str, Any]
M = TypeVar("M", bound=Model)


def objects_of(event: Event) -> Shape:
    """Under their singular names. Of what is gone by now, its id."""
    name = event.kind.partition(".")[0]
    shape = SHAPES.get(name)
    return shape(event) if shape else {name: event.data}


def _id(event: Event) -> int:
    return parse_ref(event.subject)[1]


def _task(event: Event) -> Shape:
    id, data = _id(event), event.data or {}
    task = Task.objects.select_related("project").filter(pk=id).first()
    if task is None:
        return {"task": {"id": shown("task", id), "title": data.get("title") or data.get("task", {}).get("title")}}
    found: Shape = {"task": task_out(task)}
    if event.kind in (Kind.TASK_TRANSITIONED, Kind.TASK_CLAIMED):
        rows = task.transitions.filter(at=event.at)
        move = rows.filter(now=data.get("status", task.status)).order_by("-id").first() or rows.order_by("-id").first()
        found["transition"] = transition_out(move, slugs_of([move.actor])) if move else None
    return found


def _shown(event: Event, rows: QuerySet[M], kind: str, out: Callable[[M], Shape]) -> Shape:
    """The row that the event is about, or its bare id when it is gone."""
    id = _id(event)
    row = rows.filter(pk=id).first()
    return out(row) if row else {"id": shown(kind, id)}


def _message_out(row: Comment) -> Shape:
    return message_out(row, slugs_of([row.actor]))


def _message(event: Event) -> Shape:
    return {"message": _shown(event, Comment.objects.all(), "msg", _message_out)}


def _document(event: Event) -> Shape:
    return {"document": _shown(event, Document.objects.select_related("agent"), "doc", document_out)}


def _approval(event: Event) -> Shape:
    rows = Approval.objects.select_related("requestor", "decided_by_agent")
    reader = Reader(system(event.workspace_id or 0))
    return {"approval": _shown(event, rows, "approval", lambda row: approval_out(row, reader))}


def _permission(event: Event) -> Shape:
    row = Permission.objects.filter(pk=_id(event)).first()
    return {"permission": permission_out(row) if row else {"requestId": shown("perm", _id(event))}}


def _agent_of(event: Event) -> Shape:
    data = event.data or {}
    agent = Agent.objects.filter(pk=_id(event)).first()
    return agents_out([agent])[0] if agent else {"id": data.get("slug") or data.get("agent", {}).get("slug")}


def _agent(event: Event) -> Shape:
    found: Shape = {"agent": _agent_of(event)}
    if event.kind == "agent.control":
        found["control"] = {word: (event.data or {}).get(word) for word in ("action", "reason")}
    return found


def _budget(event: Event) -> Shape:
    data = event.data or {}
    budget = {
        "percent": data.get("level"),
        "spent": usd(data.get("spent_microusd")),
        "limit": usd(data.get("limit_microusd")),
    }
    return {"agent": _agent_of(event), "budget": budget}


def _run(event: Event) -> Shape:
    return {"run": _shown(event, Run.objects.select_related("agent"), "run", run_out)}


def _tool_call(event: Event) -> Shape:
    return {"toolCall": _shown(event, ToolCall.objects.select_related("agent"), "tool", tool_call_out)}


def _notification(event: Event) -> Shape:
    now = timezone.now()
    rows = Notification.objects.all()
    return {"notification": _shown(event, rows, "notif", lambda row: notifications_out([row], now=now)[0])}


def _alert(event: Event) -> Shape:
    return {"alert": _shown(event, Alert.objects.all(), "alert", lambda row: alerts_out([row])[0])}


def _loop(event: Event) -> Shape:
    data = event.data or {}
    row = Comment.objects.filter(pk=data.get("message_id") or 0).first()
    message = _message_out(row) if row else None
    return {**_task(event), "message": message, "loop": {"type": data.get("type"), "details": data.get("details")}}


SHAPES: dict[str, Callable[[Event], Shape]] = {
    "task": _task,
    "message": _message,
    "document": _document,
    "approval": _approval,
    "permission": _permission,
    "agent": _agent,
    "budget": _budget,
    "run": _run,
    "tool_call": _tool_call,
    "notification": _notification,
    "alert": _alert,
    "loop": _loop,
}
