"""How an agent is reached: here, a direct connection of a command line tool."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from core.clock import seconds


class Connection(models.Model):
    class Status(models.TextChoices):
        CONNECTED = "connected"
        DISCONNECTED = "disconnected"

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    agent = models.ForeignKey("agents.Agent", on_delete=models.CASCADE, related_name="connections")
    connection_id = models.UUIDField(default=uuid.uuid4, unique=True)
    tool_name = models.CharField(max_length=100)
    tool_version = models.CharField(max_length=50, null=True)  # noqa: DJ001 - the contract tells null from empty
    status = models.CharField(max_length=12, choices=Status, default=Status.CONNECTED)
    last_heartbeat = models.DateTimeField(null=True)
    metadata = models.TextField(null=True)  # noqa: DJ001 - JSON text, handed back as it came
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["agent"], condition=Q(status="connected"), name="connection_live"),
            models.Index(fields=["workspace", "-id"], name="connection_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.tool_name} {self.connection_id}"

    def as_row(self) -> dict[str, object]:
        return {
            "id": self.pk,
            "agent_id": self.agent_id,
            "tool_name": self.tool_name,
            "tool_version": self.tool_version,
            "connection_id": str(self.connection_id),
            "status": self.status,
            "last_heartbeat": seconds(self.last_heartbeat),
            "metadata": self.metadata,
            "created_at": seconds(self.created_at),
            "updated_at": seconds(self.updated_at),
            "workspace_id": self.workspace_id,
        }
