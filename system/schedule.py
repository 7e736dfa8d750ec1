"""The schedule: every job of the worker, how often it runs, and what switches it on and off.

Deliveries to webhooks are no job: a thread of the worker sends them as soon as they are due.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

from django.conf import settings

from governance.models import Permission
from integrations.sessions import scanning
from notifications import outward

from . import lookup, work
from .search.indexing import is_behind

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
Contract = Literal["legacy", "v1", "product"]


@dataclass(frozen=True, slots=True)
class Job:
    """`run` returns one sentence about what it did. `at` (UTC) makes a job daily. With `wanted`, which must be quick,
    it runs only when that says that there is something to do."""

    id: str
    name: str
    what: str
    run: Callable[[datetime], str]
    seconds: int = DAY
    at: time | None = None
    of: Contract = "product"
    switch: str = ""
    wanted: Callable[[datetime], bool] | None = None

    @property
    def setting(self) -> str:
        """The one that switches it; what nobody has set is on, unless the setting has a default that says otherwise."""
        return self.switch or f"jobs.{self.id}"

    @property
    def enabled(self) -> bool:
        return (lookup.value(self.setting) or "true") == "true"

    @property
    def rhythm(self) -> str:
        if self.at is not None:
            return f"daily at {self.at:%H:%M} UTC"
        unit, word = next((n, word) for n, word in ((HOUR, "h"), (MINUTE, "min"), (1, "s")) if self.seconds % n == 0)
        return f"every {self.seconds // unit} {word}"

    def next_run(self, after: datetime) -> datetime:
        if self.at is None:
            return after + timedelta(seconds=self.seconds)
        today = datetime.combine(after.date(), self.at, tzinfo=after.tzinfo)
        return today if today > after else today + timedelta(days=1)


JOBS: dict[str, Job] = {
    job.id: job
    for job in (
        Job("auto_backup", "Auto Backup", "Copies the database, and removes the oldest copies",
            work.back_up, at=time(3), of="legacy", switch="general.auto_backup"),
        Job("auto_cleanup", "Auto Cleanup", "Removes what is older than it is kept",
            work.clean, at=time(4), of="legacy", switch="general.auto_cleanup"),
        Job("agent_heartbeat", "Agent Heartbeat Check", "Marks agents offline that fell silent",
            work.check_heartbeats, settings.SWEEP_SECONDS, of="legacy", switch="general.agent_heartbeat"),
        Job("webhook_retry", "Webhook Retry", "Sends what webhooks did not take, should the sender not have come to it",
            work.retry_webhooks, MINUTE, of="legacy", switch="webhooks.retry_enabled"),
        Job("claude_session_scan", "Claude Session Scan", "Reads what is new in the logs of coding tools here",
            work.scan_local_sessions, settings.SESSION_SCAN_SECONDS, of="legacy", switch="general.claude_session_scan",
            wanted=scanning.is_anything_new),
        Job("notification_delivery", "Notification Delivery", "Tells people by Telegram, Slack and e-mail",
            work.deliver_notifications, 5, of="v1", wanted=lambda now: outward.anything_due(now=now)),
        Job("budget_monitor", "Budget Monitor", "Begins the day's budgets anew, and ends pauses whose time is over",
            work.watch_budgets, MINUTE, of="v1"),
        Job("loop_detector", "Loop Detector", "Stops tasks on which work goes round in circles",
            work.find_loops, 30, of="v1"),
        Job("approval_expirer", "Approval Expirer", "Expires what nobody decided in time",
            work.expire_approvals, MINUTE, of="v1"),
        Job("permission_expirer", "Permission Expirer", "Expires permission requests that nobody answered in time",
            work.expire_permissions, 5, wanted=lambda now: Permission.objects.undecided_at(now).exists()),
        Job("standup", "Daily Standup", "Writes the day's report once it is time",
            work.write_standups, 10 * MINUTE, of="v1"),
        Job("liveness", "Liveness", "Marks agents offline and retires those whose time is over",
            work.watch_agents, MINUTE, of="v1"),
        Job("cleanup", "Keys and Events", "Forgets idempotency keys and events that are no longer kept",
            work.forget_what_is_over, HOUR, of="v1"),
        Job("agent_output", "Agent Output", "Forgets what agents said an hour ago",
            work.forget_agent_output, MINUTE),
        Job("transcripts", "Transcripts", "Forgets what there is too much of in the logs of agents",
            work.forget_transcripts, 10 * MINUTE),
        Job("spawn_requests", "Spawn Requests", "Expires wishes for agents that nobody answered in time",
            work.expire_spawn_requests, MINUTE),
        Job("alert_rules", "Alert Rules", "Judges the alert rules, and tells of those that are met",
            work.evaluate_rules, MINUTE),
        Job("session_cleanup", "Sessions", "Forgets browser sessions that have ended", work.forget_sessions, HOUR),
        Job("webhook_history", "Webhook History", "Forgets deliveries to webhooks that are no longer kept",
            work.forget_deliveries),
        Job("search_index", "Search Index", "Takes in what is new",
            work.take_in_what_is_new, 10, wanted=lambda now: is_behind()),
    )
}  # fmt: skip
# What clients of the legacy dialect know as the scheduler.
LISTED: dict[str, Job] = {id: job for id, job in JOBS.items() if job.of == "legacy"}
