"""Skills of agents on disk. No folder is connected yet: lists are empty, and writes say so."""

from __future__ import annotations

import re
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import limits
from api.schemas import FREE, TEXT, WHOLE, has, many
from core.errors import Invalid, NotFound, Unavailable

from .base import LegacyView
from .docs import describe
from .fields import BAD, Shape, Text

NAME = re.compile(r"[A-Za-z0-9._-]+")
NAME_RULE = "Only letters, numbers, dots, underscores, and hyphens are allowed"
NO_SKILLS = "Skill folders cannot be connected to this server yet"
SOURCES = ("user-agents", "user-codex", "project-agents", "project-codex", "openclaw", "workspace")
REGISTRIES = ("clawhub", "skills-sh", "awesome-openclaw")


class SkillFields(Shape):
    source = Text(1, 100, required=True)  # type: ignore[assignment]
    name = Text(1, 200, required=True)
    content = Text(1, None, required=True)


SKILL = SkillFields()


class Skills(LegacyView):
    route = "skills"
    limit = limits.SKILLS
    limited = frozenset({"POST", "PUT", "DELETE"})
    is_connected = False

    @describe(
        "Skills by source.", query=("mode", "source", "name"), answers={200: has(skills=many(FREE), groups=many(FREE))}
    )
    def get(self, request: Request) -> Response:
        if self.query("mode") in ("content", "check"):
            if not (self.query("source") and NAME.fullmatch(self.query("name"))):
                raise Invalid("source and valid name are required")
            raise NotFound("Skill not found")
        return Response({"skills": [], "groups": [], "total": 0})

    @describe("Add a skill.", body=SkillFields, answers={200: FREE})
    def post(self, request: Request) -> Response:
        return self._write()

    @describe("Replace a skill.", body=SkillFields, answers={200: FREE})
    def put(self, request: Request) -> Response:
        return self._write()

    @describe("Remove a skill.", body=has(source=TEXT, name=TEXT, confirmation=TEXT), answers={200: FREE})
    def delete(self, request: Request) -> Response:
        sent = self.sent_object()
        if not (sent.get("source") and sent.get("name") and sent.get("confirmation") == "delete_skill"):
            raise Invalid("source, name, and confirmation are required")
        _refuse_more(sent, {"source", "name", "confirmation"})
        raise Unavailable(NO_SKILLS)

    def _write(self) -> Response:
        want = self.read(SKILL)
        if not NAME.fullmatch(want["name"]):
            raise Invalid(details=[f"name: {NAME_RULE}"])
        _refuse_more(self.sent_object(), set(SKILL.fields))
        raise Unavailable(NO_SKILLS)


class SkillRegistry(LegacyView):
    route = "skill-registry"
    is_connected = False

    @describe("Search a registry of skills.", query=("source", "q"), answers={200: has(skills=many(FREE), total=WHOLE)})
    def get(self, request: Request) -> Response:
        self._check_source(self.query("source"))
        if not self.query("q"):
            raise Invalid('Query parameter "q" is required')
        raise Unavailable(NO_SKILLS)

    @describe("Install a skill.", body=has(source=TEXT, slug=TEXT), answers={200: FREE})
    def post(self, request: Request) -> Response:
        sent = self.sent_object()
        self._check_source(sent.get("source"))
        if not sent.get("slug") or not isinstance(sent["slug"], str):
            raise Invalid("Valid slug is required")
        if sent.get("targetRoot") not in SOURCES:
            raise Invalid(f"Invalid targetRoot. Use: {', '.join(SOURCES)}")
        raise Unavailable(NO_SKILLS)

    @describe("Check a skill's content.", body=has(content=TEXT), answers={200: FREE})
    def put(self, request: Request) -> Response:
        sent = self.sent()
        if not isinstance(sent, dict) or not sent.get("content"):
            raise Invalid("Content is required")
        raise Unavailable(NO_SKILLS)

    def _check_source(self, source: object) -> None:
        if source not in REGISTRIES:
            raise Invalid(f"Invalid source. Use: {', '.join(REGISTRIES)}")


def _refuse_more(sent: dict[str, Any], known: set[str]) -> None:
    """These routes take no key that they do not know."""
    if sent.keys() - known:
        raise Invalid(details=[f": {BAD}"])
