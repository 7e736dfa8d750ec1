"""The frames of the TCP control channel: one JSON object a line."""

from __future__ import annotations

from typing import Any

import orjson

from activity.catalogue import Kind
from activity.models import Event
from core.clock import milliseconds

PREVIEW = 120
NAME = 100

Payload = dict[str, Any]


def _line(frame: dict[str, Any]) -> bytes:
    return orjson.dumps(frame, option=orjson.OPT_APPEND_NEWLINE)


def answered(id: str, payload: Payload | None) -> bytes:
    return _line({"type": "response", "id": id, "ok": True, "payload": payload})


def failed(id: str, error: str) -> bytes:
    return _line({"type": "response", "id": id, "ok": False, "error": error})


def happened(event: str, payload: Payload) -> bytes:
    return _line({"type": "event", "event": event, "payload": payload})


def gateway_status(state: str, *, pid: int | None = None, reason: str | None = None) -> bytes:
    rest = {"pid": pid, "reason": reason}
    return happened("gateway-status", {"state": state, **{key: value for key, value in rest.items() if value}})


def named(method: Any) -> str:
    """A method that nobody knows, as it is told back."""
    return method[:NAME] if isinstance(method, str) else orjson.dumps(method).decode()[:NAME]


def heartbeat(event: Event) -> Payload:
    data: Payload = event.data or {}
    told = {
        "ts": milliseconds(event.at),
        "status": data["status"],
        "to": data["slug"],
        "preview": data["preview"][:PREVIEW],
        "hasMedia": False,
        "durationMs": data["duration_ms"],
    }
    return {**told, "reason": data["reason"]} if data["status"] in ("failed", "skipped") else told


def log_line(event: Event) -> Payload:
    data: Payload = event.data or {}
    return {"ts": milliseconds(event.at), "level": data["level"], "logger": data["logger"], "line": data["line"]}


# What this dialect tells of, as it is; the rest of the log is no concern of it or changes what is told of the server.
SHAPES = {Kind.AGENT_HEARTBEAT: ("heartbeat", heartbeat), Kind.SYSTEM_LOG: ("log", log_line)}


def encode(event: Event) -> bytes | None:
    shape = SHAPES.get(Kind(event.kind))
    return happened(shape[0], shape[1](event)) if shape else None
