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
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from core.actors import Actor, Role

from .models import ApiKey, Session, User

REMEMBERED_SECONDS = 5.0
REMEMBERED_AT_MOST = 20_000
TOUCH_EVERY_SECONDS = 60
# Longer ones are nobody's, and are not worth remembering.
LONGEST_SECRET = 512
# The existing clients' key shapes: a well-shaped key passes the gate and is judged by the route.
SHAPED_KEY = re.compile(r"mca?_[0-9a-f]{48}\Z")
ENVIRONMENT_WORKSPACE = 1


@dataclass(frozen=True, slots=True)
class Presented:
    """What a request carried: session cookie, key (from `x-api-key` or `Authorization`), `x-agent-name`."""

    cookie: str = ""
    key: str = ""
    agent_name: str = ""

    def __bool__(self) -> bool:
        return bool(self.cookie or self.key)


_memory: dict[tuple[str, str], tuple[float, Actor | None]] = {}
_lock = threading.Lock()


def forget() -> None:
    """Drop all remembered answers: somebody's access has changed."""
    with _lock:
        _memory.clear()


def remembered(presented: Presented) -> tuple[bool, Actor | None]:
    """(known, actor) without touching the database; for the event loop."""
    if presented.cookie:
        known, actor = _recall(("cookie", presented.cookie))
        if not known:
            return False, None
        if actor:
            return True, _as_agent(actor, presented)
    if not presented.key:
        return True, None
    known, actor = _recall(("key", presented.key))
    return known, _as_agent(actor, presented) if actor else None


def resolve(presented: Presented) -> Actor | None:
    """Who this is, or None. A valid cookie is preferred over any key; an invalid one falls through to the keys."""
    actor = None
    if presented.cookie:
        actor = _remember(("cookie", presented.cookie), _actor_of_cookie)
    if actor is None and presented.key:
        actor = _remember(("key", presented.key), _actor_of_key)
    return _as_agent(actor, presented) if actor else None


def passes_the_gate(presented: Presented) -> bool:
    """True when there is something worth resolving; the route then tells a bad credential from none."""
    return bool(
        presented.cookie or SHAPED_KEY.match(presented.key) or (presented.key and resolve(presented) is not None)
    )


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
    return _environment_actor(key) or _stored_actor(key)


def _environment_actor(key: str) -> Actor | None:
    found = None
    # Every candidate is compared, so that the time taken tells nothing about which one matched.
    for word, secret in settings.ENVIRONMENT_KEYS:
        for spelling in (secret, f"{word}:{secret}"):
            if hmac.compare_digest(spelling.encode(), key.encode()):
                found = word
    if found is None:
        return None
    return Actor("key", 0, "api", "API Access", Role.named(found), ENVIRONMENT_WORKSPACE)


def _stored_actor(key: str) -> Actor | None:
    now = timezone.now()
    row = ApiKey.objects.usable(now).filter(digest=digest(key)).select_related("workspace").first()
    if row is None:
        return None
    if row.last_used_at is None or (now - row.last_used_at).total_seconds() > TOUCH_EVERY_SECONDS:
        ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)
    return row.as_actor()
