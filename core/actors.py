"""Who does something: a person, a program with a key, an agent, or the system itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Self


class Role(IntEnum):
    """Ordered: each role may do everything the one before it may."""

    VIEWER = 0
    OPERATOR = 1
    ADMIN = 2

    @classmethod
    def named(cls, word: str) -> Role:
        return cls[word.upper()]

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Actor:
    """The author of a change. Activity rows show `username` or `display_name`; the log keeps `str(actor)`."""

    kind: str  # user, key, agent, system
    id: int
    username: str
    display_name: str
    role: Role
    workspace_id: int
    tenant_id: int = 1
    agent_name: str | None = None
    agent_id: int | None = None
    provider: str = "local"
    email: str | None = None
    key_id: int = 0

    def __str__(self) -> str:
        return self.kind if self.kind == "system" else f"{self.kind}:{self.id}"

    def can(self, role: Role) -> bool:
        return self.role >= role

    @property
    def is_agent_scoped(self) -> bool:
        """True for callers who speak as one agent and may touch only what is its own."""
        return self.agent_name is not None and self.role < Role.ADMIN

    def speaking_as(self, agent_name: str) -> Self:
        return replace(self, agent_name=agent_name)


def system(workspace_id: int, name: str = "system") -> Actor:
    return Actor("system", 0, name, name, Role.ADMIN, workspace_id)
