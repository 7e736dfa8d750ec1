"""Logs of Claude Code: `projects/<project>/<session>.jsonl`, one JSON object a line.

It writes a line for each block of a message, each with the usage of the whole message: those are counted once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .tally import LONGEST_PROMPT, Tally, Usage, moment, text, whole

FIGURES = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def read_line(tally: Tally, line: dict[str, Any], *, place: str, now: datetime) -> Usage | None:
    """Add what the line tells. `place` names the line itself, for messages without a name."""
    tally.session_id = tally.session_id or text(line.get("sessionId"), 200) or ""
    tally.branch = tally.branch or text(line.get("gitBranch"), 255)
    tally.cwd = tally.cwd or text(line.get("cwd"), 4096)
    at = moment(line.get("timestamp"), now)
    tally.hear(at)
    message = line.get("message")
    if line.get("isSidechain") is True or not isinstance(message, dict):
        return None
    if line.get("type") == "user":
        tally.users += 1
        tally.prompt = text(message.get("content"), LONGEST_PROMPT) or tally.prompt
    elif line.get("type") == "assistant":
        return _answer(tally, line, message, place, at or now)
    return None


def _answer(tally: Tally, line: dict[str, Any], message: dict[str, Any], place: str, at: datetime) -> Usage | None:
    tally.model = text(message.get("model"), 200) or tally.model
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    tally.tools += sum(isinstance(block, dict) and block.get("type") == "tool_use" for block in blocks)
    name = text(message.get("id"), 200)
    name = f"{name}/{text(line.get('requestId'), 200) or ''}" if name else place
    tally.assistants += name not in tally.recent
    usage = message.get("usage")
    told = usage if isinstance(usage, dict) else {}
    figures = [whole(told.get(figure)) for figure in FIGURES]
    return tally.count(name, (figures[0], figures[1], figures[2], figures[3]), at)
