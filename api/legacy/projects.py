"""Projects: the list that boards and clients filter by, and new ones."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Sum
from rest_framework.request import Request
from rest_framework.response import Response

from core.clock import seconds
from core.errors import Invalid
from projects.models import Membership, Project
from projects.services import create_project
from tasks.models import Tally

from .base import LegacyView
from .docs import describe

PREFIX = re.compile(r"[A-Z0-9]{1,12}\Z")
NOT_PREFIX = re.compile(r"[^A-Z0-9]")
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\Z")


class Projects(LegacyView):
    route = "projects"
    limited = frozenset({"POST"})

    @describe("Projects by name.", query=("includeArchived",), answers={200: "Projects"})
    def get(self, request: Request) -> Response:
        rows = Project.objects.in_workspace(self.actor.workspace_id).order_by("name")
        if self.query("includeArchived") != "1":
            rows = rows.active()
        counts = dict(
            Tally.objects.filter(workspace_id=self.actor.workspace_id).values_list("project_id").annotate(Sum("n"))
        )
        members: dict[int, list[str]] = {}
        for project_id, name in Membership.objects.filter(project__in=rows).values_list("project_id", "agent_name"):
            members.setdefault(project_id, []).append(name)
        shown = [
            {**_out(row), "task_count": counts.get(row.pk, 0), "assigned_agents": members.get(row.pk, [])}
            for row in rows
        ]
        return Response({"projects": shown})

    @describe("Add a project.", body="ProjectFields", answers={201: "ProjectAnswer"})
    def post(self, request: Request) -> Response:
        sent = self.sent()
        if not isinstance(sent, dict):
            raise Invalid("Invalid request body")
        name = sent.get("name")
        if not isinstance(name, str) or not name.strip():
            raise Invalid("Project name is required")
        name = name.strip()[:200]
        slug = sent.get("slug") or ""
        if slug and not (isinstance(slug, str) and SLUG.match(slug)):
            raise Invalid("Invalid project slug")
        prefix = sent.get("ticket_prefix") or sent.get("ticketPrefix") or NOT_PREFIX.sub("", name.upper())[:5]
        if not (isinstance(prefix, str) and PREFIX.match(prefix.upper())):
            raise Invalid("Invalid ticket prefix")
        color = sent.get("color")
        project = create_project(
            actor=self.actor,
            name=name,
            slug=slug,
            prefix=prefix.upper(),
            color=color[:32] if isinstance(color, str) else None,
        )
        return Response({"project": _out(project)}, status=201)


def _out(project: Project) -> dict[str, Any]:
    return {
        "id": project.pk,
        "workspace_id": project.workspace_id,
        "name": project.name,
        "slug": project.slug,
        "description": project.description,
        "ticket_prefix": project.ticket_prefix,
        "ticket_counter": project.ticket_counter,
        "status": project.status,
        "github_repo": None,
        "deadline": None,
        "color": project.color,
        "github_sync_enabled": 0,
        "github_labels_initialized": 0,
        "github_default_branch": "main",
        "created_at": seconds(project.created_at),
        "updated_at": seconds(project.updated_at),
    }
