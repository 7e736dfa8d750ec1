"""GitHub. Nothing is synchronised yet: without a token the contract's refusals are the whole truth."""

from __future__ import annotations

import re
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import Invalid, NotFound, Unavailable
from core.ids import LARGEST_ID
from projects.models import Project

from .answers import ERROR, FREE, TEXT, has
from .base import LegacyView
from .docs import describe

NO_TOKEN = "GITHUB_TOKEN not configured"
REPO = re.compile(r"[^/\s]+/[^/\s]+")
ACTIONS = ("sync", "comment", "close", "status", "init-labels", "sync-project")


class Github(LegacyView):
    route = "github"
    is_connected = False
    limited = frozenset({"POST"})

    @describe("Issues or statistics.", query=("action", "repo", "state", "labels"), answers={200: FREE})
    def get(self, request: Request) -> Response:
        action = self.query("action")
        if action not in ("issues", "stats"):
            raise Invalid("Unknown action. Use ?action=issues or ?action=stats")
        if action == "issues" and not REPO.fullmatch(self.query("repo")):
            raise Invalid("repo query parameter required (owner/repo format)")
        raise Invalid(NO_TOKEN)

    @describe("Synchronise, comment, close.", body=has(action=TEXT), answers={200: FREE, 500: ERROR})
    def post(self, request: Request) -> Response:
        sent = self.sent_object()
        wrong = []
        if sent.get("action") not in ACTIONS:
            wrong.append("action: Invalid input")
        if sent.get("repo") is not None and not (isinstance(sent["repo"], str) and REPO.fullmatch(sent["repo"])):
            wrong.append("repo: Repo must be owner/repo format")
        if wrong:
            raise Invalid(details=wrong)
        if sent["action"] == "status":
            return Response({"syncs": []})
        self._check(sent)
        if sent["action"] == "sync":
            raise Invalid(NO_TOKEN)
        return Response({"error": NO_TOKEN}, status=500)

    def _check(self, sent: dict[str, Any]) -> None:
        action, repo, number = sent["action"], sent.get("repo"), sent.get("issueNumber")
        if action in ("sync", "init-labels") and not repo:
            raise Invalid("repo is required")
        if action == "comment" and not (repo and number and sent.get("body")):
            raise Invalid("repo, issueNumber, and body are required")
        if action == "close" and not (repo and number):
            raise Invalid("repo and issueNumber are required")
        if action == "sync-project":
            self._check_project(sent.get("project_id"))

    def _check_project(self, id: Any) -> None:
        if not id:
            raise Invalid("project_id is required")
        known = type(id) is int and 0 < id <= LARGEST_ID
        if not known or not Project.objects.in_workspace(self.actor.workspace_id).filter(id=id).exists():
            raise NotFound("Project not found")
        raise Unavailable("GitHub is not connected to this server yet")
