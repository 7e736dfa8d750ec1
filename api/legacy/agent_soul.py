"""The souls of agents, and the templates to begin one with."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.isolation import check_isolation
from agents import souls
from agents.models import Agent
from agents.services import find_agent, set_soul
from api.schemas import FLAG, TEXT, WHOLE, has, many
from core.clock import seconds
from core.errors import Invalid

from .base import LegacyView
from .docs import describe

SOURCE = {**TEXT, "enum": ["workspace", "database", "none"]}
BRIEF = has(id=WHOLE, name=TEXT, role=TEXT)
SOUL = has(agent=BRIEF, soul_content=TEXT, source=SOURCE, available_templates=many(TEXT), updated_at=WHOLE)
STORED = has(success=FLAG, message=TEXT, soul_content=TEXT, saved_to_workspace=FLAG, updated_at=WHOLE)
TEMPLATES = has(
    "templates", "message", "template_name", "content",
    templates=many(has(name=TEXT, description=TEXT, size=WHOLE)), message=TEXT, template_name=TEXT, content=TEXT,
)  # fmt: skip


def brief(agent: Agent) -> dict[str, Any]:
    return {"id": agent.pk, "name": agent.name, "role": agent.role}


class AgentSoul(LegacyView):
    route = "agent-soul"

    @describe("An agent's soul.", answers={200: SOUL})
    def get(self, request: Request, key: str) -> Response:
        agent = find_agent(self.actor.workspace_id, key)
        return Response(
            {
                "agent": brief(agent),
                "soul_content": agent.soul_content or "",
                "source": "database" if agent.soul_content else "none",
                "available_templates": souls.names(),
                "updated_at": seconds(agent.updated_at),
            }
        )

    @describe(
        "Set an agent's soul, as text or from a template.",
        body=has("soul_content", "template_name", soul_content=TEXT, template_name=TEXT),
        answers={200: STORED},
    )
    def put(self, request: Request, key: str) -> Response:
        content, template = self._wanted()
        agent = find_agent(self.actor.workspace_id, key)
        try:
            agent = set_soul(agent=agent, actor=self.actor, now=self.now, content=content, template=template)
        except souls.NoTemplates:
            return Response({"error": "Templates directory not configured"}, status=500)
        return Response(
            {
                "success": True,
                "message": f"Soul of {agent.name} updated",
                "soul_content": agent.soul_content,
                "saved_to_workspace": False,
                "updated_at": seconds(agent.updated_at),
            }
        )

    def _wanted(self) -> tuple[str | None, str]:
        sent = self.sent_object()
        content, template = sent.get("soul_content"), sent.get("template_name") or ""
        if not isinstance(template, str) or (template and not souls.NAME.fullmatch(template)):
            raise Invalid("Invalid template name")
        if not isinstance(content, str | None):
            raise Invalid(details=["soul_content: Invalid input"])
        return content, template

    @describe("The templates of souls, or one of them.", query=("template",), answers={200: TEMPLATES})
    def patch(self, request: Request, key: str) -> Response:
        check_isolation(self.actor, route=self.route, origin=self.origin, now=self.now)
        try:
            souls.directory()
        except souls.NoTemplates:
            return Response({"templates": [], "message": "Templates directory not found"})
        if name := self.query("template"):
            return Response({"template_name": name, "content": souls.read(name)})
        templates = [
            {"name": template.name, "description": template.description, "size": template.size}
            for template in souls.listed()
        ]
        return Response({"templates": templates})
