"""People, their sessions, and the workspaces they live in."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.actors import Actor, Role

# Where the installation itself is looked after: its people, its keys without a workspace of their own.
DEFAULT_WORKSPACE = 1


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
    def known_to_google(self, *, subject: str, email: str) -> User | None:
        """The person behind a Google identity. One whose identity is not noted yet is found by address."""
        google = self.filter(provider="google").select_related("workspace")
        found = google.filter(provider_user_id=subject).first()
        return found or google.filter(provider_user_id=None, email__iexact=email).order_by("id").first()

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
    provider_user_id = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 - unique when given
    avatar_url = models.URLField(max_length=2000, null=True, blank=True)  # noqa: DJ001 - as above
    is_approved = models.BooleanField(default=True)
    approved_by = models.CharField(max_length=150, blank=True, default="")
    approved_at = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "provider_user_id"],
                condition=Q(provider_user_id__isnull=False),
                name="one_person_per_identity",
            )
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def is_staff(self) -> bool:
        """The admin site shows every workspace, so only administrators of the default one see it."""
        return self.role == RoleWord.ADMIN and self.workspace_id == DEFAULT_WORKSPACE

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
        from accounts.sessions import SessionStore

        return SessionStore


class AccessRequestQuerySet(models.QuerySet["AccessRequest"]):
    def listed(self, workspace_id: int) -> Self:
        """What waits first, then by the last attempt."""
        waiting = models.Case(models.When(status="pending", then=0), default=1)
        return self.filter(workspace_id=workspace_id).order_by(waiting, "-last_attempt_at", "-id")


class AccessRequest(models.Model):
    """Somebody signed in with Google whom no administrator has let in yet."""

    class Status(models.TextChoices):
        PENDING = "pending"
        APPROVED = "approved"
        REJECTED = "rejected"

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="access_requests")
    provider = models.CharField(max_length=10, default="google")
    email = models.EmailField()
    provider_user_id = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 - the contract tells null
    display_name = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 - as above
    avatar_url = models.URLField(max_length=2000, null=True, blank=True)  # noqa: DJ001 - as above
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    requested_at = models.DateTimeField()
    last_attempt_at = models.DateTimeField()
    attempt_count = models.PositiveIntegerField(default=1)
    reviewed_by = models.CharField(max_length=150, null=True, blank=True)  # noqa: DJ001 - as above
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review_note = models.TextField(null=True, blank=True)  # noqa: DJ001 - as above
    approved_user_id = models.BigIntegerField(null=True, blank=True)

    objects = AccessRequestQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["email", "provider"], name="one_request_per_address")]
        indexes = [models.Index(fields=["workspace", "status", "-last_attempt_at"], name="requests_of_workspace")]

    def __str__(self) -> str:
        return self.email
