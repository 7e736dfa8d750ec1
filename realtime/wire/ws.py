"""Events of the log as frames of the WebSocket dialect, and what the server says beside them.

A body is the whole frame as it goes over the wire, so that one write serves any number of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from activity.catalogue import Kind
from activity.models import Event
from agents.models import Agent
from core.clock import milliseconds
from core.ids import shown
from governance.states import shown as status_shown

from . import v1
from .frames import DOMAIN, Frame

Fields = dict[str, Any]
# Agents by id, as the v1 dialect shows them.
Portraits = Mapping[int, Fields]
Encoder = Callable[[Event, Portraits], Fields | None]
SHORT, MEDIUM = 125, 0xFFFF


def encode(event: Event, portraits: Portraits) -> Frame | None:
    """The frame of an event, or None when this dialect does not speak of it."""
    known = ENCODERS.get(event.kind)
    if known is None or event.workspace_id is None:
        return None
    type, encoder = known
    fields = encoder(event, portraits)
    if fields is None:
        return None
    type = fields.pop("type", type)
    common = {"workspaceId": v1.workspace(event.workspace_id), "eventId": event.id, "ts": milliseconds(event.at)}
    return Frame(
        event.id,
        event.workspace_id,
        (type,),
        event.agent_id,
        None,
        framed({"type": type, **fields, **common}),
        transient=event.kind == Kind.AGENT_TEXT,
        needs=DOMAIN if event.kind in DOMAIN_KINDS else "",
        slot=f"{type}:{event.agent_id}" if event.kind in NEWEST_SUFFICES else "",
    )


def framed(message: Fields) -> bytes:
    """One unmasked text frame (RFC 6455, section 5.2)."""
    payload = orjson.dumps(message)
    size = len(payload)
    if size <= SHORT:
        return bytes((0x81, size)) + payload
    if size <= MEDIUM:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def _data(event: Event) -> Fields:
    return event.data or {}


def _speaker(event: Event, *names: str) -> Fields:
    """Whose output it is, and these parts of it."""
    data = _data(event)
    return {"agentId": data["slug"], **{name: data[name] for name in names}}


def _run(event: Event) -> Fields:
    return {"runId": shown("run", _data(event).get("run_id"))}


# -- agents -----------------------------------------------------------------------------------------------------------


def _created(event: Event, portraits: Portraits) -> Fields | None:
    agent = portraits.get(event.agent_id or 0)
    return agent and {"agent": agent, "spawnedBy": agent["parentAgentId"]}


def _changed(event: Event, portraits: Portraits) -> Fields | None:
    agent = portraits.get(event.agent_id or 0)
    return agent and {"agentId": agent["id"], "agent": agent}


def _standing(event: Event, portraits: Portraits) -> Fields | None:
    """As of this change, whatever has happened since."""
    agent, data = portraits.get(event.agent_id or 0), _data(event)
    if agent is None:
        return None
    then = {"status": data["status"], "statusReason": data["reason"], "statusUntil": v1.moment_of(data["until"])}
    return {"agentId": agent["id"], "agent": {**agent, **then}}


def _presence(event: Event, portraits: Portraits) -> Fields | None:
    agent, data = portraits.get(event.agent_id or 0), _data(event)
    if agent is not None and data["status"] == Agent.Status.BUSY and not data.get("working_told"):
        return {"type": "agent_working", "agentId": agent["id"], "taskId": agent["currentTaskId"]}
    return _changed(event, portraits)


def _removed(event: Event, portraits: Portraits) -> Fields:
    data = _data(event)
    return {"agentId": data.get("slug") or str(data["id"])}


# -- their output -----------------------------------------------------------------------------------------------------


def _session(event: Event, portraits: Portraits) -> Fields:
    return {**_speaker(event), "sessionId": _data(event)["session_id"]}


def _working(event: Event, portraits: Portraits) -> Fields:
    return {**_speaker(event), "taskId": shown("task", _data(event).get("task_id"))}


def _text(event: Event, portraits: Portraits) -> Fields:
    return {**_speaker(event, "text"), **_run(event)}


def _tool(event: Event, portraits: Portraits) -> Fields:
    return {**_speaker(event, "tool", "input"), "toolUseId": _data(event).get("tool_use_id"), **_run(event)}


def _tool_result(event: Event, portraits: Portraits) -> Fields:
    data = _data(event)
    fields = {**_speaker(event, "tool", "result"), "toolUseId": data.get("tool_use_id")}
    fields["isError"] = bool(data.get("is_error"))
    if data.get("truncated"):
        fields["truncated"] = True
    return {**fields, **_run(event)}


def _user_message(event: Event, portraits: Portraits) -> Fields:
    return _speaker(event, "text", "author")


def _log(event: Event, portraits: Portraits) -> Fields:
    return {**_speaker(event), "log": [v1.log_entry(entry) for entry in _data(event)["log"]]}


def _todos(event: Event, portraits: Portraits) -> Fields:
    return _speaker(event, "todos")


def _done(event: Event, portraits: Portraits) -> Fields:
    return {**_speaker(event, "role"), "cost": v1.usd(_data(event)["cost"]), **_run(event)}


def _run_completed(event: Event, portraits: Portraits) -> Fields | None:
    """Said once: not again when the agent has said so of the same run."""
    run, agent = _data(event)["run"], portraits.get(event.agent_id or 0)
    if agent is None or run.get("done_told"):
        return None
    cost = v1.usd(run["cost_microusd"])
    return {"agentId": agent["id"], "role": agent["role"], "cost": cost, "runId": shown("run", run["id"])}


def _error(event: Event, portraits: Portraits) -> Fields:
    return _speaker(event, "error")


def _delegation(event: Event, portraits: Portraits) -> Fields:
    data = _data(event)
    return {**_speaker(event, "status"), "delegationId": data["delegation_id"], "toRole": data["to_role"]}


def _spawn(event: Event, portraits: Portraits) -> Fields:
    return {"request": v1.spawn_request(_data(event)["request"])}


# -- permissions ------------------------------------------------------------------------------------------------------


def asked(permission: Mapping[str, Any]) -> Fields:
    """What is to be decided, from the facts of a request."""
    whole = v1.permission(permission)
    names = ("requestId", "agentId", "tool", "input", "expiresAt", "riskLevel", "taskId", "toolUseId")
    fields = {name: whole[name] for name in names}
    return {**fields, "truncated": True} if permission.get("truncated") else fields


def _permission_asked(event: Event, portraits: Portraits) -> Fields:
    return asked(_data(event)["permission"])


def _permission_resolved(event: Event, portraits: Portraits) -> Fields:
    whole = v1.permission(_data(event)["permission"])
    return {name: whole[name] for name in ("requestId", "agentId", "approved", "status", "decidedBy", "reason")}


def _reset(event: Event, portraits: Portraits) -> Fields:
    return {}


# -- what must be asked for -------------------------------------------------------------------------------------------


def _task(event: Event, portraits: Portraits) -> Fields:
    return {"data": v1.task(_data(event)["task"])}


def _moved(event: Event, portraits: Portraits) -> Fields:
    data = _data(event)
    if "task" in data:
        shape = v1.task(data["task"])
    else:
        shape = {"id": shown("task", data["id"]), "status": status_shown(data["status"])}
        shape["updatedAt"] = v1.moment_of(data.get("updated_at"))
    if data.get("previous_status"):
        shape["previousStatus"] = status_shown(data["previous_status"])
    return {"data": shape}


def _task_deleted(event: Event, portraits: Portraits) -> Fields:
    data = _data(event)
    return {"data": {"id": shown("task", data["id"]), "title": data["title"]}}


def _notification(event: Event, portraits: Portraits) -> Fields:
    return {"data": v1.notification(_data(event)["notification"])}


def _alert(event: Event, portraits: Portraits) -> Fields:
    agent = portraits.get(event.agent_id or 0)
    return {"data": v1.alert(_data(event)["alert"], agent["id"] if agent else None)}


DOMAIN_KINDS = frozenset(
    {
        Kind.TASK_CREATED, Kind.TASK_UPDATED, Kind.TASK_TRANSITIONED, Kind.TASK_CLAIMED, Kind.TASK_DELETED,
        Kind.NOTIFICATION_CREATED, Kind.ALERT_OPENED, Kind.ALERT_RESOLVED,
    }
)  # fmt: skip
NEWEST_SUFFICES = frozenset({Kind.AGENT_LOG_UPDATED, Kind.AGENT_TODOS})
# Kinds that are not here are not told on this wire.
ENCODERS: dict[str, tuple[str, Encoder]] = {
    Kind.AGENT_REGISTERED: ("agent_created", _created),
    Kind.AGENT_UPDATED: ("agent_updated", _changed),
    Kind.AGENT_STATUS_CHANGED: ("agent_updated", _standing),
    Kind.AGENT_PRESENCE: ("agent_updated", _presence),
    Kind.AGENT_REMOVED: ("agent_removed", _removed),
    Kind.AGENT_SESSION: ("agent_session", _session),
    Kind.AGENT_WORKING: ("agent_working", _working),
    Kind.AGENT_TEXT: ("agent_text", _text),
    Kind.AGENT_TOOL: ("agent_tool", _tool),
    Kind.AGENT_TOOL_RESULT: ("agent_tool_result", _tool_result),
    Kind.AGENT_USER_MESSAGE: ("agent_user_message", _user_message),
    Kind.AGENT_LOG_UPDATED: ("agent_log_updated", _log),
    Kind.AGENT_TODOS: ("agent_todos", _todos),
    Kind.AGENT_DONE: ("agent_done", _done),
    Kind.RUN_COMPLETED: ("agent_done", _run_completed),
    Kind.AGENT_ERROR: ("agent_error", _error),
    Kind.DELEGATION_UPDATED: ("delegation_update", _delegation),
    Kind.SPAWN_REQUESTED: ("agent_spawn_request", _spawn),
    Kind.SPAWN_RESOLVED: ("spawn_request_update", _spawn),
    Kind.PERMISSION_REQUESTED: ("permission_request", _permission_asked),
    Kind.PERMISSION_RESOLVED: ("permission_resolved", _permission_resolved),
    Kind.WORKSPACE_RESET: ("workspace_reset", _reset),
    Kind.TASK_CREATED: ("task_created", _task),
    Kind.TASK_UPDATED: ("task_updated", _task),
    Kind.TASK_CLAIMED: ("task_updated", _task),
    Kind.TASK_TRANSITIONED: ("task_updated", _moved),
    Kind.TASK_DELETED: ("task_deleted", _task_deleted),
    Kind.NOTIFICATION_CREATED: ("notification", _notification),
    Kind.ALERT_OPENED: ("alert", _alert),
    Kind.ALERT_RESOLVED: ("alert", _alert),
}
