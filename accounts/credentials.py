"""From what a caller presents to who the caller is. Knows strings, not requests, so that every surface can ask.

Answers are remembered for a few seconds in each process; a change of access travels through the log and empties the
memory at once (`forget`).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from core import tracing
from core.actors import Actor, Role

from . import proxy
from .models import DEFAULT_WORKSPACE, ApiKey, GlobalKey, Session, User

REMEMBERED_SECONDS = 5.0
REMEMBERED_AT_MOST = 20_000
TOUCH_EVERY_SECONDS = 60
# Longer ones are nobody's, and are not worth remembering.
LONGEST_SECRET = 512
# The existing clients' key shapes: a well-shaped key passes the gate and is judged by the route.
SHAPED_KEY = re.compile(r"mca?_[0-9a-f]{48}\Z")
Lookup = tuple[tuple[str, str], Callable[[str], Actor | None]]


@dataclass(frozen=True, slots=True)
class Presented:
    """What a request carried: session cookie, key (from `x-api-key` or `Authorization`), `x-agent-name`, and the
    person whom a trusted proxy has signed in."""

    cookie: str = ""
    key: str = ""
    agent_name: str = ""
    person: str = ""

    def __bool__(self) -> bool:
        return bool(self.cookie or self.key or self.person)


_memory: dict[tuple[str, str], tuple[float, Actor | None]] = {}
_lock = threading.Lock()


def forget() -> None:
    """Drop all remembered answers: somebody's access has changed."""
    with _lock:
        _memory.clear()


def remembered(presented: Presented) -> tuple[bool, Actor | None]:
    """(known, actor) without touching the database; for the event loop."""
    for slot, _ in _lookups(presented):
        known, actor = _recall(slot)
        if not known:
            return False, None
        if actor:
            if tracing.on:
                tracing.tag({"mc.workspace": actor.workspace_id})
            return True, _as_agent(actor, presented)
    return True, None


def resolve(presented: Presented) -> Actor | None:
    """Who this is, or None. The proxy's person comes first, then a valid cookie, then the key; what is not valid
    falls through to the next."""
    for slot, look_up in _lookups(presented):
        actor = _remember(slot, look_up)
        if actor:
            if tracing.on:
                tracing.tag({"mc.workspace": actor.workspace_id})
            return _as_agent(actor, presented)
    return None


def _lookups(presented: Presented) -> Iterator[Lookup]:
    if presented.person:
        yield ("person", presented.person), proxy.actor_of
    if presented.cookie:
        yield ("cookie", presented.cookie), _actor_of_cookie
    if presented.key:
        yield ("key", presented.key), _actor_of_key


def passes_the_gate(presented: Presented) -> bool:
    """True when there is something worth resolving; the route then tells a bad credential from none."""
    key = presented.key
    if presented.person or presented.cookie or SHAPED_KEY.match(key):
        return True
    return bool(key) and (_is_environments(key) or resolve(presented) is not None)


def _recall(slot: tuple[str, str]) -> tuple[bool, Actor | None]:
    entry = _memory.get(slot)
    if entry is None or entry[0] < time.monotonic():
        return False, None
    return True, entry[1]


def _remember(slot: tuple[str, str], look_up: Callable[[str], Actor | None]) -> Actor | None:
    if len(slot[1]) > LONGEST_SECRET:
        return None
    known, actor = _recall(slot)
    if known:
        return actor
    actor = look_up(slot[1])
    with _lock:
        if len(_memory) >= REMEMBERED_AT_MOST:
            _memory.clear()
        _memory[slot] = (time.monotonic() + REMEMBERED_SECONDS, actor)
    return actor


def _as_agent(actor: Actor, presented: Presented) -> Actor | None:
    """Apply `x-agent-name`. An agent's own key that names another agent is refused, unless it is an admin's."""
    name = presented.agent_name
    if not name or actor.agent_name == name:
        return actor
    if actor.kind == "agent" and actor.role < Role.ADMIN:
        return None
    return actor.speaking_as(name)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _actor_of_cookie(cookie: str) -> Actor | None:
    now = timezone.now()
    session = (
        Session.objects.filter(session_key=digest(cookie), expire_date__gt=now)
        .select_related("user__workspace")
        .first()
    )
    user: User | None = session.user if session else None
    return user.as_actor() if user and user.may_sign_in else None


def _actor_of_key(key: str) -> Actor | None:
    return _environment_actor(key) or _stored_actor(key) or _rotated_actor(key)


def _is_environments(key: str) -> bool:
    """Also once it was rotated away: such a key is told apart from none."""
    return _same(settings.GLOBAL_API_KEY, key)


def _environment_actor(key: str) -> Actor | None:
    found, is_global = None, False
    # Every candidate is compared, so that the time taken tells nothing about which one matched.
    for word, secret in settings.ENVIRONMENT_KEYS:
        for spelling in (secret, f"{word}:{secret}"):
            if _same(spelling, key):
                found, is_global = word, secret == settings.GLOBAL_API_KEY
    if found is None or (is_global and GlobalKey.objects.exists()):
        return None
    return _api(Role.named(found))


def _rotated_actor(key: str) -> Actor | None:
    """The holder of the global key, once that was rotated."""
    row = GlobalKey.objects.first()
    return _api(Role.ADMIN) if row and _same(row.digest, digest(key)) else None


def _api(role: Role) -> Actor:
    return Actor("key", 0, "api", "API Access", role, DEFAULT_WORKSPACE)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _stored_actor(key: str) -> Actor | None:
    now = timezone.now()
    row = ApiKey.objects.usable(now).filter(digest=digest(key)).select_related("workspace", "user__workspace").first()
    if row is None:
        return None
    if row.last_used_at is None or (now - row.last_used_at).total_seconds() > TOUCH_EVERY_SECONDS:
        ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)
    return row.as_actor()
