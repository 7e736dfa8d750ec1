"""The event log. Append-only; everything that tells anybody about a change reads from here."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import connection, models
from django.db.models.expressions import RawSQL

from core.cause import Cause
from core.ids import parse_ref
from core.rows import adapted, ask

from .catalogue import TRANSIENT
from .settled import horizon

# Written into statements and not passed to them: SQLite then knows at once which index holds these rows alone, and
# need not look at each row again.
STORY, AUDITED = "kind = 'activity.created'", "kind = 'audit.recorded'"
FLEETING = tuple(sorted(kind.value for kind in TRANSIENT))
PASSING = f"kind IN {FLEETING!r}"
# Kinds that no timeline tells of one by one: most of the log.
ROUTINE = ("activity.created", "agent.presence_changed", "audit.recorded", "notification.created", *FLEETING)
NOTEWORTHY = f"NOT (kind IN {ROUTINE!r})"
# What every dialect shows of a story.
STORY_COLUMNS = ("id", "type", "subject", "actor", "description", "data", "at", "workspace_id")


class EventQuerySet(models.QuerySet["Event"]):
    def settled(self) -> Self:
        """Rows that no running transaction can still get in front of."""
        end = horizon()
        return self if end is None else self.filter(id__lte=end)

    def after(self, position: int) -> Self:
        return self.filter(id__gt=position).order_by("id")

    def transient(self) -> Self:
        """What is told to whoever listens, and forgotten soon."""
        return self.filter(_literally(PASSING))

    def durable(self) -> Self:
        return self.filter(_literally(f"NOT ({PASSING})"))

    def stories(self, workspace_id: int) -> Self:
        """The rows that people read: one sentence each, newest first."""
        return self.filter(_literally(STORY), workspace_id=workspace_id).order_by("-id")

    def stories_by(self, what: str, workspace_id: int, *, since: datetime) -> list[tuple[str, int]]:
        """How many stories each `type`, `actor` or `hour` (as `2026-03-01T09`) had, the most first.

        Written out, and read before it is grouped: SQLite would rather walk through the whole log in the order of
        the groups.
        """
        column = hour_of_event() if what == "hour" else what
        return ask(
            f"WITH told AS MATERIALIZED (SELECT {column} AS what FROM {self.model._meta.db_table}"
            f" WHERE {STORY} AND workspace_id = %s AND at >= %s)"
            " SELECT what, count(*) FROM told GROUP BY what ORDER BY 2 DESC, 1",
            [workspace_id, adapted(since)],
        )

    def audit(self, workspace_id: int) -> Self:
        """The rows that administrators read, newest first; `type` holds the action."""
        return self.filter(_literally(AUDITED), workspace_id=workspace_id).order_by("-at", "-id")

    def of_agent(self, agent_id: int) -> tuple[Self, Self]:
        """The noteworthy rows about an agent, and those of its own doing: asked apart, since each has its index."""
        rows = self.filter(_literally(NOTEWORTHY))
        return rows.filter(agent_id=agent_id), rows.filter(actor=f"agent:{agent_id}")


def _literally(condition: str) -> RawSQL:
    return RawSQL(condition, (), output_field=models.BooleanField())


def hour_of_event() -> str:
    """SQL for the hour (UTC) of a row of the log, as `2026-03-01T09`. The ORM would make SQLite call back for each."""
    if connection.vendor == "postgresql":
        return """to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24')"""
    return "replace(substr(at, 1, 13), ' ', 'T')"


class Event(models.Model):
    """One domain change. `subject` names its row (`task:12`) without a key, since history outlives its objects.

    `type` is filled on stories (`activity.created`) and audit rows, `description` on stories only.
    """

    kind = models.CharField(max_length=48)
    at = models.DateTimeField()
    workspace_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=200)
    subject = models.CharField(max_length=64)
    agent_id = models.BigIntegerField(null=True)
    task_id = models.BigIntegerField(null=True)
    type = models.CharField(max_length=48, blank=True, default="")
    description = models.TextField(blank=True, default="")
    data = models.JSONField(null=True)
    # The request or the run of a job that it was recorded in, and where that stands in a trace, if there are traces.
    request_id = models.CharField(max_length=64, null=True)  # noqa: DJ001 - costs nothing where there is none
    traceparent = models.CharField(max_length=55, null=True)  # noqa: DJ001 - as the request's id

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["workspace_id", "-id"], condition=models.Q(kind="activity.created"), name="event_stories"
            ),
            models.Index(
                fields=["workspace_id", "type", "-id"],
                condition=models.Q(kind="activity.created"),
                name="event_stories_by_type",
            ),
            # Its keys alone say how much happened in a span of time, of which type and by whom.
            models.Index(
                fields=["workspace_id", "at", "type", "actor"],
                condition=models.Q(kind="activity.created"),
                name="event_stories_in_time",
            ),
            models.Index(
                fields=["workspace_id", "actor", "at", "type"],
                condition=models.Q(kind="activity.created"),
                name="event_stories_by_actor",
            ),
            models.Index(
                fields=["agent_id", "-at", "-id"],
                condition=models.Q(kind="activity.created", agent_id__isnull=False),
                name="event_stories_of_agent",
            ),
            # With `kind`, so that counting needs no row: SQLite would look at it again.
            models.Index(
                fields=["workspace_id", "-at", "-id", "kind"],
                condition=models.Q(kind="audit.recorded"),
                name="event_audit",
            ),
            models.Index(
                fields=["workspace_id", "type", "-at", "-id", "kind"],
                condition=models.Q(kind="audit.recorded"),
                name="event_audit_by_type",
            ),
            models.Index(
                fields=["workspace_id", "actor", "-at", "-id", "kind"],
                condition=models.Q(kind="audit.recorded"),
                name="event_audit_by_actor",
            ),
            models.Index(
                fields=["agent_id", "-id"],
                condition=~models.Q(kind__in=ROUTINE) & models.Q(agent_id__isnull=False),
                name="event_told_of_agent",
            ),
            models.Index(fields=["actor", "-id"], condition=~models.Q(kind__in=ROUTINE), name="event_told_by_actor"),
            models.Index(fields=["at"], condition=models.Q(kind__in=FLEETING), name="event_transient"),
            models.Index(fields=["task_id", "id"], condition=models.Q(task_id__isnull=False), name="event_of_task"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.kind} {self.subject}"

    def because_of(self, cause: Cause | None) -> None:
        if cause is not None and self.request_id is None:
            self.request_id, self.traceparent = cause.request_id, cause.traceparent

    @property
    def entity(self) -> tuple[str, int]:
        return parse_ref(self.subject)


class ReaderQuerySet(models.QuerySet["Reader"]):
    def seen_since(self, moment: datetime) -> Self:
        return self.filter(seen_at__gte=moment)


class Reader(models.Model):
    """How far a reader of the log has come. The cursor moves in the transaction of the reader's effects."""

    name = models.CharField(max_length=100, primary_key=True)
    position = models.BigIntegerField(default=0)
    seen_at = models.DateTimeField(null=True)

    objects = ReaderQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} at {self.position}"


class Lease(models.Model):
    """Who may run a job now. Held by one process until it lapses, so that jobs never run twice at once."""

    name = models.CharField(max_length=100, primary_key=True)
    holder = models.CharField(max_length=100)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"
