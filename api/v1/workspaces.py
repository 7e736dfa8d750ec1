"""A workspace begun anew."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import TEXT, has
from core.errors import Invalid, NotFound
from transcripts.services.keeping import reset_workspace

from .base import V1View
from .body import Shape, Text
from .docs.schema import only
from .docs.words import describe
from .ids import row_id

# What may stand for the caller's own workspace.
OWN = "default"


class Confirmation(Shape):
    confirm: Text


class WorkspaceReset(V1View):
    route = "workspace-reset"

    @describe(
        "Begin anew: nothing waits for an answer any more, and the logs of all agents are empty.",
        body=Confirmation,
        answers={200: has(workspaceId=TEXT, reset=only(True))},
        note="`confirm` is the id of the path again, as `ws_1` or `default`. Tasks, runs and approvals stay.",
    )
    def post(self, request: Request, id: str) -> Response:
        home = self.actor.workspace_id
        if id != OWN and row_id("ws", id) != home:
            raise NotFound(f"There is no workspace {id[:80]}")
        if self.read(Confirmation).confirm not in (id, f"ws_{home}"):
            raise Invalid.fields("confirm: must be the id of the workspace")
        reset_workspace(actor=self.actor, now=self.now, origin=self.origin)
        return Response({"workspaceId": f"ws_{home}", "reset": True})
