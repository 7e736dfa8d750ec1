"""Workspaces of the caller's tenant."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Workspace
from agents.models import Agent
from api.schemas import FLAG, TEXT, WHOLE, has, many, maybe
from core.clock import seconds
from core.ids import LARGEST_ID
from provisioning import workspaces as services

from .base import LegacyView
from .docs import describe
from .fields import Shape, Text, Word

ISOLATIONS = {word.value: word.value for word in Workspace.Isolation}
ROW = {
    "id": WHOLE,
    "slug": TEXT,
    "name": TEXT,
    "tenant_id": WHOLE,
    "brand": maybe(TEXT),
    "isolation": {"type": "string", "enum": list(ISOLATIONS)},
    "created_at": WHOLE,
    "updated_at": WHOLE,
}
WORKSPACE = has(**ROW)


class Changes(Shape):
    name = Text(1, 200, required=True, empty="Name is required")
    brand = Text(1, 64, empty="Brand cannot be empty", allow_null=True)
    isolation = Word(ISOLATIONS)


class Fields(Shape):
    name = Text(1, 200, required=True, empty="Name is required")
    slug = Text(0, 200)
    brand = Text(1, 64, empty="Brand cannot be empty", allow_null=True)
    isolation = Word(ISOLATIONS)


CHANGES, FIELDS = Changes(), Fields()


class OfTenant(LegacyView):
    def _check(self) -> None:
        services.check_tenant(self.actor, route=self.route, origin=self.origin, now=self.now)


class Workspaces(OfTenant):
    route = "workspaces"

    @describe(
        "Workspaces of the caller's tenant, the default one first.",
        answers={200: has(workspaces=many(WORKSPACE), active_workspace_id=WHOLE, tenant_id=WHOLE)},
    )
    def get(self, request: Request) -> Response:
        self._check()
        rows = services.workspaces_of(self.actor.tenant_id)
        return Response(
            {
                "workspaces": [_out(row) for row in rows],
                "active_workspace_id": self.actor.workspace_id,
                "tenant_id": self.actor.tenant_id,
            }
        )

    @describe("Add a workspace.", body=Fields, answers={201: has(workspace=WORKSPACE)})
    def post(self, request: Request) -> Response:
        self._check()
        workspace = services.create_workspace(actor=self.actor, now=self.now, **self.read(FIELDS))
        return Response({"workspace": _out(workspace)}, status=201)


class OneWorkspace(OfTenant):
    route = "workspace"

    @describe("One workspace, with its number of agents.", answers={200: has(workspace=has(**ROW, agent_count=WHOLE))})
    def get(self, request: Request, key: str) -> Response:
        workspace = self._find(key)
        agents = Agent.objects.in_workspace(workspace.pk).count()
        return Response({"workspace": {**_out(workspace), "agent_count": agents}})

    @describe("Change a workspace; its slug stays.", body=Changes, answers={200: has(workspace=WORKSPACE)})
    def put(self, request: Request, key: str) -> Response:
        changes = self.read(CHANGES)
        workspace = services.update_workspace(
            workspace=self._find(key), actor=self.actor, now=self.now, changes=changes
        )
        return Response({"workspace": _out(workspace)})

    @describe(
        "Dissolve a workspace: agents, users, projects and all the rest move to the default one.",
        answers={200: has(success=FLAG, deleted=TEXT, agents_moved_to=WHOLE)},
    )
    def delete(self, request: Request, key: str) -> Response:
        workspace = self._find(key)
        default = services.delete_workspace(workspace=workspace, actor=self.actor, now=self.now)
        return Response({"success": True, "deleted": workspace.name, "agents_moved_to": default.pk})

    def _find(self, key: str) -> Workspace:
        self._check()
        return services.find_workspace(tenant_id=self.actor.tenant_id, id=number_in(key))


def number_in(key: str) -> int:
    """The id that a path names, or 0, which nothing has."""
    return int(key) if key.isascii() and key.isdigit() and len(key) < len(str(LARGEST_ID)) + 1 else 0


def _out(row: Workspace) -> dict[str, Any]:
    return {
        "id": row.pk,
        "slug": row.slug,
        "name": row.name,
        "tenant_id": row.tenant_id,
        "brand": row.brand,
        "isolation": row.isolation,
        "created_at": seconds(row.created_at),
        "updated_at": seconds(row.updated_at),
    }
