"""Every route of the dialect: from the table that lets callers in, the addresses, and the words of the views."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from accounts.access.legacy import TABLE, UNGUARDED
from core.actors import Role

from .schema import document

PARAMETER = re.compile(r"<\w+:(\w+)>")


@dataclass(frozen=True, slots=True)
class Endpoint:
    path: str
    roles: dict[str, Role | None]
    summary: str
    is_guarded: bool
    is_connected: bool

    @property
    def tag(self) -> str:
        return self.path.split("/")[2]

    @property
    def least(self) -> str:
        """The least role of any method; `public` without a gate, `key` when any credential will do."""
        roles = [role for role in self.roles.values() if role is not None]
        if roles:
            return min(roles).word
        return "key" if self.is_guarded else "public"


@lru_cache(maxsize=1)
def endpoints() -> list[Endpoint]:
    """By path."""
    paths = document()["paths"]
    patterns: list[Any] = import_module("api.legacy.urls").urlpatterns
    found = []
    for pattern in patterns:
        path = PARAMETER.sub(r"{\1}", f"/api/{pattern.pattern}")
        view, name = pattern.callback.cls, str(pattern.name)
        summary = next((words["summary"] for words in paths.get(path, {}).values() if "summary" in words), "")
        found.append(Endpoint(path, TABLE[name], summary, name not in UNGUARDED, view.is_connected))
    return sorted(found, key=lambda endpoint: endpoint.path)
