"""What was said in a session of a local tool, from the end of its log."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from core.folders import Folder
from core.secrets import redact
from integrations.models import SessionFile

from .scanning import sources

# As much of the end of a log is looked through.
LOOKED_THROUGH = 4 * 1024 * 1024
LONGEST_TEXT = 20_000
Part = dict[str, Any]
Message = dict[str, Any]


def newest_messages(*, tool: str, session_id: str, limit: int) -> list[Message]:
    """At most `limit`, oldest first; none for a session that nobody knows. Without secrets.

    Raises NotFound, Outside or Unavailable when the log cannot be read any more.
    """
    row = SessionFile.objects.filter(tool=tool, session__session_id=session_id).order_by("-modified_ns").first()
    source = next((source for source in sources() if source.tool == tool), None)
    if row is None or source is None:
        return []
    with Folder(source.root).open(row.path) as file:
        size = os.fstat(file).st_size
        start = max(size - LOOKED_THROUGH, 0)
        lines = os.pread(file, LOOKED_THROUGH, start).split(b"\n")
    found = [message for line in lines[1 if start else 0 :] if (message := READERS[tool](_object(line)))]
    return found[-limit:]


def _object(line: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _claude(line: dict[str, Any]) -> Message | None:
    message = line.get("message")
    if line.get("type") not in ("user", "assistant") or not isinstance(message, dict):
        return None
    return _message(line["type"], message.get("content"), line)


def _codex(line: dict[str, Any]) -> Message | None:
    payload = line.get("payload")
    if line.get("type") != "response_item" or not isinstance(payload, dict):
        return None
    if payload.get("type") == "message":
        role = payload.get("role")
        return _message(role if role in ("user", "assistant") else "system", payload.get("content"), line)
    if payload.get("type") == "function_call":
        called = {"type": "tool_use", "id": payload.get("call_id"), "name": payload.get("name")}
        return _message("assistant", [called | {"input": payload.get("arguments")}], line)
    if payload.get("type") == "function_call_output":
        result = {"type": "tool_result", "tool_use_id": payload.get("call_id"), "content": payload.get("output")}
        return _message("user", [result], line)
    return None


READERS: dict[str, Callable[[dict[str, Any]], Message | None]] = {"claude-code": _claude, "codex-cli": _codex}


def _message(role: str, content: Any, line: dict[str, Any]) -> Message | None:
    parts = list(_parts(content))
    if not parts:
        return None
    at = line.get("timestamp")
    return {"role": role, "parts": parts} | ({"timestamp": at} if isinstance(at, str) else {})


def _parts(content: Any) -> Iterator[Part]:
    for block in content if isinstance(content, list) else [content]:
        if isinstance(block, str):
            yield {"type": "text", "text": _text(block)}
        elif isinstance(block, dict):
            part = _part(block)
            if part:
                yield part


def _part(block: dict[str, Any]) -> Part | None:
    match block.get("type"):
        case "text" | "input_text" | "output_text":
            return {"type": "text", "text": _text(block.get("text"))}
        case "thinking":
            return {"type": "thinking", "thinking": _text(block.get("thinking"))}
        case "tool_use":
            name = str(block.get("name") or "")[:200]
            return {
                "type": "tool_use",
                "id": str(block.get("id") or ""),
                "name": name,
                "input": _text(block.get("input")),
            }
        case "tool_result":
            part = {"type": "tool_result", "toolUseId": str(block.get("tool_use_id") or "")}
            is_error = {"isError": True} if block.get("is_error") is True else {}
            return part | {"content": _text(_joined(block.get("content")))} | is_error
    return None


def _joined(content: Any) -> Any:
    """The texts of a result that comes in blocks."""
    if not isinstance(content, list):
        return content
    return "\n".join(str(each.get("text", "")) for each in content if isinstance(each, dict))


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else orjson.dumps(value).decode()
    return redact(text[:LONGEST_TEXT])[0]
