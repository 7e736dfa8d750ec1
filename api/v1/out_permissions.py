"""Permission requests as the dialect shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agents.models import Agent
from core.ids import parse_ref
from governance.models import Permission
from realtime.wire import v1

from .ids import human, shown

POLICY = "policy"


def permissions_out(rows: Iterable[Permission]) -> list[dict[str, Any]]:
    found = list(rows)
    deciders = {parse_ref(word)[1] for row in found if (word := row.decided_by or "").startswith("agent:")}
    slugs = dict(Agent.objects.filter(pk__in=deciders).values_list("pk", "slug")) if deciders else {}
    return [_permission(row, slugs) for row in found]


def permission_out(row: Permission) -> dict[str, Any]:
    return permissions_out([row])[0]


def _permission(row: Permission, slugs: Mapping[int, str]) -> dict[str, Any]:
    return {
        **v1.permission(row.facts()),
        "runId": shown("run", row.run_id),
        "policyReason": row.policy_reason or None,
        "decidedBy": _decider(row.decided_by, slugs),
        "channel": row.channel or None,
    }


def _decider(word: str | None, slugs: Mapping[int, str]) -> str | None:
    """A person, a key, the agent that took it back, or `policy`; nobody where its time ran out."""
    if word is None or word == POLICY:
        return word
    kind, id = parse_ref(word)
    return slugs.get(id) if kind == "agent" else human(kind, id)
