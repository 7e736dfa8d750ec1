"""Parameters of the tools: their schemas, and the check of what a model sends."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from missioncontrol_client.errors import MissionControlError


class BadArgument(MissionControlError):
    """What the model sent cannot be a call; the message names the parameter."""

    code = "INVALID_ARGUMENTS"


class Parameter(NamedTuple):
    name: str
    kind: str = "string"
    about: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    items: str = "string"

    def schema(self, *, choices: bool = True) -> dict[str, Any]:
        found: dict[str, Any] = {"type": self.kind}
        if self.kind == "array":
            found["items"] = {"type": self.items}
        if self.about:
            found["description"] = self.about
        if self.choices and choices:
            found["enum"] = list(self.choices)
        return found

    def check(self, value: Any) -> None:
        if not _fits(self.kind, value) or (self.kind == "array" and not all(_fits(self.items, item) for item in value)):
            raise BadArgument(f"{self.name} must be {_ARTICLES[self.kind]}")
        if self.choices and value not in self.choices:
            raise BadArgument(f"{self.name} must be one of {', '.join(self.choices)}")


_ARTICLES = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
}


def _fits(kind: str, value: Any) -> bool:
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, {"string": str, "boolean": bool, "object": dict, "array": list}[kind])


def schema(parameters: Iterable[Parameter]) -> dict[str, Any]:
    listed = list(parameters)
    found: dict[str, Any] = {"type": "object", "properties": {item.name: item.schema() for item in listed}}
    if required := [item.name for item in listed if item.required]:
        found["required"] = required
    return found


def checked(parameters: Iterable[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that are known and given. A null is as good as absent."""
    found = {}
    for item in parameters:
        value = given.get(item.name)
        if value is None:
            if item.required:
                raise BadArgument(f"missing parameter: {item.name}")
            continue
        item.check(value)
        found[item.name] = value
    return found
