"""People, the programs they let in, and the workspaces both live in."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.actors import Actor, Role

KEY_PREFIX_LENGTH = 12


class Tenant(models.Model):
    """Who owns workspaces. The columns from `linux_user` on describe the installation of its own that it may have."""

    class Status(models.TextChoices):
        PENDING = "pending"
        PROVISIONING = "provisioning"
        DECOMMISSIONING = "decommissioning"
        ACTIVE = "active"
        SUSPENDED = "suspended"
        ERROR = "error"

    slug = models.SlugField(max_length=64, unique=True)
    display_name = models.CharField(max_length=200)
    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE)
    linux_user = models.CharField(max_length=64, unique=True, null=True, blank=True)  # noqa: DJ001 - unique when given
    plan_tier = models.CharField(max_length=64, default="standard")
    openclaw_home = models.CharField(max_length=500, blank=True, default="")
    workspace_root = models.CharField(max_length=500, blank=True, default="")
    gateway_port = models.PositiveIntegerField(null=True, blank=True)
    dashboard_port = models.PositiveIntegerField(null=True, blank=True)
    config = models.JSONField(default=dict, blank=True)
    created_by = models.CharField(max_length=150, default="system")
    owner_gateway = models.CharField(max_length=120, null=True, blank=True)  # noqa: DJ001 - the contract tells null
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.display_name


class Workspace(models.Model):
    """Every row of business belongs to one; a credential sees one."""

    class Isolation(models.TextChoices):
        SHARED = "shared"
        STRICT = "strict"

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="workspaces")
    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    brand = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001 - the contract tells null from empty
    isolation = models.CharField(max_length=10, choices=Isolation, default=Isolation.SHARED)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name


class RoleWord(models.TextChoices):
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class UserManager(BaseUserManager["User"]):
    def create_superuser(self, username: str, password: str, **fields: Any) -> User:
        fields.setdefault("workspace", Workspace.objects.order_by("id").first())
        user = User(username=username, role=RoleWord.ADMIN, display_name=username.capitalize(), **fields)
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser):
    username = models.CharField(max_length=150, unique=True)
    display_name = models.CharField(max_length=200)
    email = models.EmailField(null=True, blank=True)  # noqa: DJ001 - the contract tells null from empty
    role = models.CharField(max_length=10, choices=RoleWord, default=RoleWord.OPERATOR)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="users")
    provider = models.CharField(max_length=10, default="local")
    avatar_url = models.URLField(null=True, blank=True)  # noqa: DJ001 - as above
    is_approved = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.username

    @property
    def is_staff(self) -> bool:
        """Administrators, and nobody else, see the admin site."""
        return self.role == RoleWord.ADMIN

    @property
    def is_superuser(self) -> bool:
        return self.is_staff

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_active and self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_staff

    @property
    def may_sign_in(self) -> bool:
        return self.is_active and self.is_approved

    def as_actor(self) -> Actor:
        return Actor(
            "user",
            self.id,
            self.username,
            self.display_name,
            Role.named(self.role),
            self.workspace_id,
            tenant_id=self.workspace.tenant_id,
            provider=self.provider,
            email=self.email,
        )


class Session(AbstractBaseSession):
    """A browser's sign-in. `session_key` holds the SHA-256 of the cookie, so that a leaked table opens no door."""

    session_key = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="sessions")

    @classmethod
    def get_session_store_class(cls) -> Any:
        from .sessions import SessionStore

        return SessionStore


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self, now: datetime) -> Self:
        return self.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=now))


class ApiKey(models.Model):
    """A program's credential. Only its SHA-256 is kept; the key itself is shown once, when it is made."""

    name = models.CharField(max_length=128, default="default")
    prefix = models.CharField(max_length=KEY_PREFIX_LENGTH)
    digest = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=10, choices=RoleWord, default=RoleWord.VIEWER)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="api_keys")
    # Plain columns, not a key to agents: keys stand below agents, and an agent's removal revokes its keys.
    agent_id = models.BigIntegerField(null=True, blank=True)
    agent_name = models.CharField(max_length=100, blank=True)
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

    def as_actor(self) -> Actor:
        role = Role.named(self.role)
        if not self.agent_id:
            return Actor("key", self.id, "api", self.name, role, self.workspace_id, self.workspace.tenant_id)
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
        )
