"""Who works on a project."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from core.clock import seconds
from core.errors import Invalid
from projects.models import Membership
from projects.services import add_member, find_project, remove_member

from . import answers_projects as answers
from .base import LegacyView
from .docs import describe
from .projects import project_id

LONGEST = 100


class ProjectAgents(LegacyView):
    route = "project-agents"
    limited = frozenset({"POST", "DELETE"})

    @describe("Agents of a project, longest there first.", answers={200: answers.ASSIGNMENTS})
    def get(self, request: Request, key: str) -> Response:
        project = find_project(actor=self.actor, id=project_id(key))
        rows = Membership.objects.filter(project=project).order_by("assigned_at", "id")
        return Response({"assignments": [_out(row) for row in rows]})

    @describe("Give an agent a place in a project.", body=answers.ASSIGN_BODY, answers={201: "Success"})
    def post(self, request: Request, key: str) -> Response:
        sent = self.sent_object()
        name, role = sent.get("agent_name"), sent.get("role") or "member"
        if not isinstance(name, str) or not name.strip():
            raise Invalid("agent_name is required")
        if not isinstance(role, str) or len(role) > LONGEST or len(name) > LONGEST:
            raise Invalid(f"agent_name and role are texts of at most {LONGEST} characters")
        project = find_project(actor=self.actor, id=project_id(key))
        add_member(project=project, actor=self.actor, now=self.now, agent_name=name, role=role)
        return Response({"success": True}, status=201)

    @describe("Take an agent out of a project.", query=("agent_name",), answers={200: "Success"})
    def delete(self, request: Request, key: str) -> Response:
        name = self.query("agent_name")
        if not name:
            raise Invalid("agent_name query parameter is required")
        project = find_project(actor=self.actor, id=project_id(key))
        remove_member(project=project, actor=self.actor, now=self.now, agent_name=name)
        return Response({"success": True})


def _out(row: Membership) -> dict[str, object]:
    return {
        "id": row.pk,
        "project_id": row.project_id,
        "agent_name": row.agent_name,
        "role": row.role,
        "assigned_at": seconds(row.assigned_at),
    }
