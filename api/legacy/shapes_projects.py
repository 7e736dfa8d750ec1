"""The body that changes a project. Strict: a key that is not known is refused."""

from __future__ import annotations

import re
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from projects.models import Project

from .fields import BAD, Items, Seconds, Shape, Strict, Text, Word

MEMBERS_AT_MOST = 100
STATUSES = {status.value: status.value for status in Project.Status}
NOT_PREFIX = re.compile(r"[^A-Z0-9]")
LONGEST_PREFIX = 12


def prefix_of(text: str) -> str:
    """The letters and digits of what somebody wants for a prefix."""
    return NOT_PREFIX.sub("", text.upper())[:LONGEST_PREFIX]


class Switch(Strict, serializers.BooleanField):
    """true, false, 1 or 0."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("required", False)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> bool:
        if type(data) not in (bool, int, float) or data not in (0, 1):
            self.fail("invalid")
        return bool(data)


class Members(Items):
    """Names of agents, each once."""

    def __init__(self) -> None:
        super().__init__(Text(1, 100, required=True, empty="Agent name cannot be empty"), 0, MEMBERS_AT_MOST)

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and len(data) > self.high:
            raise serializers.ValidationError("A project can have at most 100 assigned agents")
        names = super().to_internal_value(data)
        if len(set(names)) < len(names):
            raise serializers.ValidationError("Agent assignments must be unique")
        return names


class ProjectChanges(Shape):
    name = Text(1, 200, empty="Project name cannot be empty")
    description = Text(0, 5000, allow_null=True)
    ticket_prefix = Text(1, 50)
    ticketPrefix = Text(1, 50)
    status = Word(STATUSES)
    github_repo = Text(0, 200, allow_null=True)
    deadline = Seconds(allow_null=True)
    color = Text(0, 32, allow_null=True)
    github_sync_enabled = Switch()
    github_labels_initialized = Switch()
    github_default_branch = Text(1, 200)
    assigned_agents = Members()

    def run_validation(self, data: Any = empty) -> Any:
        wrong: dict[str, Any] = {}
        values: dict[str, Any] = {}
        try:
            values = super().run_validation(data)
        except serializers.ValidationError as error:
            wrong = dict(error.detail)  # type: ignore[arg-type]
        whole = []
        if not data.keys() <= self.fields.keys():
            whole.append(BAD)
        if {"ticket_prefix", "ticketPrefix"} <= data.keys():
            whole.append("Use only one ticket prefix field")
        if not data:
            whole.append("At least one field is required")
        if whole:
            wrong["non_field_errors"] = whole
        if wrong:
            raise serializers.ValidationError(wrong)
        return values
