"""GitHub. Nothing is synchronised yet: without a token the contract's refusals are the whole truth."""

from __future__ import annotations

import re
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import FREE
from core.errors import Invalid, Unavailable
from projects.services import find_project

from .answers import ERROR
from .base import LegacyView
from .docs import describe
from .fields import Shape, Text, Word

NO_TOKEN = "GITHUB_TOKEN not configured"
REPO = re.compile(r"[^/\s]+/[^/\s]+")
ACTIONS = ("sync", "comment", "close", "status", "init-labels", "sync-project")


class Repo(Text):
    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not REPO.fullmatch(text):
            raise serializers.ValidationError("Repo must be owner/repo format")
        return text


class GithubFields(Shape):
    action = Word({word: word for word in ACTIONS}, required=True)
    repo = Repo()


FIELDS = GithubFields()


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

    @describe("Synchronise, comment, close.", body=GithubFields, answers={200: FREE, 500: ERROR})
    def post(self, request: Request) -> Response:
        self.read(FIELDS)
        sent = self.sent_object()
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
        project = find_project(actor=self.actor, id=id if type(id) is int else 0)
        if not (project.github_repo and project.github_sync_enabled):
            raise Invalid("GitHub sync not enabled for this project")
        raise Unavailable("GitHub is not connected to this server yet")
