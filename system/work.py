"""What the jobs of the schedule do: each returns one sentence about it. Safe to run at any time, twice at once, and to
be killed in between."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from accounts.jobs import forget_old_sessions
from accounts.services import open_default_workspace
from accounts.services.calls import forget_calls
from activity.audit import record_audit
from activity.housekeeping import look_at_the_data
from activity.retention import forget_transient, prune_all
from alerts.services import evaluate_everywhere
from connections.services import mark_stale_agents
from core.actors import Actor, system
from governance.services import budgets, deciding, detecting, liveness, notifying, permissions
from integrations.sessions import scanning
from tasks.words import STATUS_WORDS
from transcripts import retention as transcripts
from transcripts.services.spawning import expire_requests
from webhooks.retention import forget_old_deliveries
from webhooks.services import retry_due

from . import heartbeats, lookup
from .search.indexing import index_news
from .services.backups import create_backup, let_go_of_old
from .services.cleanup import clean_up
from .services.daily import write_dailies
from .services.heartbeats import skip_heartbeats

NAMES_TOLD = 20


def _scheduler() -> Actor:
    return system(open_default_workspace().pk, "scheduler")


def back_up(now: datetime) -> str:
    backup = create_backup(actor=_scheduler(), now=now, action="auto_backup")
    return f"Backup created ({round(backup.size / 1024)}KB)"


def clean(now: datetime) -> str:
    lines = clean_up(actor=_scheduler(), now=now, action="auto_cleanup")
    let_go_of_old(now=now)
    look_at_the_data()
    parts = [f"{line.table}: {line.rows}" for line in lines if line.rows]
    return f"Cleaned {sum(line.rows for line in lines)} stale records" + (f" ({', '.join(parts)})" if parts else "")


def check_heartbeats(now: datetime) -> str:
    if not heartbeats.are_on():
        return f"Heartbeats are switched off: {skip_heartbeats(now=now)} agents were told of"
    minutes = lookup.number("general.agent_timeout_minutes", low=0, high=365 * 24 * 60)
    marked = mark_stale_agents(now=now, silence=timedelta(minutes=minutes))
    if not marked:
        return "All agents healthy"
    _note_silence(Counter(workspace_id for workspace_id, _ in marked), now=now)
    names = ", ".join(name for _, name in marked[:NAMES_TOLD])
    return f"Marked {len(marked)} agent(s) offline: {names}" + (", …" if len(marked) > NAMES_TOLD else "")


@transaction.atomic
def _note_silence(counts: Counter[int], *, now: datetime) -> None:
    for workspace_id, n in sorted(counts.items()):
        actor = system(workspace_id, "scheduler")
        record_audit("heartbeat_check", actor=actor, at=now, detail={"marked_offline_count": n})


def retry_webhooks(now: datetime) -> str:
    """The sender does so by itself, all the time: what is found here is what it has not come to."""
    through, failed = retry_due(now=now)
    if not through + failed:
        return "No pending retries"
    return f"Processed {through + failed} retries ({through} ok, {failed} failed)"


def scan_local_sessions(now: datetime) -> str:
    return str(scanning.scan(now=now))


def deliver_notifications(now: datetime) -> str:
    arrived, failed = notifying.deliver_notifications(now=now)
    return f"Delivered {arrived} notifications, {failed} failed"


def watch_budgets(now: datetime) -> str:
    reset, freed = budgets.watch_budgets(now=now), len(liveness.end_timed(now=now))
    return f"Looked after {reset} budgets, let {freed} agents go on"


def find_loops(now: datetime) -> str:
    return f"Stopped {detecting.find_loops(now=now)} loops"


def expire_approvals(now: datetime) -> str:
    return f"Expired {deciding.expire_due(now=now)} approvals"


def expire_permissions(now: datetime) -> str:
    return f"Expired {permissions.expire_permissions(now=now)} permission requests"


def watch_agents(now: datetime) -> str:
    silence = timedelta(minutes=settings.OFFLINE_MINUTES) if heartbeats.are_on() else None
    changed = liveness.watch_agents(now=now, silence=silence)
    return f"Changed {changed} agents"


def write_standups(now: datetime) -> str:
    return f"Wrote {write_dailies(now=now)} reports"


def evaluate_rules(now: datetime) -> str:
    outcomes = evaluate_everywhere(now=now, status_words=STATUS_WORDS)
    return f"Judged {len(outcomes)} rules, {sum(outcome.triggered for outcome in outcomes)} triggered"


def forget_what_is_over(now: datetime) -> str:
    return f"Forgot {forget_calls(now=now)} idempotency keys and {prune_all(now=now)} events"


def forget_agent_output(now: datetime) -> str:
    return f"Forgot {forget_transient(now=now)} events of agents at work"


def forget_transcripts(now: datetime) -> str:
    return f"Forgot {transcripts.forget_old(now=now)} entries"


def expire_spawn_requests(now: datetime) -> str:
    return f"Expired {expire_requests(now=now)} spawn requests"


def forget_deliveries(now: datetime) -> str:
    return f"Forgot {forget_old_deliveries(now=now)} deliveries"


def forget_sessions(now: datetime) -> str:
    return f"Forgot {forget_old_sessions(now=now)} sessions"


def take_in_what_is_new(now: datetime) -> str:
    index_news(now=now)
    return "The search knows what is new"
