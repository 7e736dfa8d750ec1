"""Words for agents: wake one, or send it a message."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from activity import guard
from agents.gateway import GatewayUnavailable
from agents.services import find_agent, find_named, message_agent, wake_agent
from api.schemas import FLAG, TEXT, has
from core.errors import NotFound
from core.injection import refuse_injection

from .base import LegacyView
from .docs import describe
from .fields import Shape, Text

LONGEST_WAKE = 10_000


class MessageFields(Shape):
    to = Text(1, None, required=True, empty="Recipient is required")
    message = Text(1, None, required=True, empty="Message is required")


MESSAGE = MessageFields()


class AgentWake(LegacyView):
    route = "agent-wake"

    @describe(
        "Wake an agent's session through its gateway.",
        body=has("message", message=TEXT),
        answers={200: has(success=FLAG, session_key=TEXT, stdout=TEXT)},
    )
    def post(self, request: Request, key: str) -> Response:
        agent = find_agent(self.actor.workspace_id, key)
        sent = self.sent()
        message = sent.get("message") if isinstance(sent, dict) else None
        text = message[:LONGEST_WAKE] if isinstance(message, str) else ""
        try:
            said = wake_agent(agent=agent, actor=self.actor, now=self.now, message=text)
        except GatewayUnavailable:
            return Response({"error": "Failed to wake agent"}, status=500)
        return Response({"success": True, "session_key": agent.session_key, "stdout": said})


class AgentMessage(LegacyView):
    route = "agent-message"
    limited = frozenset({"POST"})

    @describe("Send a message to an agent's session.", body=MessageFields, answers={200: "Success"})
    def post(self, request: Request) -> Response:
        want = self.read(MESSAGE)
        refuse_injection("Message", want["message"])
        guard.tell_of_secrets(want["message"], actor=self.actor, route=self.route, ip=self.ip, now=self.now)
        agent = find_named(self.actor.workspace_id, want["to"])
        if agent is None:
            raise NotFound("Recipient agent not found")
        try:
            message_agent(agent=agent, actor=self.actor, now=self.now, text=want["message"])
        except GatewayUnavailable:
            return Response({"error": "Failed to send message"}, status=500)
        return Response({"success": True})
