"""`@name` in text: which tokens count, and whom they mean."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db.models import Q

from accounts.models import User
from agents.models import Agent
from core.errors import Invalid

TOKEN = re.compile(r"(?<![A-Za-z0-9._-])@([A-Za-z0-9][A-Za-z0-9._-]{0,63})")


@dataclass(frozen=True, slots=True)
class Mentioned:
    """A resolved token: whom to notify, and whether that is an agent."""

    token: str
    recipient: str
    is_agent: bool


def tokens(text: str | None) -> list[str]:
    """The tokens of a text as typed, each once (regardless of case), in order."""
    seen: dict[str, str] = {}
    for token in TOKEN.findall(text or ""):
        seen.setdefault(token.lower(), token)
    return list(seen.values())


def resolve(text: str | None, *, workspace_id: int) -> list[Mentioned]:
    """Whom a text names; people win over agents of the same handle. Unknown names are an error, all listed."""
    wanted = tokens(text)
    if not wanted:
        return []
    known = _agents(wanted, workspace_id) | _people(wanted, workspace_id)
    unknown = [token for token in wanted if token.lower() not in known]
    if unknown:
        listed = ", ".join(f"@{token}" for token in unknown)
        raise Invalid(f"Unknown mentions: {listed}", missing_mentions=unknown)
    return [Mentioned(token, *known[token.lower()]) for token in wanted]


def _people(wanted: list[str], workspace_id: int) -> dict[str, tuple[str, bool]]:
    lowered = [token.lower() for token in wanted]
    names = User.objects.filter(workspace_id=workspace_id).extra(
        where=[f"lower(username) IN ({', '.join(['%s'] * len(lowered))})"], params=lowered
    )
    return {name.lower(): (name, False) for name in names.values_list("username", flat=True)}


def _agents(wanted: list[str], workspace_id: int) -> dict[str, tuple[str, bool]]:
    lowered = [token.lower() for token in wanted]
    rows = Agent.objects.in_workspace(workspace_id).filter(Q(handle__in=lowered) | Q(slug__in=lowered)).order_by("-id")
    found: dict[str, tuple[str, bool]] = {}
    for name, handle, slug in rows.values_list("name", "handle", "slug"):
        found[slug] = found[handle] = (name, True)
    return found
