"""Runs as agents report them: what each cost is booked once, to the micro-dollar, on the agent, on its tasks, and in
the usage that all panels show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record
from agents.models import Agent, Mandate
from core.actors import Actor
from core.clock import milliseconds
from core.errors import Conflict, Invalid
from core.ids import ref
from core.money import MICRO
from core.rows import fresh, relate
from core.secrets import redact
from tasks.models import Brief, Task
from tokens.models import Run
from tokens.prices import priced, rates
from tokens.services import store_usage
from tokens.spending import NOTHING, Figures, figures_of, usage_of

from . import allowances, budgets, streaks
from .budgets import Warned
from .redacting import without_secrets

# Micro-dollars per million tokens, in and out, of a model that nobody knows.
UNKNOWN = (1 * MICRO, 3 * MICRO)
COUNTS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
CORRECTED = ("status", "ended_at", "error", "cost_microusd", "cost_source", *COUNTS)


@dataclass(frozen=True, slots=True)
class Report:
    """A run as it is reported. `cost_microusd` is None when nobody said what it cost."""

    session_key: str
    model: str
    started_at: datetime
    status: str
    task: Task | None = None
    ended_at: datetime | None = None
    cost_microusd: int | None = None
    error: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    # Nobody reports twice under one key.
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Booked:
    run: Run
    warned: Warned | None


@transaction.atomic
def report_run(*, agent: Agent, report: Report, actor: Actor, now: datetime) -> Booked:
    """Store the run and book its cost. It is never refused for want of a budget."""
    if report.key and (known := _reported_under(report.key, actor)):
        return Booked(known, None)
    run = draft(agent=agent, report=report, actor=actor, now=now)
    run.task = report.task
    mandate, tasks = _lock(agent, report.task)
    if not _store(run):
        # Another call under the same key was faster.
        return Booked(Run.objects.select_related("agent").get(reported_by=str(actor), idempotency_key=report.key), None)
    budgets.reset_if_due(mandate=mandate, now=now)
    _book(run, mandate, tasks, run.cost_microusd, now)
    record(told(run, Kind.RUN_COMPLETED if run.is_final else Kind.RUN_STARTED, actor), at=now)
    if run.is_final:
        streaks.note_outcome(run=run, now=now)
    warned = budgets.check(mandate=mandate, run=run, cost_before=0, now=now)
    _book_usage(run, NOTHING, now)
    return Booked(run, warned)


@transaction.atomic
def update_run(
    *,
    run: Run,
    changes: dict[str, Any],
    cost_microusd: int | None,
    actor: Actor,
    now: datetime,
    counts_for_streak: bool = True,
) -> Booked:
    """Correct what was reported; the difference is booked today. How a run ended stays as it was first said."""
    mandate, tasks = _lock(run.agent, run.task)
    run = Run.objects.select_for_update(of=("self",)).select_related("agent", "task").get(pk=run.pk)
    was, before = run.status, figures_of(run)
    correct(run, changes=changes, cost_microusd=cost_microusd, now=now)
    run.save(update_fields=CORRECTED)
    budgets.reset_if_due(mandate=mandate, now=now)
    _book(run, mandate, tasks, run.cost_microusd - before.cost_microusd, now)
    if run.is_final and was not in Run.FINAL:
        record(told(run, Kind.RUN_COMPLETED, actor), at=now)
        if counts_for_streak:
            streaks.note_outcome(run=run, now=now)
    warned = budgets.check(mandate=mandate, run=run, cost_before=before.cost_microusd, now=now)
    _book_usage(run, before, now)
    return Booked(run, warned)


def draft(*, agent: Agent, report: Report, actor: Actor, now: datetime) -> Run:
    """The run as it will be stored. Raises Invalid when it ends before it starts."""
    run = fresh(
        Run,
        workspace_id=agent.workspace_id,
        agent_id=agent.pk,
        session_key=report.session_key,
        model=report.model,
        started_at=report.started_at,
        ended_at=report.ended_at,
        status=report.status,
        error=report.error and redact(report.error)[0],
        metadata=report.metadata and without_secrets(report.metadata)[0],
        reported_by=str(actor),
        idempotency_key=report.key,
        created_at=now,
        **report.counts,
    )
    relate(run, agent=agent)
    _close(run, now)
    _settle_cost(run, report.cost_microusd)
    return run


def correct(run: Run, *, changes: dict[str, Any], cost_microusd: int | None, now: datetime) -> None:
    """Set what was said anew, without storing it. Raises Conflict for another end than it has had, and Invalid."""
    was = run.status
    if run.is_final and changes.get("status", was) != was:
        raise Conflict(f"The run is {was} already", code="STATE_CONFLICT", status=was)
    for name, value in changes.items():
        setattr(run, name, redact(value)[0] if name == "error" and value else value)
    _close(run, now)
    _settle_cost(run, cost_microusd)


def _reported_under(key: str, actor: Actor) -> Run | None:
    rows = Run.objects.in_workspace(actor.workspace_id).select_related("agent")
    return rows.filter(reported_by=str(actor), idempotency_key=key).first()


def _close(run: Run, now: datetime) -> None:
    if run.is_final and run.ended_at is None:
        run.ended_at = max(run.started_at, now)
    if run.ended_at is not None and run.ended_at < run.started_at:
        raise Invalid.fields("endedAt: must not be before startedAt")


def _settle_cost(run: Run, reported: int | None) -> None:
    """What was said holds; of a run that is over, and of whose cost nothing was said, the price list says it."""
    if reported is not None:
        run.cost_microusd, run.cost_source = reported, Run.CostSource.REPORTED
    elif run._state.adding or run.cost_source == Run.CostSource.ESTIMATED:
        run.cost_source = Run.CostSource.ESTIMATED
        run.cost_microusd = estimate(run) if run.is_final else 0


def estimate(run: Run) -> int:
    """Whole micro-dollars by the price list, rounded half up."""
    return priced(
        rates(run.model, unknown=UNKNOWN),
        input=run.input_tokens,
        output=run.output_tokens,
        cache_read=run.cache_read_tokens,
        cache_write=run.cache_write_tokens,
    )


def _lock(agent: Agent, task: Task | None) -> tuple[Mandate, list[Task]]:
    """The agent's mandate and then the tasks that this may touch, by their ids: whoever moves tasks takes them in this
    order as well."""
    held = allowances.lock(agent.pk)
    ids = {id for id in (task.pk if task else None, held.current_task_id, held.parent_task_id) if id is not None}
    rows = Task.objects.in_workspace(agent.workspace_id).select_for_update(of=("self",)).select_related("project")
    return held, list(rows.filter(pk__in=ids).order_by("pk")) if ids else []


def _store(run: Run) -> bool:
    try:
        with transaction.atomic():
            run.save(force_insert=True)
    except IntegrityError:
        if run.idempotency_key is None:
            raise
        return False
    return True


def _book(run: Run, mandate: Mandate, tasks: Sequence[Task], difference: int, now: datetime) -> None:
    """Each sum by one statement that adds to what is there, whoever else adds to it."""
    if not difference:
        return
    spend = Greatest(F("spend_today_microusd") + difference, 0)
    Mandate.objects.filter(pk=mandate.pk).update(spend_today_microusd=spend)
    for task in tasks:
        if task.pk in (run.task_id, mandate.parent_task_id):
            actual = Greatest(F("actual_cost_microusd") + difference, 0)
            brief = Brief.objects.filter(pk=task.pk)
            if not brief.update(actual_cost_microusd=actual):
                Brief.objects.of(task)
                brief.update(actual_cost_microusd=actual)
            budgets.check_task(task=task, now=now)


def _book_usage(run: Run, before: Figures, now: datetime) -> None:
    """At the end of the transaction: everybody's reports meet in these sums."""
    row = usage_of(run, before=before, project_id=run.task.project_id if run.task else None, now=now)
    if row is not None:
        store_usage([row], now=now)


def told(run: Run, kind: Kind, actor: Actor) -> Event:
    return fact(
        kind,
        actor=actor,
        subject=ref("run", run.pk),
        agent_id=run.agent_id,
        task_id=run.task_id,
        data={"run": facts_of(run)},
    )


def facts_of(run: Run) -> dict[str, Any]:
    """What the log keeps, times in milliseconds."""
    return {
        "id": run.pk,
        "agent_id": run.agent_id,
        "task_id": run.task_id,
        "session_key": run.session_key,
        "model": run.model,
        "started_at": milliseconds(run.started_at),
        "ended_at": run.ended_at and milliseconds(run.ended_at),
        **{name: getattr(run, name) for name in COUNTS},
        "cost_microusd": run.cost_microusd,
        "cost_source": run.cost_source,
        "status": run.status,
        "error": run.error,
        "done_told": run.done_told,
        "created_at": milliseconds(run.created_at),
    }
