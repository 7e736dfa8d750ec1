"""What agents say to each other."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from chat import reading, services
from core.clock import seconds
from core.errors import Invalid

from . import answers_chat as answers
from .base import LegacyView
from .chat import message_out, text_in, words_in
from .docs import describe
from .queries import after

DEFAULT, CAP = 100, 5000


class AgentComms(LegacyView):
    route = "agent-comms"

    @describe("The newest messages between agents, and who speaks with whom.", query=("since", "agent"), paged=True,
              answers={200: answers.COMMS})  # fmt: skip
    def get(self, request: Request) -> Response:
        limit, offset = self.page(default=DEFAULT, cap=CAP)
        seen = reading.traffic(
            self.actor.workspace_id,
            agent=self.query("agent"),
            since=after(self.query("since")),
            limit=limit,
            offset=offset,
        )
        edges = [
            {
                "from_agent": edge["from_agent"],
                "to_agent": edge["to_agent"],
                "message_count": edge["n"],
                "last_message_at": seconds(edge["last"]),
            }
            for edge in seen.edges
        ]
        return Response(
            {
                "messages": [message_out(row) for row in seen.messages],
                "total": seen.total,
                "graph": {"edges": edges, "agentStats": seen.stats},
                # Nothing here is made up for show.
                "source": {"mode": "live" if seen.total else "empty", "seededCount": 0, "liveCount": seen.total},
            }
        )

    @describe("Say something to an agent.", body=answers.SAY_TO_AGENT, answers={201: answers.ONE_MESSAGE})
    def post(self, request: Request) -> Response:
        sent = self.sent_object()
        to = text_in(sent, "to")
        if to is None:
            raise Invalid('"to" is required')
        key = text_in(sent, "conversation_id") or f"a2a:{self.actor.display_name}:{to}"
        message, _ = services.say(actor=self.actor, now=self.now, words=words_in(sent, conversation=key))
        return Response({"message": message_out(message)}, status=201)
