"""Projects: the list that boards and clients filter by, one of them, and its tasks."""

from __future__ import annotations

from typing import Any

from django.db.models import Sum
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Agent
from core.clock import LAST_SECOND, from_seconds, seconds
from core.errors import Invalid
from core.ids import slugify
from projects.models import Membership, Project
from projects.services import archive_project, change_project, create_project, find_project
from tasks.models import Tally
from tasks.services import delete_project

from . import answers_projects as answers
from .base import LegacyView
from .docs import describe
from .shapes_projects import ProjectChanges, prefix_of
from .tasks import leading_number, listed_tasks

CHANGE = ProjectChanges()
TASKS_AT_MOST = 10_000


def project_id(key: str) -> int:
    return leading_number(key, "Invalid project ID")


class Projects(LegacyView):
    route = "projects"
    limited = frozenset({"POST"})

    @describe("Projects by name.", query=("includeArchived",), answers={200: answers.LISTED})
    def get(self, request: Request) -> Response:
        rows = Project.objects.in_workspace(self.actor.workspace_id).order_by("name", "id")
        if self.query("includeArchived") != "1":
            rows = rows.active()
        tally = Tally.objects.filter(workspace_id=self.actor.workspace_id)
        counts = dict(tally.values_list("project_id").annotate(Sum("n")))
        members: dict[int, list[str]] = {}
        for project_id, name in _members().filter(project__in=rows).values_list("project_id", "agent_name"):
            members.setdefault(project_id, []).append(name)
        shown = [
            {**_out(row), "task_count": counts.get(row.pk, 0), "assigned_agents": members.get(row.pk, [])}
            for row in rows
        ]
        return Response({"projects": shown})

    @describe("Add a project.", body=answers.CREATE_BODY, answers={201: answers.CREATED})
    def post(self, request: Request) -> Response:
        sent = self.sent_object()
        name = sent.get("name")
        if not isinstance(name, str) or not name.strip():
            raise Invalid("Project name is required")
        name = name.strip()[:200]
        slug = _slug_in(sent, name)
        prefix = _prefix_in(sent, name)
        project = create_project(
            actor=self.actor,
            now=self.now,
            name=name,
            slug=slug,
            prefix=prefix,
            description=_text_in(sent, "description", 5000),
            github_repo=_text_in(sent, "github_repo", 200),
            color=_text_in(sent, "color", 32),
            deadline=_deadline_in(sent),
        )
        return Response({"project": _out(project)}, status=201)


def _slug_in(sent: dict[str, Any], name: str) -> str:
    """What was asked for, or the name; a name without a letter for it lends the prefix."""
    wanted = sent.get("slug") or name
    slug = slugify(wanted, fallback="") if isinstance(wanted, str) else ""
    prefix = sent.get("ticket_prefix") or sent.get("ticketPrefix")
    if not slug and not sent.get("slug") and isinstance(prefix, str):
        slug = slugify(prefix, fallback="")
    if not slug:
        raise Invalid("Invalid project slug")
    return slug


def _prefix_in(sent: dict[str, Any], name: str) -> str:
    wanted = sent.get("ticket_prefix") or sent.get("ticketPrefix") or prefix_of(name)[:5]
    prefix = prefix_of(wanted) if isinstance(wanted, str) else ""
    if not prefix:
        raise Invalid("Invalid ticket prefix")
    return prefix


def _text_in(sent: dict[str, Any], key: str, longest: int) -> str | None:
    value = sent.get(key)
    return value[:longest] if isinstance(value, str) and value else None


def _deadline_in(sent: dict[str, Any]) -> Any:
    value = sent.get("deadline")
    if type(value) not in (int, float):
        return None
    if not 0 <= value <= LAST_SECOND:  # type: ignore[operator]
        raise Invalid("Invalid deadline")
    return from_seconds(int(value))  # type: ignore[arg-type]


class OneProject(LegacyView):
    route = "project"
    limited = frozenset({"PATCH", "DELETE"})

    @describe("One project.", answers={200: answers.SHOWN})
    def get(self, request: Request, key: str) -> Response:
        project = find_project(actor=self.actor, id=project_id(key))
        count = Tally.objects.total(workspace_id=project.workspace_id, project_id=project.pk)
        return Response({"project": {**_out(project), "task_count": count, "assigned_agents": _names(project)}})

    @describe("Change a project and its members.", body=ProjectChanges, answers={200: answers.CHANGED})
    def patch(self, request: Request, key: str) -> Response:
        want = self.read(CHANGE)
        project = find_project(actor=self.actor, id=project_id(key))
        prefix = want.pop("ticketPrefix", None) or want.pop("ticket_prefix", None)
        if prefix is not None:
            want["ticket_prefix"] = prefix_of(prefix)
            if not want["ticket_prefix"]:
                raise Invalid("Invalid ticket prefix")
        members = want.pop("assigned_agents", None)
        if members:
            self._check_agents(members)
        project = change_project(project=project, actor=self.actor, now=self.now, changes=want, members=members)
        return Response({"project": {**_out(project), "assigned_agents": _names(project)}})

    def _check_agents(self, names: list[str]) -> None:
        here = Agent.objects.in_workspace(self.actor.workspace_id).filter(name__in=names)
        known = set(here.values_list("name", flat=True))
        if unknown := [name for name in names if name not in known]:
            raise Invalid("Unknown project agents", details=unknown)

    @describe("Archive a project, or remove it for good.", query=("mode",), answers={200: answers.REMOVED})
    def delete(self, request: Request, key: str) -> Response:
        project = find_project(actor=self.actor, id=project_id(key))
        for_good = self.query("mode") == "delete"
        remove = delete_project if for_good else archive_project
        remove(project=project, actor=self.actor, now=self.now)
        return Response({"success": True, "mode": "delete" if for_good else "archive"})


class ProjectTasks(LegacyView):
    route = "project-tasks"

    @describe("All tasks of a project, newest first.", answers={200: answers.TASKS})
    def get(self, request: Request, key: str) -> Response:
        project = find_project(actor=self.actor, id=project_id(key))
        where: dict[str, Any] = {"workspace_id": project.workspace_id, "project_id": project.pk}
        if self.actor.is_agent_scoped:
            where["assigned_to"] = self.actor.agent_name
        return Response({"project": _out(project), "tasks": listed_tasks(where, limit=TASKS_AT_MOST)})


def _members() -> Any:
    return Membership.objects.order_by("assigned_at", "id")


def _names(project: Project) -> list[str]:
    return list(_members().filter(project=project).values_list("agent_name", flat=True))


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
        "github_repo": project.github_repo,
        "deadline": seconds(project.deadline),
        "color": project.color,
        "github_sync_enabled": int(project.github_sync_enabled),
        "github_labels_initialized": int(project.github_labels_initialized),
        "github_default_branch": project.github_default_branch,
        "created_at": seconds(project.created_at),
        "updated_at": seconds(project.updated_at),
    }
