"""Projects number their tasks: `PA-001` is the first of the project whose prefix is PA."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.utils import timezone

from core.querysets import WorkspaceQuerySet

GENERAL = "general"


class ProjectQuerySet(WorkspaceQuerySet["Project"]):
    def active(self) -> Self:
        return self.filter(status=Project.Status.ACTIVE)


class Project(models.Model):
    class Status(models.TextChoices):
        ACTIVE = "active"
        ARCHIVED = "archived"

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="projects")
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=64)
    description = models.TextField(null=True, blank=True)  # noqa: DJ001 - the contract tells null from empty
    ticket_prefix = models.CharField(max_length=12)
    ticket_counter = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    color = models.CharField(max_length=32, null=True, blank=True)  # noqa: DJ001 - as above
    deadline = models.DateTimeField(null=True, blank=True)
    github_repo = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 - as above
    github_sync_enabled = models.BooleanField(default=False)
    github_labels_initialized = models.BooleanField(default=False)
    github_default_branch = models.CharField(max_length=200, default="main")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "slug"], name="project_slug_once_per_workspace"),
            models.UniqueConstraint(fields=["workspace", "ticket_prefix"], name="project_prefix_once_per_workspace"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_default(self) -> bool:
        """The project of tasks that name none: it can be neither archived nor deleted."""
        return self.slug == GENERAL


class Membership(models.Model):
    """An agent's place in a project, by name: the agent need not exist yet."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    agent_name = models.CharField(max_length=100)
    role = models.CharField(max_length=100, default="member")
    assigned_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "agent_name"], name="membership_once_per_project"),
        ]

    def __str__(self) -> str:
        return f"{self.agent_name} in {self.project_id}"
