"""What every table whose rows belong to a workspace can be asked."""

from __future__ import annotations

from typing import Self, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)


class WorkspaceQuerySet(models.QuerySet[M]):
    def in_workspace(self, workspace_id: int) -> Self:
        return self.filter(workspace_id=workspace_id)
