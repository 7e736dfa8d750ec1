"""The jobs that administrators see and switch: what each does, how often, and whether it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import transaction

from accounts.services import open_default_workspace
from activity.audit import record_audit
from activity.housekeeping import look_at_the_data
from connections.services import mark_stale_agents
from core.actors import Actor, system
from webhooks.services import retry_due

from . import lookup
from .services.backups import create_backup
from .services.cleanup import clean_up

NAMES_TOLD = 20


@dataclass(frozen=True, slots=True)
class Job:
    """`run` returns one sentence about what it did. `hour` (UTC) makes a job daily."""

    id: str
    name: str
    setting: str
    run: Callable[[datetime], str]
    hour: int | None = None
    seconds: int = 24 * 3600

    @property
    def enabled(self) -> bool:
        return lookup.flag(self.setting)

    def next_run(self, after: datetime) -> datetime:
        if self.hour is None:
            return after + timedelta(seconds=self.seconds)
        today = datetime.combine(after.date(), time(self.hour), tzinfo=after.tzinfo)
        return today if today > after else today + timedelta(days=1)


def _scheduler() -> Actor:
    return system(open_default_workspace().pk, "scheduler")


def back_up(now: datetime) -> str:
    backup = create_backup(actor=_scheduler(), now=now, action="auto_backup")
    return f"Backup created ({round(backup.size / 1024)}KB)"


def clean(now: datetime) -> str:
    lines = clean_up(actor=_scheduler(), now=now, action="auto_cleanup")
    look_at_the_data()
    parts = [f"{line.table}: {line.rows}" for line in lines if line.rows]
    return f"Cleaned {sum(line.rows for line in lines)} stale records" + (f" ({', '.join(parts)})" if parts else "")


def check_heartbeats(now: datetime) -> str:
    minutes = lookup.number("general.agent_timeout_minutes", low=0, high=365 * 24 * 60)
    marked = mark_stale_agents(now=now, silence=timedelta(minutes=minutes))
    if not marked:
        return "All agents healthy"
    _note_silence(Counter(workspace_id for workspace_id, _ in marked), now=now)
    names = ", ".join(name for _, name in marked[:NAMES_TOLD])
    return f"Marked {len(marked)} agent(s) offline: {names}" + (", …" if len(marked) > NAMES_TOLD else "")


def retry_webhooks(now: datetime) -> str:
    """The sender does so by itself, all the time: what is found here is what it has not come to."""
    through, failed = retry_due(now=now)
    if not through + failed:
        return "No pending retries"
    return f"Processed {through + failed} retries ({through} ok, {failed} failed)"


@transaction.atomic
def _note_silence(counts: Counter[int], *, now: datetime) -> None:
    for workspace_id, n in sorted(counts.items()):
        actor = system(workspace_id, "scheduler")
        record_audit("heartbeat_check", actor=actor, at=now, detail={"marked_offline_count": n})


JOBS: dict[str, Job] = {
    job.id: job
    for job in (
        Job("auto_backup", "Auto Backup", "general.auto_backup", back_up, hour=3),
        Job("auto_cleanup", "Auto Cleanup", "general.auto_cleanup", clean, hour=4),
        Job(
            "agent_heartbeat",
            "Agent Heartbeat Check",
            "general.agent_heartbeat",
            check_heartbeats,
            seconds=settings.SWEEP_SECONDS,
        ),
        Job("webhook_retry", "Webhook Retry", "webhooks.retry_enabled", retry_webhooks, seconds=60),
    )
}
