"""The workers of the fleet, and the pulse that shows whether they live."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

from django.db import connections, models
from django.db.models import Q
from django.utils import timezone

from agents.pulse import Pulse
from core.clock import milliseconds
from core.ids import LARGEST_ID
from core.querysets import WorkspaceQuerySet
from core.rows import ask, places

LONGEST_NAME = 100
# In the order of the model's fields, as from_db expects.
BEAT_COLUMNS = (
    "id", "workspace_id", "name", "status", "pulse_minute", "pulse_beats", "pulse_work", "pulse_errors",
)  # fmt: skip


def _numbers_and_names(keys: Iterable[str]) -> tuple[set[int], set[str]]:
    numbers = {int(key) for key in keys if is_number(key) and int(key) <= LARGEST_ID}
    # No name holds a NUL, and PostgreSQL refuses to look for one.
    return numbers, {key for key in keys if not is_number(key) and "\0" not in key}


def handle_of(name: str) -> str:
    """What `@` finds an agent by: its name in lower case, which can be longer, with hyphens for blanks."""
    return name.lower().replace(" ", "-")[:LONGEST_NAME]


def public_id_in(config: dict[str, Any]) -> str:
    """The name that an agent's configuration gives it outside of this server, or the empty text."""
    value = config.get("openclawId")
    return value if isinstance(value, str) else ""


def is_number(key: str) -> bool:
    """Whether the key of a path is an id: all digits, and not absurdly many."""
    return key.isascii() and key.isdigit() and len(key) < 100


class AgentQuerySet(WorkspaceQuerySet["Agent"]):
    def visible(self) -> Self:
        return self.filter(hidden=False)

    def for_beats(self, workspace_id: int, keys: Iterable[str]) -> list[Agent]:
        """As `called_any`, with only what a beat looks at and writes: texts and configuration can be large. The
        statement is written out because building it would take longer than running it."""
        head = f"SELECT {', '.join(BEAT_COLUMNS)} FROM {self.model._meta.db_table} WHERE"
        numbers, names = (list(some) for some in _numbers_and_names(keys))
        # Ids and names apart, and ids without the workspace: else the database might read every agent of it.
        found = ask(f"{head} id IN ({places(numbers)})", numbers) if numbers else []
        if names:
            found += ask(f"{head} workspace_id = %s AND name IN ({places(names)})", [workspace_id, *names])
        agents = (self.model.from_db(self.db, BEAT_COLUMNS, row) for row in found)
        return [agent for agent in agents if agent.workspace_id == workspace_id]

    def silent_since(self, moment: datetime) -> Self:
        """Not offline yet, and not heard of since `moment`."""
        return self.filter(~Q(status=Agent.Status.OFFLINE), heard_at__lt=moment)

    def called(self, workspace_id: int, key: str) -> Self:
        """By the path key of the legacy API: digits are an id, anything else an exact name."""
        return self.called_any(workspace_id, [key])

    def called_any(self, workspace_id: int, keys: Iterable[str]) -> Self:
        numbers, names = _numbers_and_names(keys)
        rows = self.in_workspace(workspace_id)
        if not names:
            return rows.filter(id__in=numbers)
        return rows.filter(name__in=names) if not numbers else rows.filter(Q(id__in=numbers) | Q(name__in=names))

    def save_signs_of_life(self, agents: Iterable[Agent]) -> None:
        """One prepared statement for all: a beat is the most frequent write there is."""
        table = self.model._meta.db_table
        with connections[self.db].cursor() as cursor:
            adapt = connections[self.db].ops.adapt_datetimefield_value
            cursor.executemany(
                f"UPDATE {table} SET status=%s, last_seen=%s, heard_at=%s, last_activity=%s, pulse_minute=%s,"
                " pulse_beats=%s, pulse_work=%s, pulse_errors=%s WHERE id=%s",
                [
                    (
                        a.status,
                        adapt(a.last_seen),
                        adapt(a.heard_at),
                        a.last_activity,
                        a.pulse_minute,
                        a.pulse_beats,
                        a.pulse_work,
                        a.pulse_errors,
                        a.pk,
                    )
                    # By id, so that two processes on PostgreSQL take the row locks in the same order.
                    for a in sorted(agents, key=lambda agent: agent.pk)
                ],
            )


