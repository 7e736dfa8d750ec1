from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models

# A session in which something was said within this time is at work.
ACTIVE = timedelta(minutes=15)


class LocalSessionQuerySet(models.QuerySet["LocalSession"]):
    def active_at(self, now: datetime) -> Self:
        return self.filter(last_message_at__gt=now - ACTIVE)


class LocalSession(models.Model):
    """A session of a coding tool on this machine, as its log tells. `input_tokens` includes what went through the
    model's cache; money is whole micro-dollars."""

    class Tool(models.TextChoices):
        CLAUDE = "claude-code"
        CODEX = "codex-cli"

    tool = models.CharField(max_length=16, choices=Tool)
    session_id = models.CharField(max_length=200)
    project_slug = models.CharField(max_length=255)
    project_path = models.TextField(null=True)  # noqa: DJ001 - the contract tells null from empty, here and below
    model = models.CharField(max_length=200, null=True)  # noqa: DJ001
    git_branch = models.CharField(max_length=255, null=True)  # noqa: DJ001
    user_messages = models.PositiveIntegerField(default=0)
    assistant_messages = models.PositiveIntegerField(default=0)
    tool_uses = models.PositiveIntegerField(default=0)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cost_microusd = models.BigIntegerField(default=0)
    first_message_at = models.DateTimeField(null=True)
    last_message_at = models.DateTimeField(null=True)
    last_user_prompt = models.TextField(null=True)  # noqa: DJ001
    scanned_at = models.DateTimeField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = LocalSessionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tool", "session_id"], name="local_session_once")]
        indexes = [models.Index(fields=["-last_message_at", "-id"], name="local_session_newest")]

    def __str__(self) -> str:
        return f"{self.tool} {self.session_id}"

    def is_active(self, now: datetime) -> bool:
        return self.last_message_at is not None and self.last_message_at > now - ACTIVE


class SessionFile(models.Model):
    """How far one log has been read. `beginning` is a digest of its first `fingerprinted` bytes: when those change, it
    is another file. `is_skipping`: amid a line that is too long to be read. `tally` is what was read so far."""

    host = models.CharField(max_length=255)
    path = models.CharField(max_length=700)
    tool = models.CharField(max_length=16, choices=LocalSession.Tool)
    session = models.ForeignKey(LocalSession, null=True, on_delete=models.SET_NULL, related_name="files")
    size = models.BigIntegerField()
    modified_ns = models.BigIntegerField()
    offset = models.BigIntegerField(default=0)
    is_skipping = models.BooleanField(default=False)
    fingerprinted = models.PositiveIntegerField(default=0)
    beginning = models.CharField(max_length=64, default="", blank=True)
    tally = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["host", "tool", "path"], name="session_file_once")]

    def __str__(self) -> str:
        return self.path


class CountedMessage(models.Model):
    """A message whose usage is booked, by a digest of what names it: logs copy each other's lines."""

    digest = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="counted_message_at")]

    def __str__(self) -> str:
        return str(self.digest)
