"""What runs take, as usage: in the same rows and sums as token reports, so that every panel counts it.

A run is spoken of more than once: it begins, its figures grow, and they may be corrected long after, also downwards.
Each time the difference to what was known is booked as a row of its own, in the hour in which it is told. So no row
ever changes, and rows and sums agree for any span of time; those of one run add up to the run's own figures, to the
micro-dollar. A run counts as one request however often it is corrected. What an agent reports as token usage besides
stays apart, also of the same session: a run is booked once, by what was reported as the run.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from core.rows import fresh

from .models import LONGEST_SESSION, Run, TokenUsage


class Figures(NamedTuple):
    """What a run has taken. What goes through a model's cache has gone in."""

    input_tokens: int
    output_tokens: int
    cost_microusd: int
    is_final: bool

    @property
    def is_told(self) -> bool:
        return self != NOTHING


NOTHING = Figures(0, 0, 0, False)


def figures_of(run: Run) -> Figures:
    tokens_in = run.input_tokens + run.cache_read_tokens + run.cache_write_tokens
    return Figures(tokens_in, run.output_tokens, run.cost_microusd, run.is_final)


def usage_of(run: Run, *, before: Figures, project_id: int | None, now: datetime) -> TokenUsage | None:
    """The row that books what has changed, not stored yet; None when there is nothing to book. `run.agent` is read."""
    after = figures_of(run)
    tokens_in, tokens_out, cost = (there - was for there, was in zip(after[:3], before[:3], strict=True))
    is_first = not before.is_told
    if not (tokens_in or tokens_out or cost or (is_first and after.is_final)):
        return None
    name = run.agent.name
    return fresh(
        TokenUsage,
        workspace_id=run.workspace_id,
        model=run.model,
        session_id=f"{name}:{run.session_key}"[:LONGEST_SESSION],
        agent_name=name,
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        cost_microusd=cost,
        operation=TokenUsage.RUN if is_first else TokenUsage.CORRECTION,
        duration_ms=run.duration_ms if is_first else None,
        task_id=run.task_id,
        project_id=project_id,
        at=now,
    )
