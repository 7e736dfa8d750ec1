"""What the routes about all tenants have in common: who may come in, and how their bodies are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import orjson
from rest_framework.request import Request

from core.errors import Invalid
from provisioning.workspaces import deny_tenant

from .base import LegacyView

HOST_TENANT = 1
T = TypeVar("T")


class SuperView(LegacyView):
    """What concerns all tenants: administrators of any but the tenant that runs this server are kept out."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method != "OPTIONS" and self.actor.tenant_id != HOST_TENANT:
            deny_tenant(self.actor, route=self.route, origin=self.origin, now=self.now)


def of_type(sent: dict[str, Any], name: str, kind: type[T]) -> T | None:
    """A field that may be left out. Raises Invalid when it is of another type."""
    value = sent.get(name)
    if value is not None and type(value) is not kind:
        raise Invalid(f"{name} is invalid")
    return value


def one_of(sent: dict[str, Any], name: str, words: Sequence[str], else_: str = "") -> str:
    """The word of a field. Raises Invalid, saying `else_` if given, when it is none of `words`."""
    value = sent.get(name)
    if not isinstance(value, str) or value not in words:
        raise Invalid(else_ or f"{name} must be one of {', '.join(words)}")
    return value


def is_dry_run(sent: dict[str, Any]) -> bool:
    """Nothing is done for real unless it was asked for in so many words."""
    return sent.get("dry_run") is not False and sent.get("dry_run") != 0


def json_text(value: Any) -> str:
    """A JSON column as the text that clients read in rows."""
    return orjson.dumps(value).decode()
