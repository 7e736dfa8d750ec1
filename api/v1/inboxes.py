"""What people and the system have to say to whoever runs an agent."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Mandate
from api.schemas import WHOLE, has, many
from core.errors import Invalid
from core.ids import ref as ref_of
from transcripts.models import Message
from transcripts.services.telling import NEWS, Order, read_inbox, send_message, take_messages

from .base import V1View
from .body import Shape, Words
from .docs.schema import one_of, ref
from .docs.words import describe
from .ids import shown
from .listing import WHOLE as NUMBER
from .out import moment
from .policy import find_own_agent
from .waiting import WAIT, hold, seconds_in

LARGEST_PLACE = 2**63 - 1


class Saying(Shape):
    text: Annotated[Words, Field(max_length=10_000)]


class AgentMessages(V1View):
    route = "agent-messages"

    @describe(
        "Say something to an agent: whoever runs it finds it in the inbox.",
        body=Saying,
        answers={201: has(message=ref("RunnerMessage"))},
    )
    def post(self, request: Request, id: str) -> Response:
        agent = find_own_agent(self, id)
        message = send_message(agent=agent, text=self.read(Saying).text, actor=self.actor, now=self.now)
        return Response({"message": _message_out(message)}, status=201)


class AgentInbox(V1View):
    route = "agent-inbox"

    @describe(
        "What came in for whoever runs an agent, the oldest first.",
        query={
            "after": {
                "type": "integer",
                "minimum": 0,
                "description": "`lastId` of the answer before: what came until then is taken, and not shown again. "
                "Without it: the messages that nobody has taken yet, at once.",
            },
            "wait": WAIT,
        },
        answers={
            200: has(
                messages=many(ref("RunnerMessage")),
                controls=many(ref("RunnerControl")),
                lastId=WHOLE,
                agentStatus=one_of(Mandate.Control.values),
            )
        },
        note="An agent reads its own alone, and only its reading takes messages.",
    )
    def get(self, request: Request, id: str) -> Response:
        agent, after = find_own_agent(self, id), self._after()
        if after is not None and self.actor.kind == "agent":
            take_messages(agent=agent, upto=after, now=self.now)
        seconds = seconds_in(request.query_params)
        found = read_inbox(agent=agent, after=after)
        if after is not None and not found.messages and not found.orders:
            hold(self, kinds=NEWS, subject=ref_of("agent", agent.pk), seconds=seconds)
        body = {
            "messages": [_message_out(message) for message in found.messages],
            "controls": [_order_out(order) for order in found.orders],
            "lastId": found.last_id,
            "agentStatus": Mandate.objects.of(agent).control,
        }
        return Response(body)

    def _after(self) -> int | None:
        text = self.request.query_params.get("after", "")
        if not text:
            return None
        if not NUMBER.fullmatch(text) or not 0 <= int(text) <= LARGEST_PLACE:
            raise Invalid.fields("after: must be the lastId of an answer before")
        return int(text)


def _message_out(row: Message) -> dict[str, Any]:
    return {"id": row.event_id, "text": row.text, "author": row.author, "createdAt": moment(row.created_at)}


def _order_out(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "action": order.action,
        "reason": order.reason,
        "requestId": shown("spawn", order.request),
        "createdAt": moment(order.at),
    }
