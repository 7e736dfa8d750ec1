"""What agents write at the end of a tool or of their work, in the words of the API."""

from __future__ import annotations

import json
import math
from typing import Any

Json = dict[str, Any]
_COUNTS = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_input_tokens": "cache_read_tokens",
    "cache_creation_input_tokens": "cache_write_tokens",
}


def result_text(content: Any) -> str:
    """Of a tool's result: its texts; what is no text is named."""
    if isinstance(content, list):
        return "\n".join(_block(block) for block in content)
    if isinstance(content, str):
        return content
    return "" if content is None else json.dumps(content, ensure_ascii=False)


def _block(block: Any) -> str:
    if not isinstance(block, dict):
        return str(block)
    return str(block["text"]) if isinstance(block.get("text"), str) else f"[{block.get('type') or 'something'}]"


class Usage:
    """What each result adds: an agent tells what its whole session has cost."""

    def __init__(self) -> None:
        self._told = 0.0

    def of(self, result: Json) -> tuple[float | None, dict[str, int]]:
        total = _amount(result.get("total_cost_usd"))
        cost = None
        if total is not None:
            cost = round(total - self._told if total >= self._told else total, 6)
            self._told = total
        usage = result.get("usage")
        usage = usage if isinstance(usage, dict) else {}
        counts = {name: _count(usage[key]) for key, name in _COUNTS.items() if key in usage}
        return cost, {name: count for name, count in counts.items() if count is not None}


def _amount(value: Any) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) and value >= 0 else None


def _count(value: Any) -> int | None:
    amount = _amount(value)
    return int(amount) if amount is not None else None
