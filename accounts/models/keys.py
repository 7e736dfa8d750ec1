"""The programs that people let in."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.actors import Actor, Role

from .people import RoleWord, User, Workspace

KEY_PREFIX_LENGTH = 12


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self, now: datetime) -> Self:
        return self.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=now))

    def of_agent(self, workspace_id: int, agent_id: int) -> Self:
        return self.filter(workspace_id=workspace_id, agent_id=agent_id).order_by("-id")


class ApiKey(models.Model):
    """A program's credential. Only its SHA-256 is kept; the key itself is shown once, when it is made."""

    name = models.CharField(max_length=128, default="default")
    prefix = models.CharField(max_length=KEY_PREFIX_LENGTH)
    digest = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=10, choices=RoleWord, default=RoleWord.VIEWER)
    scopes = models.JSONField(default=list, blank=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="api_keys")
    # Plain columns, not a key to agents: keys stand below agents, and an agent's removal revokes its keys.
    agent_id = models.BigIntegerField(null=True, blank=True)
    agent_name = models.CharField(max_length=100, blank=True)
    # Whose word the key is: that person's role and name. Others are keys of programs.
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="api_keys")
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        indexes = [models.Index(fields=["agent_id"], condition=Q(agent_id__isnull=False), name="key_of_agent")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def as_actor(self) -> Actor | None:
        if self.user is not None:
            return self.user.as_actor() if self.user.may_sign_in else None
        role = Role.named(self.role)
        if not self.agent_id:
            at = (self.workspace_id, self.workspace.tenant_id)
            return Actor("key", self.id, "api", self.name, role, *at, key_id=self.id)
        return Actor(
            "agent",
            self.agent_id,
            f"agent:{self.agent_name}",
            self.agent_name,
            role,
            self.workspace_id,
            tenant_id=self.workspace.tenant_id,
            agent_name=self.agent_name,
            agent_id=self.agent_id,
            key_id=self.id,
        )


class GlobalKey(models.Model):
    """The administrator's key for programs once it was rotated: a single row. While there is none, the key is the
    environment's. `mask` is what may be shown of it."""

    digest = models.CharField(max_length=64)
    mask = models.CharField(max_length=32)
    rotated_at = models.DateTimeField()
    rotated_by = models.CharField(max_length=150)

    def __str__(self) -> str:
        return self.mask
