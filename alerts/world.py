"""The fleet as rules ask about it: each question is asked once an evaluation, and answered from an index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Q

from activity.models import Event
from agents.models import Agent
from core.clock import seconds
from core.ids import LARGEST_ID
from tasks.models import PRIORITIES, Tally, Task

from .meaning import Condition, Value, matches

T = TypeVar("T")
HOUR = timedelta(hours=1)


class Fleet:
    """A `meaning.World`. `status_words` says how clients call the statuses of tasks."""

    def __init__(self, workspace_id: int, *, now: datetime, status_words: Mapping[str, str]) -> None:
        self.workspace_id, self.now, self.status_words = workspace_id, now, status_words
        self.agents = Agent.objects.in_workspace(workspace_id)
        self.tasks = Task.objects.in_workspace(workspace_id)
        self._known: dict[Any, Any] = {}

    def agents_with(self, column: str, value: str) -> int:
        return self._once(("agents", column, value), self.agents.filter(_is(column, value)).count)

    def values_of_live_agents(self, column: str) -> Iterable[Value]:
        rows = self.agents.exclude(status=Agent.Status.OFFLINE).values_list(column, flat=True).distinct()
        return self._once(("live", column), lambda: [_plain(value) for value in rows])

    def busy_agents(self) -> int:
        return self.agents_with("status", Agent.Status.BUSY)

    def all_tasks(self) -> int:
        return self._once("tasks", lambda: Tally.objects.total(workspace_id=self.workspace_id))

    def tasks_with(self, column: str, value: str) -> int:
        if column in ("status", "priority"):
            return sum(n for *words, n in self._tallied() if words[column == "priority"] == value)
        return self._once(("tasks", column, value), self.tasks.filter(_is(column, value)).count)

    def has_task(self, condition: Condition) -> bool:
        return self._once(condition, lambda: self._has_task(condition))

    def more_activities_in_an_hour_than(self, number: int) -> bool:
        """Looks at the one story that decides it: stories are in the order of time."""
        if number > LARGEST_ID - 1:
            return False
        stories = Event.objects.stories(self.workspace_id).values_list("at", flat=True)
        return self._once(("stories", number), lambda: any(at > self.now - HOUR for at in stories[number : number + 1]))

    def _has_task(self, condition: Condition) -> bool:
        column, operator = condition.column, condition.operator
        if column in ("status", "priority"):
            return any(matches(words[column == "priority"], condition) for *words, n in self._tallied() if n)
        if column == "title" and operator in ("equals", "not_equals", "contains"):
            return self.tasks.filter(_text_condition(condition)).exists()
        if operator not in ("equals", "not_equals", "contains", "greater_than", "less_than"):
            return False
        values = self.tasks.order_by().values_list(column, flat=True)
        if column == "assigned_to":
            values = values.distinct()
        return any(matches(value, condition) for value in values.iterator(chunk_size=1000))

    def _tallied(self) -> list[tuple[str, str, int]]:
        rows = Tally.objects.filter(workspace_id=self.workspace_id).values_list("status", "priority", "n")
        return self._once("tally", lambda: [(self.status_words[s], PRIORITIES[p], n) for s, p, n in rows])

    def _once(self, question: Any, ask: Callable[[], T]) -> T:
        if question not in self._known:
            self._known[question] = ask()
        found: T = self._known[question]
        return found


def _text_condition(condition: Condition) -> Q:
    if condition.operator == "contains":
        return Q(title__icontains=condition.value)
    return Q(title=condition.value) if condition.operator == "equals" else ~Q(title=condition.value)


def _is(column: str, value: str) -> Q:
    """Whether the column equals the text; a number that is none, or too large for a row, equals nothing."""
    if column not in ("id", "last_seen"):
        return Q(**{column: value})
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0
    if column == "id":
        return Q(id=number)
    try:
        start = datetime.fromtimestamp(number, UTC)
        return Q(last_seen__gte=start, last_seen__lt=start + timedelta(seconds=1))
    except (ValueError, OverflowError, OSError):
        return Q(pk=0)


def _plain(value: Any) -> Value:
    return seconds(value) if isinstance(value, datetime) else value
