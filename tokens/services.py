"""Book token reports: each row and its sums in one transaction, one or many at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connections, router, transaction

from activity.catalogue import Kind
from activity.services import fact, record
from core.actors import Actor
from core.clock import milliseconds
from core.errors import Invalid
from core.ids import LARGEST_ID
from core.rows import fresh, insert
from tasks.models import Task

from .models import LARGEST_SUM, Budget, Rollup, TokenUsage
from .prices import cost_microusd

HOUR, DAY = 3600, 86400
LARGEST_COUNT = 2**53 - 1
SUMMED = ("input_tokens", "output_tokens", "cost_microusd", "requests")
SLOT = ("workspace_id", "dimension", "starts", "key", "part")
NOBODY = "unknown"
# In characters of up to four bytes: PostgreSQL indexes 2,704 bytes of a row, and an agent's name may take 2,048.
LONGEST_PART = 100


@dataclass(frozen=True, slots=True)
class Report:
    """Tokens that one call of a model took, as an agent reports them."""

    workspace_id: int
    model: str
    session_id: str
    input_tokens: int
    output_tokens: int
    operation: str = "chat_completion"
    duration_ms: float | None = None
    task_id: int | None = None
    # When it was, for reports of the past; within the hour that they are booked for.
    at: datetime | None = None

    @property
    def agent_name(self) -> str:
        """By convention the session is `<agent>:<kind of chat>`."""
        return self.session_id.partition(":")[0] or NOBODY


@transaction.atomic(savepoint=False)
def book(reports: Sequence[Report], *, now: datetime) -> list[TokenUsage]:
    """Store the reports and add them to the sums. A report for an unknown task is kept without the task."""
    sums = Sums()
    rows = store(reports, sums, now=now)
    sums.save()
    return rows


def store(reports: Sequence[Report], sums: Sums, *, now: datetime) -> list[TokenUsage]:
    """The rows alone, for many of them: the caller saves `sums` in the same transaction."""
    projects = _projects_of_tasks(reports)
    rows = []
    for report in reports:
        known = (report.workspace_id, report.task_id) in projects
        rows.append(
            fresh(
                TokenUsage,
                workspace_id=report.workspace_id,
                model=report.model,
                session_id=report.session_id,
                agent_name=report.agent_name,
                input_tokens=report.input_tokens,
                output_tokens=report.output_tokens,
                cost_microusd=cost_microusd(report.model, report.input_tokens, report.output_tokens),
                operation=report.operation,
                duration_ms=report.duration_ms,
                task_id=report.task_id if known else None,
                project_id=projects.get((report.workspace_id, report.task_id)),
                at=report.at or now,
            )
        )
    insert(rows)
    sums.add(rows, now)
    return rows


def _projects_of_tasks(reports: Sequence[Report]) -> dict[tuple[int, int | None], int]:
    ids = {report.task_id for report in reports if report.task_id and 0 < report.task_id <= LARGEST_ID}
    if not ids:
        return {}
    rows = Task.objects.filter(id__in=ids).values_list("workspace_id", "id", "project_id")
    return {(workspace_id, id): project_id for workspace_id, id, project_id in rows}


def store_usage(rows: Sequence[TokenUsage], *, now: datetime) -> None:
    """Rows of runs, with their sums. Takes locks that others wait for: the last thing to do in a transaction."""
    sums = Sums()
    insert(rows)
    sums.add(rows, now)
    sums.save()


class Sums:
    """What rows add up to, for each slot that they count in, until it is added to what is stored."""

    def __init__(self) -> None:
        self._figures: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])

    def add(self, rows: Sequence[TokenUsage], now: datetime) -> None:
        """Rows of the hour in which `now` lies, which is never earlier than the last time."""
        stamp, last = int(now.astimezone(UTC).timestamp()), milliseconds(now)
        hour, day = stamp - stamp % HOUR, stamp - stamp % DAY
        D = Rollup.Dimension
        total, model, agent = D.TOTAL.value, D.MODEL.value, D.AGENT.value
        project, session, task = D.PROJECT.value, D.SESSION.value, D.TASK.value
        for row in rows:
            slots = [
                (row.workspace_id, total, hour, "", ""),
                (row.workspace_id, model, day, row.model, ""),
                (row.workspace_id, agent, day, row.agent_name, _model_part(row.model)),
                (row.workspace_id, project, day, str(row.project_id or ""), ""),
                (row.workspace_id, session, 0, row.agent_name, _session_part(row)),
            ]
            if row.task_id:
                slots.append((row.workspace_id, task, 0, str(row.task_id), ""))
            for slot in slots:
                sum = self._figures[slot]
                sum[0] += row.input_tokens
                sum[1] += row.output_tokens
                sum[2] += row.cost_microusd
                sum[3] += row.requests
                sum[4] = last

    def put(self, slot: tuple[Any, ...], figures: Sequence[int], *, last: int) -> None:
        sum = self._figures[slot]
        for place, figure in enumerate(figures):
            sum[place] += figure
        sum[-1] = max(sum[-1], last)

    def save(self) -> None:
        """Add to the rows that exist, insert the others: one prepared statement, which the ORM cannot say."""
        table = Rollup._meta.db_table
        with connections[router.db_for_write(Rollup)].cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {table} ({', '.join([*SLOT, *SUMMED, 'last'])})"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
                f" ON CONFLICT ({', '.join(SLOT)}) DO UPDATE SET"
                f" {', '.join(_added(table, column) for column in SUMMED)},"
                f" last = CASE WHEN excluded.last > {table}.last THEN excluded.last ELSE {table}.last END",
                # Sorted, so that two transactions on PostgreSQL take the row locks in the same order.
                [
                    (*slot, *(min(figure, LARGEST_SUM) for figure in sum), last if slot[1] == "session" else 0)
                    for slot, (*sum, last) in sorted(self._figures.items())
                ],
            )


def _model_part(model: str) -> str:
    return model if model.isascii() else model[:LONGEST_PART]


def _session_part(row: TokenUsage) -> str:
    """What follows the agent's name; with the name it is the session, and no longer than one."""
    named = row.agent_name != NOBODY or row.session_id.startswith(NOBODY)
    return row.session_id[len(row.agent_name) :] if named else f"?{row.session_id}"


def _added(table: str, column: str) -> str:
    """Sums stop at a ceiling, so that absurd reports cannot make one that the database cannot hold or add up."""
    total = f"{table}.{column} + excluded.{column}"
    return f"{column} = CASE WHEN {total} > {LARGEST_SUM} THEN {LARGEST_SUM} ELSE {total} END"


@transaction.atomic
def set_month_budget(*, actor: Actor, microusd: int) -> Budget:
    if not 0 <= microusd <= LARGEST_COUNT:
        raise Invalid("The budget must be an amount of 0 dollars or more")
    budget, _ = Budget.objects.update_or_create(workspace_id=actor.workspace_id, defaults={"month_microusd": microusd})
    data = {"month_microusd": microusd}
    record(fact(Kind.BUDGET_SET, actor=actor, subject=f"workspace:{actor.workspace_id}", data=data))
    return budget