class Agent(models.Model):
    """`status` is presence, as the agent's own doings show it."""

    class Status(models.TextChoices):
        OFFLINE = "offline"
        ONLINE = "online"
        BUSY = "busy"
        IDLE = "idle"
        ERROR = "error"
        ACTIVE = "active"

    class Runtime(models.TextChoices):
        HERMES = "hermes"
        OPENCLAW = "openclaw"
        CLAUDE = "claude"
        CODEX = "codex"
        CUSTOM = "custom"

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="agents", db_index=False)
    name = models.CharField(max_length=LONGEST_NAME)
    slug = models.CharField(max_length=110)
    handle = models.CharField(max_length=LONGEST_NAME)
    # Under which the log and the comments speak of it still.
    former_names = models.JSONField(default=list)
    role = models.CharField(max_length=100)
    session_key = models.CharField(max_length=200, null=True, unique=True)  # noqa: DJ001 - unique unless absent
    soul_content = models.TextField(null=True)  # noqa: DJ001 - the contract tells null from empty
    status = models.CharField(max_length=20, default=Status.OFFLINE)
    last_seen = models.DateTimeField(null=True)
    # When anything was heard of it; unlike last_seen, a connect counts too.
    heard_at = models.DateTimeField(default=timezone.now)
    last_activity = models.TextField(null=True)  # noqa: DJ001
    config = models.JSONField(default=dict)
    source = models.CharField(max_length=20, default="manual")
    content_hash = models.CharField(max_length=64, null=True)  # noqa: DJ001
    workspace_path = models.CharField(max_length=1024, null=True)  # noqa: DJ001
    hidden = models.BooleanField(default=False)
    working_memory = models.TextField(default="", blank=True)
    runtime_type = models.CharField(max_length=20, null=True)  # noqa: DJ001
    claude_base_session_id = models.CharField(max_length=100, null=True)  # noqa: DJ001
    claude_base_session_created_at = models.CharField(max_length=40, null=True)  # noqa: DJ001
    pulse_minute = models.BigIntegerField(default=0)
    pulse_beats = models.BigIntegerField(default=0)
    pulse_work = models.BigIntegerField(default=0)
    pulse_errors = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = AgentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="agent_name_once_per_workspace"),
            models.UniqueConstraint(fields=["workspace", "slug"], name="agent_slug_once_per_workspace"),
        ]
        indexes = [
            models.Index(fields=["workspace", "handle"], name="agent_handle"),
            models.Index(fields=["workspace", "hidden"], name="agent_hidden"),
            models.Index(fields=["workspace", "-created_at", "id"], name="agent_newest"),
            models.Index(fields=["heard_at"], condition=~Q(status="offline"), name="agent_heard_of"),
        ]

    def __str__(self) -> str:
        return self.name

    def pulse(self, now: datetime) -> list[str]:
        """Sixty words, one a minute, oldest first: `work`, `beat`, `error` or `silent`."""
        return self.pulse_now.ticks(now)

    @property
    def pulse_now(self) -> Pulse:
        return Pulse(self.pulse_minute, self.pulse_beats, self.pulse_work, self.pulse_errors)

    def set_pulse(self, pulse: Pulse) -> None:
        self.pulse_minute, self.pulse_beats = pulse.minute, pulse.beats
        self.pulse_work, self.pulse_errors = pulse.work, pulse.errors

    @property
    def names(self) -> tuple[str, ...]:
        """All that it has had, the present one first; what another agent is called by now is that one's."""
        if not self.former_names:
            return (self.name,)
        taken = Agent.objects.filter(workspace_id=self.workspace_id, name__in=self.former_names)
        others = set(taken.exclude(pk=self.pk).values_list("name", flat=True))
        return (self.name, *(name for name in self.former_names if name not in others and name != self.name))

    def snapshot(self) -> dict[str, Any]:
        """What the log keeps of an agent: every public column, times in milliseconds."""
        return {
            "id": self.pk,
            "name": self.name,
            "slug": self.slug,
            "role": self.role,
            "session_key": self.session_key,
            "soul_content": self.soul_content,
            "status": self.status,
            "last_seen": self.last_seen and milliseconds(self.last_seen),
            "last_activity": self.last_activity,
            "created_at": milliseconds(self.created_at),
            "updated_at": milliseconds(self.updated_at),
            "config": self.config,
            "workspace_id": self.workspace_id,
            "source": self.source,
            "content_hash": self.content_hash,
            "workspace_path": self.workspace_path,
            "hidden": self.hidden,
            "working_memory": self.working_memory,
            "runtime_type": self.runtime_type,
            "claude_base_session_id": self.claude_base_session_id,
            "claude_base_session_created_at": self.claude_base_session_created_at,
        }
