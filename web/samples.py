"""Invented rows for the style guide: every component in every state, without a database."""

from datetime import timedelta
from types import SimpleNamespace as Row

from django.utils import timezone

from agents.models import Agent, Mandate
from core.money import MICRO
from governance.services.usage import Use
from tasks.models import COLUMN_OF, Task
from web import words

from .standing import Standing

TITLES = (
    "Collect supplier prices for the quarterly comparison",
    "Summarise yesterday's support tickets",
    "Rotate the staging database credentials and tell the owners of every service that reads them",
    "Draft release notes",
)


def tasks() -> list[Row]:
    now = timezone.now()
    return [
        Row(
            id=place,
            ticket_ref=f"TASK-{40 + place:03d}",
            title=TITLES[place % len(TITLES)],
            status=status,
            column=COLUMN_OF[status],
            priority=place % 4 + 1,
            assigned_to=(None, "jordan", "scout-eu-west-production")[place % 3],
            comment_count=place % 3,
            position=place,
            updated_at=now - timedelta(minutes=7 ** (place % 6)),
        )
        for place, status in enumerate(Task.Status.values)
    ]


def cards() -> list[Row]:
    return [Row(task=task, cost=task.id * 310_000) for task in tasks()]


def ticks(pattern: str) -> list[str]:
    kinds = {"w": "work", "b": "beat", "e": "error", ".": "silent"}
    return [kinds[letter] for letter in (pattern * 60)[:60]]


def standings_of() -> list[Standing]:
    """Stopped in every way, or not at all."""
    now, control = timezone.now(), Mandate.Control
    stopped = (
        (control.ACTIVE, None, None),
        (control.PAUSED, "Waits for the new prices", now + timedelta(hours=4)),
        (control.PAUSED, "BUDGET", None),
        (control.QUARANTINED, "It deleted files outside of its folder", None),
        (control.DRAINED, "Moves to another host", None),
        (control.OFFLINE, "no heartbeat", None),
    )
    return [
        Standing(Agent(), Mandate(control=word, status_reason=reason, status_until=until))
        for word, reason, until in stopped
    ]


def uses() -> list[Use]:
    """Budgets that are untouched, in use, and past each mark."""
    now = timezone.now()
    agents = [Mandate(agent=Agent(name=name)) for name in ("ember", "jordan", "scout", "ferry", "quill", "harbor")]
    spent = (0, 35, 82, 96, 100, 130)
    return [
        Use(mandate, (5 * MICRO, MICRO), 0, percent * MICRO // 20, now)
        for mandate, percent in zip(agents, spent, strict=True)
    ]


def strips() -> list[Row]:
    now, standings, budgets = timezone.now(), standings_of(), uses()
    people = (
        ("jordan", "researcher", "busy", "wbwwwbbw"),
        ("scout", "reviewer", "online", "bbbbbbbb"),
        ("ferry", "coder", "idle", "bbwbbwwb"),
        ("harbor-night-shift-translator", "translator", "error", "wwewwwww"),
        ("quill", "writer", "offline", "............bbbb"),
        ("ember", "tester", "offline", "."),
    )
    work = tasks()
    return [
        Row(
            agent=Row(
                id=place,
                name=name,
                role=role,
                status=status,
                last_seen=None if name == "ember" else now - timedelta(seconds=12 * 9**place),
                last_activity="waiting for work",
            ),
            sign=standings[place].sign if standings[place].is_stopped else words.PRESENCE[status],
            standing=standings[place],
            use=budgets[place],
            ticks=ticks(pattern),
            task=work[place] if place % 2 == 0 else None,
            today=place * place * 1_733_000,
        )
        for place, (name, role, status, pattern) in enumerate(people)
    ]


def stories() -> list[Row]:
    now = timezone.now()
    told = (
        ("jordan", "Task moved from in progress to review: Draft release notes", "/tasks/4/"),
        ("Admin", "Added comment to task: Collect supplier prices for the quarterly comparison", "/tasks/1/"),
        ("scout", "Agent status changed to busy", ""),
    )
    return [
        Row(
            id=3 - place,
            actor_name=who,
            description=what,
            href=href,
            ref="TASK-042" if href else "",
            at=now - timedelta(minutes=place * 9),
        )
        for place, (who, what, href) in enumerate(told)
    ]


def signs() -> list[words.Sign]:
    return list(words.SIGNS.values())


def presences() -> list[words.Sign]:
    return list(dict.fromkeys(words.PRESENCE.values()))
