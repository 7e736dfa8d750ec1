"""What a rule means: pure questions to a world that knows the counts and values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

Value = str | int | None
FIELDS = {
    "agent": ("status", "role", "name", "last_seen", "last_activity"),
    "task": ("status", "priority", "assigned_to", "title"),
}
LEADING_NUMBER = re.compile(r"\s*([+-]?[0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Condition:
    entity: str
    field: str
    operator: str
    value: str

    @property
    def column(self) -> str:
        """A field that the entity does not have means its id."""
        return self.field if self.field in FIELDS.get(self.entity, ()) else "id"

    @property
    def number(self) -> int | None:
        """The whole number that the value begins with, as clients' servers have always read it."""
        found = LEADING_NUMBER.match(self.value)
        return int(found[1]) if found else None


class World(Protocol):
    """Times are Unix seconds; words are the ones that clients know."""

    def agents_with(self, column: str, value: str) -> int: ...

    def values_of_live_agents(self, column: str) -> Iterable[Value]: ...

    def busy_agents(self) -> int: ...

    def tasks_with(self, column: str, value: str) -> int: ...

    def all_tasks(self) -> int: ...

    def has_task(self, condition: Condition) -> bool: ...

    def more_activities_in_an_hour_than(self, number: int) -> bool: ...


def is_met(condition: Condition, world: World, *, now: int) -> bool:
    judge = JUDGES.get(condition.entity)
    return judge is not None and judge(condition, world, now)


def matches(value: Value, condition: Condition) -> bool:
    """Whether one value satisfies a comparison. Null never does."""
    if value is None:
        return False
    wanted, said = condition.value, str(value)
    match condition.operator:
        case "equals":
            return said == wanted
        case "not_equals":
            return said != wanted
        case "contains":
            return wanted.lower() in said.lower()
        case "greater_than":
            return _exceeds(_number(said), _number(wanted))
        case "less_than":
            return _exceeds(_number(wanted), _number(said))
    return False


def _of_agents(condition: Condition, world: World, now: int) -> bool:
    if condition.operator == "count_above":
        return _exceeds(world.agents_with(condition.column, condition.value), condition.number)
    if condition.operator == "count_below":
        return _exceeds(condition.number, world.agents_with(condition.column, condition.value))
    values = world.values_of_live_agents(condition.column)
    if condition.operator == "age_minutes_above":
        minutes = condition.number
        return minutes is not None and any(type(value) is int and value < now - minutes * 60 for value in values)
    return any(matches(value, condition) for value in values)


def _of_tasks(condition: Condition, world: World, now: int) -> bool:
    if condition.operator == "count_above":
        return _exceeds(world.tasks_with(condition.column, condition.value), condition.number)
    if condition.operator == "count_below":
        return _exceeds(condition.number, world.all_tasks())
    return world.has_task(condition)


def _of_sessions(condition: Condition, world: World, now: int) -> bool:
    return condition.operator == "count_above" and _exceeds(world.busy_agents(), condition.number)


def _of_activities(condition: Condition, world: World, now: int) -> bool:
    number = condition.number
    if condition.operator != "count_above" or number is None:
        return False
    return number < 0 or world.more_activities_in_an_hour_than(number)


JUDGES = {"agent": _of_agents, "task": _of_tasks, "session": _of_sessions, "activity": _of_activities}


def _exceeds(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and one > other


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
