"""Logs of the Codex command line: `sessions/**/*.jsonl`, lines of `{timestamp, type, payload}`. Its token counts are
those of the whole session so far."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .tally import LONGEST_PROMPT, Tally, Usage, moment, text, whole


def read_line(tally: Tally, line: dict[str, Any], *, place: str, now: datetime) -> Usage | None:
    """Add what the line tells."""
    at = moment(line.get("timestamp"), now)
    tally.hear(at)
    payload = line.get("payload")
    if not isinstance(payload, dict):
        return None
    kind = (line.get("type"), payload.get("type"))
    if kind[0] == "session_meta":
        tally.session_id = text(payload.get("id"), 200) or tally.session_id
        tally.cwd = text(payload.get("cwd"), 4096) or tally.cwd
        tally.model = text(payload.get("model"), 200) or tally.model
    elif kind[0] == "turn_context":
        tally.model = text(payload.get("model"), 200) or tally.model
    elif kind == ("response_item", "message"):
        _message(tally, payload)
    elif kind[0] == "response_item" and str(kind[1]).endswith("_call"):
        tally.tools += 1
    elif kind == ("event_msg", "token_count"):
        return _count(tally, payload, at or now)
    return None


def _message(tally: Tally, payload: dict[str, Any]) -> None:
    if payload.get("role") == "assistant":
        tally.assistants += 1
    elif payload.get("role") == "user":
        tally.users += 1
        content = payload.get("content")
        blocks = content if isinstance(content, list) else []
        said = next((block.get("text") for block in blocks if isinstance(block, dict)), None)
        tally.prompt = text(said, LONGEST_PROMPT) or tally.prompt


def _count(tally: Tally, payload: dict[str, Any], at: datetime) -> Usage | None:
    limits, info = payload.get("rate_limits"), payload.get("info")
    if not tally.model and isinstance(limits, dict):
        tally.model = text(limits.get("limit_name"), 200)
    total = info.get("total_token_usage") if isinstance(info, dict) else None
    if not isinstance(total, dict):
        return None
    cached = whole(total.get("cached_input_tokens"))
    fresh = max(whole(total.get("input_tokens")) - cached, 0)
    return tally.count(f"codex/{tally.session_id}", (fresh, whole(total.get("output_tokens")), cached, 0), at)
