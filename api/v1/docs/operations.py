"""Every method of every address, with who may call it and what its view says of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from django.urls import URLPattern

from accounts.access.limits import V1_READ
from accounts.access.v1 import TABLE, Who
from api.v1.base import V1View
from core.actors import Role
from core.ratelimit import Limit

from .words import Words, words_of

GROUP = re.compile(r"\(\?P<(\w+)>\[\^/\]\+\)")
IDEMPOTENT = {"POST", "PATCH"}


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    view: type[V1View]
    who: Who | None
    words: Words

    @property
    def name(self) -> str:
        return f"{self.method.lower()}_{self.view.route.replace('-', '_')}"

    @property
    def keys(self) -> list[str]:
        """What stands in the path."""
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def tag(self) -> str:
        return self.path.split("/")[3].partition(".")[0].capitalize()

    @property
    def limit(self) -> Limit:
        return V1_READ if self.method == "GET" else self.view.limit

    @property
    def is_idempotent(self) -> bool:
        return self.who is not None and self.method in IDEMPOTENT

    @property
    def may(self) -> str:
        """Who may call it, in words."""
        if self.who is None:
            return "Everybody, without a credential."
        people = self.who.people
        least = "" if people is None else f"people from {people.word} on" if people != Role.ADMIN else "administrators"
        told = " and ".join(filter(None, ["agents" if self.who.agents else "", least]))
        return f"{told.capitalize()}. {self.words.note}".strip()

    @property
    def codes(self) -> list[str]:
        """Every error that it may give."""
        if self.who is None:
            return [*self.words.codes, "RATE_LIMITED", "INTERNAL_ERROR"]
        codes = ["VALIDATION_ERROR", "UNAUTHORIZED", "TOKEN_EXPIRED", "FORBIDDEN", "RATE_LIMITED"]
        codes += ["INTERNAL_ERROR", "UNAVAILABLE"]
        if self.who.agents:
            codes.append("AGENT_MISMATCH")
            if self.method != "GET" and not self.view.open_in_quarantine:
                codes.append("AGENT_QUARANTINED")
        if self.keys:
            codes.append("NOT_FOUND")
        if self.is_idempotent:
            codes += ["INVALID_JSON", "IDEMPOTENCY_CONFLICT", "IDEMPOTENCY_IN_PROGRESS"]
            codes += ["PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"]
        return list(dict.fromkeys([*codes, *self.words.codes]))


def operations() -> list[Operation]:
    """Raises LookupError for a method that says nothing of itself."""
    return list(_found())


def _found() -> Iterator[Operation]:
    for pattern in import_module("api.v1.urls").urlpatterns:
        view = getattr(pattern.callback, "cls", None)
        if view is None:
            continue
        for method, who in TABLE[view.route].items():
            words = words_of(getattr(view, method.lower()))
            if words is None:
                raise LookupError(f"{method} {path_of(pattern)} is not described")
            yield Operation(method, path_of(pattern), view, who, words)


def path_of(pattern: URLPattern) -> str:
    bare = str(pattern.pattern).removeprefix("^").removesuffix(r"/?\Z")
    return "/api/v1/" + GROUP.sub(r"{\1}", bare).replace("\\", "")
