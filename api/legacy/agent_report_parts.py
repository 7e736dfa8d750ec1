"""What both reports about one agent show alike: stories, and figures of tokens by model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from agents.stories import Counted
from api.schemas import NUMBER, TEXT, WHOLE, Schema, has, maybe
from core.money import MICRO
from realtime.wire import legacy
from tokens.reports import Line

Section = dict[str, Any]

TIMEFRAME = has(hours=WHOLE, since=WHOLE, until=WHOLE)
MODEL_ROW = has(model=TEXT, input_tokens=WHOLE, output_tokens=WHOLE, requests=WHOLE, cost=NUMBER)
TOTAL = has(input_tokens=WHOLE, output_tokens=WHOLE, requests=WHOLE)
TOLD: Schema = has(
    id=WHOLE, type=TEXT, entity_type=TEXT, entity_id=WHOLE, actor=TEXT, description=TEXT,
    data=maybe({"type": "object"}), created_at=WHOLE,
)  # fmt: skip


def counts_by_type(counts: Iterable[Counted]) -> Counter[str]:
    types: Counter[str] = Counter()
    for count in counts:
        types[count.type] += count.n
    return types


def told_out(row: Section) -> Section:
    """A story of the log; both reports are of one workspace, which is not said again."""
    return {key: value for key, value in legacy.activity(row).items() if key != "workspace_id"}


def model_row(line: Line) -> Section:
    return {
        "model": line.key,
        "input_tokens": line.input_tokens,
        "output_tokens": line.output_tokens,
        "requests": line.requests,
        "cost": line.cost_microusd / MICRO,
    }


def total_of(lines: list[Line]) -> Section:
    return {
        "input_tokens": sum(line.input_tokens for line in lines),
        "output_tokens": sum(line.output_tokens for line in lines),
        "requests": sum(line.requests for line in lines),
    }
