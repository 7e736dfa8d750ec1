"""What a call is, before any client makes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from missioncontrol_client.errors import ConfigError

T = TypeVar("T")
Moment = str | datetime
Many = str | Iterable[str]
Json = dict[str, Any]


class Own(Enum):
    """What the client that makes the call fills in."""

    AGENT = "agent"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request; T is the shape of its answer."""

    method: str
    path: str
    params: tuple[tuple[str, Any], ...] = ()
    body: Mapping[str, Any] | None = None
    idempotency_key: str | None = None
    # Made with the administrator's token where there is one.
    admin: bool = False
    # May be made again as it is: the server knows its parts.
    repeatable: bool = False

    def by(self, agent_id: str | None, session_key: str | None) -> Call[T]:
        """The same call with the client's own agent and session filled in."""
        own = {Own.AGENT: agent_id, Own.SESSION: session_key or (f"sdk:{agent_id}" if agent_id else None)}

        def fill(value: Any) -> Any:
            if isinstance(value, Own):
                if own[value] is None:
                    raise ConfigError(f"this call needs the {value.value}: give it, or configure the agent's id")
                return own[value]
            return [fill(item) for item in value] if isinstance(value, list) else value

        path = self.path.replace("{me}", segment(fill(Own.AGENT))) if "{me}" in self.path else self.path
        body = None if self.body is None else {name: fill(value) for name, value in self.body.items()}
        params = tuple((name, str(fill(value))) for name, value in self.params)
        return replace(self, path=path, body=body, params=params)


def segment(value: str) -> str:
    """An id as one part of a path, whatever it holds."""
    if not value or value in (".", ".."):
        raise ConfigError(f"{value!r} is no id")
    return quote(value, safe="")


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def moment(value: datetime) -> str:
    """ISO 8601 in UTC, to the second. A naive time is the caller's mistake, and the server would refuse it."""
    if value.tzinfo is None:
        raise ValueError("times need a time zone")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def now() -> str:
    return moment(datetime.now(UTC))


def body(**fields: Any) -> dict[str, Any]:
    """A JSON body: names in camel case, what was not given left out."""
    return {camel(name): _plain(value) for name, value in fields.items() if value is not None}


def changes(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON body for PATCH: every name given is sent, and None clears it."""
    return {camel(name): _plain(value) for name, value in fields.items()}


def query(**fields: Any) -> tuple[tuple[str, Any], ...]:
    """Query parameters; several values travel as one comma list."""
    found = []
    for name, value in fields.items():
        if value is None:
            continue
        if not isinstance(value, (str, int, float, Own)):
            value = ",".join(str(item) for item in value)
        found.append((camel(name), value if isinstance(value, Own) else str(value)))
    return tuple(found)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    return list(value) if isinstance(value, (tuple, set, frozenset)) else value
