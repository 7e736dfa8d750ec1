"""Events of the log as frames of the legacy SSE stream: encoded once, whoever listens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from activity.catalogue import TRANSIENT, Kind
from activity.models import Event
from core.clock import milliseconds

from . import extensions, legacy
from .frames import AGENT_OUTPUT, TICK
from .frames import Frame as Frame

HEARTBEAT = b": heartbeat\n\n"
RETRY = b"retry: 3000\n\n"


Data = dict[str, Any]
Shape = Callable[[Event], Data | None]


def _story(event: Event) -> dict[str, Any]:
    return legacy.activity(
        {
            "id": event.id,
            "type": event.type,
            "subject": event.subject,
            "actor": event.actor,
            "description": event.description,
            "data": event.data,
            "at": event.at,
            "workspace_id": event.workspace_id,
        }
    )


def _task(event: Event) -> dict[str, Any]:
    return legacy.task(_data(event)["task"])


def _status(event: Event) -> dict[str, Any]:
    data = _data(event)
    shape: dict[str, Any] = {"id": data["id"], "status": legacy.STATUS_WORDS[data["status"]]}
    if "previous_status" in data:
        shape["previous_status"] = legacy.STATUS_WORDS[data["previous_status"]]
    shape["updated_at"] = legacy.stamp(data.get("updated_at"))
    return shape


def _agent(event: Event) -> dict[str, Any]:
    return legacy.agent(_data(event)["agent"])


def _newcomer(event: Event) -> dict[str, Any]:
    return {**_agent(event), "taskStats": legacy.NO_TASKS}


def _presence(event: Event) -> dict[str, Any]:
    data = _data(event)
    shape = {"id": data["id"], "name": data["name"], "status": data["status"]}
    if data.get("last_seen"):
        shape["last_seen"] = legacy.stamp(data["last_seen"])
    if data.get("last_activity"):
        shape["last_activity"] = data["last_activity"]
    return shape


def _data(event: Event) -> Data:
    return dict(event.data or {})


def _notification(event: Event) -> dict[str, Any]:
    return dict(_data(event)["notification"])


def _chat_message(event: Event) -> dict[str, Any]:
    return legacy.chat_message(_data(event)["message"])


def _security(event: Event) -> dict[str, Any]:
    """Its detail is text with JSON in it, as it always was on this stream."""
    data = _data(event)
    return {"id": event.id, **data, "detail": orjson.dumps(data["detail"]).decode()}


def _comment(event: Event) -> dict[str, Any]:
    return legacy.comment(_data(event)["comment"])


# Kind of event → the names of its frames, and their data. Kinds that are not here stay inside.
SHAPES: dict[str, tuple[tuple[str, ...], Shape]] = {
    Kind.STORY: (("activity.created",), _story),
    Kind.TASK_CREATED: (("task.created",), _task),
    Kind.TASK_UPDATED: (("task.updated",), _task),
    Kind.TASK_CLAIMED: (("task.updated",), _task),
    Kind.TASK_DELETED: (("task.deleted",), _data),
    Kind.COMMENT_CREATED: (("comment.created",), _comment),
    # Both names are relied on: the first by browsers, the second by direct connections.
    Kind.NOTIFICATION_CREATED: (("notification.created", "notification"), _notification),
    Kind.NOTIFICATION_ACKED: (("notification.read",), _data),
    Kind.AGENT_REGISTERED: (("agent.created",), _newcomer),
    Kind.AGENT_UPDATED: (("agent.updated",), _agent),
    Kind.AGENT_PRESENCE: (("agent.status_changed",), _presence),
    Kind.CONNECTION_CREATED: (("connection.created",), _data),
    Kind.CONNECTION_ENDED: (("connection.disconnected",), _data),
    Kind.AUDIT_SECURITY: (("audit.security",), _data),
    Kind.SECURITY: (("security.event",), _security),
    Kind.CHAT_MESSAGE: (("chat.message",), _chat_message),
    Kind.PIPELINE_NOTICE: (("activity.created",), _data),
    **extensions.SHAPES,
}

# Kinds whose frames name no task or agent in a way that pages know, although they may show what those speak of.
QUIET = {
    Kind.DOCUMENT_CREATED, Kind.RUN_STARTED, Kind.RUN_COMPLETED, Kind.TOOL_CALL_RECORDED,
    Kind.APPROVAL_REQUESTED, Kind.APPROVAL_SECONDED, Kind.APPROVAL_DECIDED, Kind.APPROVAL_EXPIRED,
    Kind.APPROVAL_CANCELED,
    Kind.AGENT_STATUS_CHANGED, Kind.AGENT_CONTROL, Kind.POLICY_DENIED, Kind.LOOP_DETECTED,
    Kind.BUDGET_WARNING, Kind.BUDGET_EXCEEDED, Kind.BUDGET_RESET,
    Kind.ALERT_OPENED, Kind.ALERT_ACKNOWLEDGED, Kind.ALERT_RESOLVED,
}  # fmt: skip


def shaped(event: Event) -> tuple[tuple[str, ...], Data] | None:
    """The names of an event and its data, or None when this dialect does not speak of it."""
    names: tuple[str, ...]
    shape: Shape
    if event.kind == Kind.TASK_TRANSITIONED:
        names, shape = (("task.updated",), _task) if "task" in _data(event) else (("task.status_changed",), _status)
    elif event.kind in SHAPES:
        names, shape = SHAPES[event.kind]
    else:
        return None
    data = shape(event)
    if data is None:
        return None
    data["workspace_id"] = event.workspace_id
    return names, data


def encode(event: Event) -> Frame | None:
    """The frame of an event, or None when this dialect does not speak of it."""
    found = shaped(event)
    if found is None:
        return None
    names, data = found
    return Frame(
        event.id,
        event.workspace_id,
        names,
        event.agent_id,
        _agent_name(event),
        b"".join(_lines(event, names, data)),
        transient=event.kind in TRANSIENT,
        needs=AGENT_OUTPUT if event.kind in extensions.OUTPUT else "",
    )


def _lines(event: Event, names: tuple[str, ...], data: dict[str, Any]) -> list[bytes]:
    """Only the last frame of an event carries its id: who lost any of them is sent them all again."""
    at = milliseconds(event.at)
    frames = [b"data: " + orjson.dumps({"type": name, "data": data, "timestamp": at}) + b"\n\n" for name in names]
    frames[-1] = b"id: %d\n" % event.id + frames[-1]
    return frames


def _agent_name(event: Event) -> str | None:
    data = _data(event)
    known = data.get("agent") or {}
    return (
        known.get("name") or data.get("name") or data.get("agent_name") or (data.get("task") or {}).get("assigned_to")
    )


# What stands in the transcript of an agent: its page alone asks for it.
SPOKEN = {
    Kind.AGENT_SESSION, Kind.AGENT_TEXT, Kind.AGENT_TOOL, Kind.AGENT_TOOL_RESULT, Kind.AGENT_TODOS,
    Kind.AGENT_USER_MESSAGE, Kind.AGENT_LOG_UPDATED, Kind.AGENT_DONE, Kind.AGENT_ERROR, Kind.DELEGATION_UPDATED,
    Kind.SPAWN_REQUESTED, Kind.SPAWN_RESOLVED,
}  # fmt: skip


def touched(events: Iterable[Event]) -> list[Frame]:
    """For pages: which tasks and agents those events speak of that have no frame of their own, and which agents have
    said something. One per workspace."""
    found: dict[int, dict[str, set[int]]] = {}
    for event in events:
        if event.workspace_id is None or event.kind not in QUIET | SPOKEN:
            continue
        ids = found.setdefault(event.workspace_id, {"tasks": set(), "agents": set()})
        if event.kind in SPOKEN:
            ids.setdefault("speaking", set()).add(event.agent_id or 0)
            continue
        for name, id in (("tasks", event.task_id), ("agents", event.agent_id)):
            if id is not None:
                ids[name].add(id)
    return [_touched(workspace_id, ids) for workspace_id, ids in found.items()]


def _touched(workspace_id: int, ids: dict[str, set[int]]) -> Frame:
    data = {name: sorted(some) for name, some in ids.items()}
    return tick(workspace_id, data)


def tick(workspace_id: int | None = None, data: Any = None) -> Frame:
    """A hint for pages: figures moved, in this workspace or somewhere."""
    body = message(TICK, data, at=int(time.time() * 1000))
    return Frame(0, workspace_id, (TICK,), None, None, body, transient=True, needs=TICK)


def message(type: str, data: Any, *, at: int) -> bytes:
    """A frame that is no event of the log: `connected`, `resync`, `unauthorized`, `tick`."""
    return b"data: " + orjson.dumps({"type": type, "data": data, "timestamp": at}) + b"\n\n"
