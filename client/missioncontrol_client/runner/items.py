"""Items of an agent's stream, cut to the sizes that the server takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from missioncontrol_client.watching import DelegationStatus, Wished

Item = dict[str, Any]

LONGEST_TEXT = 32 * 1024
LARGEST_RESULT = 16 * 1024
LARGEST_INPUT = 48 * 1024
MOST_TODOS = 100
_TODO_STATUS = {"pending": "pending", "in_progress": "in_progress", "completed": "completed", "done": "completed"}


def session(session_id: str) -> Item:
    return {"type": "agent_session", "sessionId": session_id[:200]}


def working(task_id: str | None = None) -> Item:
    return {"type": "agent_working", **({"taskId": task_id} if task_id else {})}


def texts(text: str) -> Iterator[Item]:
    """One item for each piece that the server takes; none for no text."""
    for piece in pieces(text, LONGEST_TEXT):
        yield {"type": "agent_text", "text": piece}


def tool(name: str, input: Mapping[str, Any], tool_use_id: str | None = None) -> Item:
    return {"type": "agent_tool", "tool": _name(name), "input": _fitting(dict(input)), **_use(tool_use_id)}


def tool_result(name: str, result: Any, tool_use_id: str | None = None, is_error: bool = False) -> Item:
    """A result is text or an object; one that is too large becomes the beginning of its text."""
    text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, default=str)
    whole = result if isinstance(result, (str, dict)) else text
    found: Item = {"type": "agent_tool_result", "tool": _name(name), "result": whole, **_use(tool_use_id)}
    if len(text.encode(errors="replace")) > LARGEST_RESULT:
        found |= {"result": next(pieces(text, LARGEST_RESULT)), "truncated": True}
    return {**found, "isError": is_error}


def todos(listed: Iterable[Mapping[str, Any]]) -> Item:
    found = []
    for one in listed:
        content = str(one.get("content") or one.get("activeForm") or "")[:500]
        if content:
            found.append({"content": content, "status": _TODO_STATUS.get(str(one.get("status")), "pending")})
    return {"type": "agent_todos", "todos": found[:MOST_TODOS]}


def done(role: str, cost: float) -> Item:
    return {"type": "agent_done", "role": role[:200], "cost": cost}


def error(text: str) -> Item:
    return {"type": "agent_error", "error": next(pieces(text, LONGEST_TEXT), "unknown")}


def delegation(
    id: str, to_role: str, status: DelegationStatus, to_agent_id: str | None = None, parent_id: str | None = None
) -> Item:
    more = {"toAgentId": to_agent_id, "parentDelegationId": parent_id}
    known = {"delegationId": id[:128], "toRole": _name(to_role), "status": status}
    return {"type": "delegation_update", **known, **{name: value for name, value in more.items() if value}}


def spawn_request(agents: Iterable[Wished], reason: str) -> Item:
    return {"type": "agent_spawn_request", "request": {"agents": list(agents), "reason": reason[:2000]}}


def pieces(text: str, most: int) -> Iterator[str]:
    """The text in parts of at most so many bytes, never within a letter."""
    # JSON carries lone surrogates and NUL, databases do not.
    raw = text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace")
    start = 0
    while start < len(raw):
        end = min(start + most, len(raw))
        while end < len(raw) and raw[end] & 0xC0 == 0x80:
            end -= 1
        yield raw[start:end].decode()
        start = end


def _fitting(input: dict[str, Any]) -> dict[str, Any]:
    """The input, or the beginning of its text where it is larger than an event may be."""
    text = json.dumps(input, ensure_ascii=False, default=str)
    if len(text.encode(errors="replace")) <= LARGEST_INPUT:
        return dict(json.loads(text))
    return {"truncated": True, "text": next(pieces(text, LARGEST_INPUT // 2))}


def _name(name: str) -> str:
    return name.strip()[:200] or "unknown"


def _use(tool_use_id: str | None) -> Item:
    return {"toolUseId": tool_use_id[:200]} if tool_use_id else {}
