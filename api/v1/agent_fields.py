"""What is said of agents: when they are registered, amended, or start others."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from .body import Dollars, Flag, Shape, Text, Whole, Words, micro
from .pieces import TaskType

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")


def _slug(text: str) -> str:
    if not SLUG.match(text):
        raise PydanticCustomError("slug", "must be 1 to 64 of a-z, 0-9, _ and -, and begin with a letter or a digit")
    return text


def _emoji(text: str) -> str:
    if len(text.encode()) > 16:
        raise PydanticCustomError("emoji", "must be at most 16 bytes")
    return text


def _flat(items: list[Any]) -> list[Any]:
    return list(dict.fromkeys(items))


Slug = Annotated[Text, AfterValidator(_slug), WithJsonSchema({"type": "string", "pattern": f"^{SLUG.pattern[:-2]}$"})]
Name = Annotated[Words, StringConstraints(strip_whitespace=True), Field(min_length=1, max_length=100)]
Emoji = Annotated[Text, AfterValidator(_emoji)]
Path = Annotated[Words, Field(max_length=1024)]
Role = Literal["INTERN", "SPECIALIST", "LEAD"]
TaskTypes = Annotated[list[TaskType], AfterValidator(_flat)]
Tools = Annotated[list[Annotated[Words, Field(max_length=100)]], Field(max_length=200), AfterValidator(_flat)]
SubAgents = Annotated[Whole, Field(ge=0, le=3)]


class NewAgent(Shape):
    id: Slug
    name: Name
    role: Role
    workspace_path: Path
    emoji: Emoji | None = None
    allowed_task_types: TaskTypes = []
    allowed_tools: Tools = []
    budget_daily: Dollars | None = None
    budget_per_run: Dollars | None = None
    can_spawn: Flag | None = None
    max_sub_agents: SubAgents | None = None
    parent_agent_id: Text | None = None
    parent_task_id: Text | None = None
    purpose: Annotated[Words, Field(min_length=1, max_length=500)] | None = None
    metadata: dict[str, Any] = {}


class Amendment(Shape):
    name: Name = ""
    role: Role = "SPECIALIST"
    workspace_path: Path = ""
    emoji: Emoji | None = None
    allowed_task_types: TaskTypes = []
    allowed_tools: Tools = []
    budget_daily: Dollars | None = None
    budget_per_run: Dollars | None = None
    can_spawn: Flag = True
    max_sub_agents: SubAgents = 3
    metadata: dict[str, Any] = {}


# Of the body → of the mandate.
MANDATE = {
    "role": "autonomy",
    "emoji": "emoji",
    "allowed_task_types": "allowed_task_types",
    "allowed_tools": "allowed_tools",
    "budget_daily": "budget_daily_microusd",
    "budget_per_run": "budget_per_run_microusd",
    "can_spawn": "can_spawn",
    "max_sub_agents": "max_sub_agents",
    "metadata": "metadata",
}


def mandate_of(given: dict[str, Any]) -> dict[str, Any]:
    """What was sent, as columns of a mandate."""
    values = {column: given[name] for name, column in MANDATE.items() if name in given}
    for column in ("budget_daily_microusd", "budget_per_run_microusd"):
        if column in values:
            values[column] = micro(values[column])
    return values
