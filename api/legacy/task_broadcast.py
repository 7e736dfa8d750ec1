"""One message to everybody who listens to a task."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from agents import gateway
from api.schemas import TEXT, WHOLE, has
from core.errors import Invalid
from tasks import services

from .base import LegacyView
from .docs import describe
from .tasks import task_id

BODY = has(message=TEXT)
ANSWER = has(sent=WHOLE, skipped=WHOLE)


class Broadcast(LegacyView):
    route = "task-broadcast"

    @describe("Send a message to the agents that listen to a task.", body=BODY, answers={200: ANSWER})
    def post(self, request: Request, key: str) -> Response:
        sent = self.sent_object()
        message = sent.get("message")
        if not isinstance(message, str) or not message.strip():
            raise Invalid("Message is required")
        task = services.find_task(actor=self.actor, id=task_id(key))
        done = services.broadcast(task=task, actor=self.actor, now=self.now, text=message.strip(), send=_send)
        return Response({"sent": done.sent, "skipped": done.skipped})


def _send(session_key: str, text: str) -> bool:
    try:
        gateway.send(session_key, text)
    except gateway.GatewayUnavailable:
        return False
    return True
