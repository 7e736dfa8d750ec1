"""Loops that show only in what was said of late: floods of messages, and two agents that answer each other for ever."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count

from agents.models import Mandate
from core.errors import NotFound
from core.ids import parse_ref
from governance.models import Policy
from tasks.models import Comment, Task
from tasks.services import bookkeeping as books

from .limits import Limits, gathered, limits_for
from .loops import block_for_loop, past_of

Details = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """`judge` takes the actors of the messages of that time, oldest first, and the limit; None when all is well."""

    type: str
    limit: str
    within: str
    judge: Callable[[Sequence[str], int], Details | None]


def find_loops(*, now: datetime) -> int:
    """Block what goes round in circles; returns how many loops were found. Safe to run at any time."""
    return sum(_look_at(task_id, now) for task_id in _talked_about(now))


def _talked_about(now: datetime) -> list[int]:
    """Tasks with so many messages that one of their limits may be passed; each is looked at more closely."""
    policies: dict[int, list[Policy]] = {}
    for row in Policy.objects.filter(active=True).order_by("-id"):
        policies.setdefault(row.workspace_id, []).append(row)
    said = Comment.objects.filter(created_at__gt=now - _widest(policies)).exclude(actor__startswith="system")
    counted = dict(said.order_by().values_list("task_id").annotate(n=Count("id")).filter(n__gt=1))
    tasks = Task.objects.in_bulk(list(counted))
    names = {task.assigned_to for task in tasks.values() if task.assigned_to}
    mandates = {
        (held.agent.workspace_id, held.agent.name): held
        for held in Mandate.objects.select_related("agent").filter(agent__name__in=names)
    }
    found = []
    for id, task in sorted(tasks.items()):
        held = mandates.get((task.workspace_id, task.assigned_to or ""))
        limits = gathered(
            policies.get(task.workspace_id, []),
            slug=held.agent.slug if held else None,
            metadata=held.metadata if held else None,
            task=task,
        )
        # So many switches take one message more.
        if counted[id] > min(limits.of("maxComments"), limits.of("maxPingPong") + 1):
            found.append(id)
    return found


def _widest(policies: dict[int, list[Policy]]) -> timedelta:
    """The longest time that the deployment or a policy looks back: no task or agent alone gets more."""
    everyone = [Limits((row.loop_thresholds,)) for rows in policies.values() for row in rows]
    return max(limits.minutes(rule.within) for limits in (Limits(), *everyone) for rule in RULES)


@transaction.atomic
def _look_at(task_id: int, now: datetime) -> int:
    found = 0
    try:
        task = books.lock(Task(pk=task_id))
    except NotFound:
        return 0
    limits = limits_for(task.workspace_id, task=task)
    for rule in RULES:
        past = past_of(task, rule.type)
        if past.is_open:
            continue
        since = max(now - limits.minutes(rule.within), past.counts_from)
        said = task.comments.filter(created_at__gt=since, created_at__lte=now).exclude(actor__startswith="system")
        details = rule.judge(list(said.order_by("id").values_list("actor", flat=True)), limits.of(rule.limit))
        if details is not None:
            task, _ = block_for_loop(task=task, type=rule.type, now=now, details=details)
            found += 1
    return found


def _flood(actors: Sequence[str], limit: int) -> Details | None:
    return {"messagesLately": len(actors), "limit": limit} if len(actors) > limit else None


def _ping_pong(actors: Sequence[str], limit: int) -> Details | None:
    """Of messages in a row, so that anybody else who speaks in between ends the game."""
    pair: set[str] = set()
    last, switches, most = "", 0, 0
    for actor in actors:
        if parse_ref(actor)[0] != "agent":
            pair, last, switches = set(), "", 0
            continue
        if last and actor != last:
            goes_on = len(pair | {actor}) <= 2
            switches = switches + 1 if goes_on else 1
            pair = pair | {actor} if goes_on else {last, actor}
        else:
            pair = pair or {actor}
        last, most = actor, max(most, switches)
    return {"switches": most, "limit": limit} if most > limit else None


RULES = (
    Rule("COMMENT_FLOOD", "maxComments", "commentMinutes", _flood),
    Rule("AGENT_PING_PONG", "maxPingPong", "pingPongMinutes", _ping_pong),
)
