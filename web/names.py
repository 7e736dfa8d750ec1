"""Who did something, by the name that people know: the log keeps `agent:12` and `user:3`."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.models import User
from agents.models import Agent
from core.ids import parse_ref

# What the log calls whoever came with an API key.
KEY_HOLDERS = {"api": "API Access"}
NAMELESS = {"key": "an API key", "user": "somebody", "agent": "an agent"}


def names_of(refs: Iterable[str]) -> dict[str, str]:
    """Of people and agents, with two queries at most."""
    wanted = {parse_ref(ref) for ref in set(refs) if _is_ref(ref)}
    people = {id for kind, id in wanted if kind == "user"}
    agents = {id for kind, id in wanted if kind == "agent"}
    found: dict[str, str] = {}
    if people:
        rows = User.objects.filter(id__in=people).values_list("id", "display_name")
        found |= {f"user:{id}": name for id, name in rows}
    if agents:
        found |= {f"agent:{id}": name for id, name in Agent.objects.filter(id__in=agents).values_list("id", "name")}
    return found


def name_of(ref: str | None, names: dict[str, str]) -> str:
    if not ref:
        return ""
    return names.get(ref) or NAMELESS.get(ref.partition(":")[0], "the system")


def actor_word(actor: str) -> str:
    """The log writes one and the same key in two ways; people read one."""
    return KEY_HOLDERS.get(actor, actor)


def _is_ref(text: str) -> bool:
    kind, _, id = text.partition(":")
    return kind in ("user", "agent") and id.isascii() and id.isdigit()
