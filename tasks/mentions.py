"""`@name` in text: which tokens count, and whom they mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Lower

from accounts.models import User
from agents.models import Agent
from core.errors import Invalid

TOKEN = re.compile(r"(?<![A-Za-z0-9._-])@([A-Za-z0-9][A-Za-z0-9._-]{0,63})")
HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
LISTED_AT_MOST = 200
# How many of each kind a search looks at.
LOOKED_AT = 2000


@dataclass(frozen=True, slots=True)
class Mentioned:
    """A resolved token: whom to notify, and whether that is an agent."""

    token: str
    recipient: str
    is_agent: bool


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody who can be named. `type` is user or agent."""

    handle: str
    recipient: str
    type: str
    display: str
    role: str


def tokens(text: str | None) -> list[str]:
    """The tokens of a text as typed, each once (regardless of case), in order."""
    seen: dict[str, str] = {}
    for token in TOKEN.findall(text or ""):
        seen.setdefault(token.lower(), token)
    return list(seen.values())


def resolve(text: str | None, *, workspace_id: int, strict: bool = True) -> list[Mentioned]:
    """Whom a text names; people win over agents of the same handle. Unknown names are an error, all listed; unless it
    is not `strict`, then they are plain text."""
    wanted = tokens(text)
    if not wanted:
        return []
    known = _agents(wanted, workspace_id) | _people(wanted, workspace_id)
    if missing := [token.lower() for token in wanted if token.lower() not in known]:
        known |= _agents_of_public_id(missing, workspace_id)
    unknown = [token for token in wanted if token.lower() not in known]
    if unknown and strict:
        listed = ", ".join(f"@{token}" for token in unknown)
        raise Invalid(f"Unknown mentions: {listed}", missing_mentions=unknown)
    return [Mentioned(token, *known[token.lower()]) for token in wanted if token not in unknown]


def _people(wanted: list[str], workspace_id: int) -> dict[str, tuple[str, bool]]:
    lowered = [token.lower() for token in wanted]
    here = User.objects.filter(workspace_id=workspace_id).annotate(handle=Lower("username"))
    names = here.filter(handle__in=lowered).values_list("username", flat=True)
    return {name.lower(): (name, False) for name in names}


def _agents(wanted: list[str], workspace_id: int) -> dict[str, tuple[str, bool]]:
    lowered = [token.lower() for token in wanted]
    rows = Agent.objects.in_workspace(workspace_id).filter(Q(handle__in=lowered) | Q(slug__in=lowered)).order_by("-id")
    found: dict[str, tuple[str, bool]] = {}
    for name, handle, slug in rows.values_list("name", "handle", "slug"):
        found[slug] = found[handle] = (name, True)
    return found


def _agents_of_public_id(lowered: list[str], workspace_id: int) -> dict[str, tuple[str, bool]]:
    """By `config.openclawId`, which has no index: asked only for what is nobody's name."""
    rows = _with_public_id(workspace_id).filter(public_id__in=lowered).order_by("-id")
    return {public_id: (name, True) for public_id, name in rows.values_list("public_id", "name")}


def _with_public_id(workspace_id: int) -> Any:
    return Agent.objects.in_workspace(workspace_id).annotate(public_id=Lower(KeyTextTransform("openclawId", "config")))


def targets(*, workspace_id: int, containing: str = "", type: str = "") -> list[Target]:
    """Everybody whose handle or name contains a text; people first, then agents, each by handle."""
    found: list[Target] = []
    if type != "agent":
        found += _people_like(workspace_id, containing)
    if type != "user":
        taken = {target.handle for target in found}
        found += [target for target in _agents_like(workspace_id, containing) if target.handle not in taken]
    return found


def _people_like(workspace_id: int, text: str) -> Iterator[Target]:
    rows = User.objects.filter(workspace_id=workspace_id).order_by("username")
    if text:
        rows = rows.filter(Q(username__icontains=text) | Q(display_name__icontains=text))
    for name, display, role in rows.values_list("username", "display_name", "role")[:LOOKED_AT]:
        yield Target(name.lower(), name, "user", display or name, role)


def _agents_like(workspace_id: int, text: str) -> list[Target]:
    rows = _with_public_id(workspace_id)
    if text:
        rows = rows.filter(Q(name__icontains=text) | Q(handle__icontains=text) | Q(public_id__icontains=text))
    found: dict[str, Target] = {}
    for name, role, *handles in rows.order_by("id").values_list("name", "role", "public_id", "handle")[:LOOKED_AT]:
        for handle in handles:
            if handle and HANDLE.fullmatch(handle):
                found.setdefault(handle, Target(handle, name, "agent", name, role))
    return sorted(found.values(), key=lambda target: target.handle)
