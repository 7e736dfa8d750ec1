"""What the board shows: filtered tasks in columns, the first cards of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.db.models import Count, Q, Sum
from django.http import QueryDict

from core.ids import LARGEST_ID
from tasks.models import COLUMN_OF, PRIORITIES, STATUS_OF_COLUMN, Tally, Task, TaskQuerySet
from tokens import reports
from web import words

PAGE = 50
NOBODY = "-"
LEVELS = {word: level for level, word in PRIORITIES.items()}
CARD_COLUMNS = (
    "number", "title", "status", "priority", "assigned_to", "updated_at", "comment_count", "position", "workspace",
    "project__ticket_prefix",
)  # fmt: skip


@dataclass(frozen=True)
class BoardFilter:
    """What the address asks for; unknown words ask for nothing."""

    workspace_id: int
    project: int | None = None
    agent: str = ""
    priority: str = ""
    q: str = ""

    @classmethod
    def read(cls, query: QueryDict, workspace_id: int) -> BoardFilter:
        project = query.get("project", "")
        known = project.isascii() and project.isdigit() and int(project) <= LARGEST_ID
        priority = query.get("priority", "")
        return cls(
            workspace_id,
            int(project) if known else None,
            query.get("agent", "")[:100],
            priority if priority in LEVELS else "",
            query.get("q", "").replace("\0", "").strip()[:200],
        )

    @property
    def is_set(self) -> bool:
        return bool(self.project or self.agent or self.priority or self.q)

    @property
    def query(self) -> str:
        asked = {"project": self.project, "agent": self.agent, "priority": self.priority, "q": self.q}
        return urlencode({name: value for name, value in asked.items() if value})

    def tasks(self) -> TaskQuerySet:
        rows = Task.objects.in_workspace(self.workspace_id).select_related("project").only(*CARD_COLUMNS)
        if self.project:
            rows = rows.filter(project_id=self.project)
        if self.agent:
            rows = rows.filter(assigned_to=None if self.agent == NOBODY else self.agent)
        if self.priority:
            rows = rows.filter(priority=LEVELS[self.priority])
        if self.q:
            rows = rows.filter(self._matches())
        return rows

    def _matches(self) -> Q:
        """Words of the title, or a ticket such as TASK-042."""
        prefix, dash, number = self.q.rpartition("-")
        found = Q(title__icontains=self.q)
        if dash and number.isascii() and number.isdigit() and int(number) < 2**31:
            found |= Q(project__ticket_prefix__iexact=prefix, number=int(number))
        return found

    def counts(self) -> dict[str, int]:
        """Cards per column; from the tallies unless the filter asks for what they do not know."""
        counts = dict.fromkeys(Task.Column.values, 0)
        for status, number in self._counted() if self.agent or self.q else self._tallied():
            counts[COLUMN_OF[status]] += number
        return counts

    def _counted(self) -> Iterable[tuple[str, int]]:
        rows = Task.objects.filter(pk__in=self.tasks().order_by().values("pk"))
        return rows.values_list("status").annotate(number=Count("pk"))

    def _tallied(self) -> Iterable[tuple[str, int]]:
        rows = Tally.objects.filter(workspace_id=self.workspace_id)
        if self.project:
            rows = rows.filter(project_id=self.project)
        if self.priority:
            rows = rows.filter(priority=LEVELS[self.priority])
        return rows.values_list("status").annotate(number=Sum("n"))


@dataclass(frozen=True, slots=True)
class Card:
    """A task with what it has cost so far, in micro-dollars."""

    task: Task
    cost: int


def cards_of(tasks: list[Task], workspace_id: int) -> list[Card]:
    costs = reports.of_tasks(workspace_id, [task.pk for task in tasks])
    return [Card(task, costs.get(task.pk, 0)) for task in tasks]


@dataclass
class Lane:
    """One column, from the top or from below a card."""

    column: str
    filter: BoardFilter
    after: tuple[float, int] | None = None
    count: int = 0

    @property
    def title(self) -> str:
        return Task.Column(self.column).label

    @property
    def sign(self) -> words.Sign:
        return words.SIGNS[STATUS_OF_COLUMN[self.column]]

    @property
    def empty(self) -> tuple[str, str]:
        return ("No match", "Nothing here fits the filter.") if self.filter.is_set else words.EMPTY_COLUMN[self.column]

    @cached_property
    def cards(self) -> list[Card]:
        return cards_of(self._found[:PAGE], self.filter.workspace_id)

    @property
    def has_more(self) -> bool:
        return len(self._found) > PAGE

    @cached_property
    def _found(self) -> list[Task]:
        """Each status is read along its index: sorting a column of 100 000 done tasks would cost too much."""
        statuses = [status for status, column in COLUMN_OF.items() if column == self.column]
        found = [task for status in statuses for task in self._top(status)]
        return sorted(found, key=lambda task: (task.position, task.pk))[: PAGE + 1]

    def _top(self, status: str) -> Iterable[Task]:
        rows = self.filter.tasks().filter(status=status)
        if self.after:
            place, id = self.after
            rows = rows.filter(Q(position__gt=place) | Q(position=place, id__gt=id))
        return rows.order_by("position", "id")[: PAGE + 1]


def lanes(filter: BoardFilter) -> list[Lane]:
    counts = filter.counts()
    return [Lane(column, filter, count=counts[column]) for column in Task.Column.values]
