"""Loops that show only in what was said of late: floods of messages, and two agents that answer each other for ever."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count

from core.errors import NotFound
from core.ids import parse_ref
from governance.states import BLOCKED, shown
from tasks.models import Comment, Task
from tasks.services import bookkeeping as books

from .loops import block_for_loop

MOST_MESSAGES, MOST_SWITCHES = 20, 8
# Those whose tasks only turned out to be blocked in the other dialect are blocked here as well.
SHOWN_BLOCKED = [status for status in Task.Status.values if shown(status) == BLOCKED]
Details = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """`judge` takes the actors of the messages of that time, oldest first; None when all is well."""

    type: str
    within: timedelta
    judge: Callable[[Sequence[str]], Details | None]


def find_loops(*, now: datetime) -> int:
    """Block what goes round in circles; returns how many loops were found. Safe to run at any time."""
    return sum(_look_at(task_id, now) for task_id in _talked_about(now))


def _talked_about(now: datetime) -> list[int]:
    said = Comment.objects.filter(created_at__gt=now - max(rule.within for rule in RULES))
    counted = said.exclude(actor__startswith="system").values("task_id").annotate(n=Count("id"))
    busy = counted.filter(n__gt=min(MOST_MESSAGES, MOST_SWITCHES + 1)).order_by("task_id")
    return list(busy.values_list("task_id", flat=True))


@transaction.atomic
def _look_at(task_id: int, now: datetime) -> int:
    found = 0
    try:
        task = books.lock(Task(pk=task_id))
    except NotFound:
        return 0
    for rule in RULES:
        since = _since(task, rule, now)
        if since is None:
            continue
        said = task.comments.filter(created_at__gt=since, created_at__lte=now).exclude(actor__startswith="system")
        details = rule.judge(list(said.order_by("id").values_list("actor", flat=True)))
        if details is not None:
            task, _ = block_for_loop(task=task, type=rule.type, now=now, details=details)
            found += 1
    return found


def _since(task: Task, rule: Rule, now: datetime) -> datetime | None:
    """From when on messages count. Once told of, a loop is not told of again until a person lets the task go on."""
    begin = now - rule.within
    told = task.comments.filter(metadata__loop=rule.type, actor__startswith="system").order_by("-id").first()
    if told is None:
        return begin
    moves = task.transitions.filter(was__in=SHOWN_BLOCKED, at__gte=told.created_at).exclude(now__in=SHOWN_BLOCKED)
    by_people = moves.exclude(actor__startswith="system").exclude(actor__startswith="agent")
    let_go = by_people.order_by("id").first()
    return max(begin, let_go.at) if let_go else None


def _flood(actors: Sequence[str]) -> Details | None:
    return {"messagesLately": len(actors), "limit": MOST_MESSAGES} if len(actors) > MOST_MESSAGES else None


def _ping_pong(actors: Sequence[str]) -> Details | None:
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
    return {"switches": most, "limit": MOST_SWITCHES} if most > MOST_SWITCHES else None


RULES = (
    Rule("COMMENT_FLOOD", timedelta(minutes=30), _flood),
    Rule("AGENT_PING_PONG", timedelta(minutes=10), _ping_pong),
)
