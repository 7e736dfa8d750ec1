"""What agents say and do while they work, as their runners pass it on."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SkipValidation
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.limits import V1_EVENTS
from api.schemas import TEXT, WHOLE, has, many
from transcripts.services.streaming import take_stream

from .base import V1View
from .body import Shape
from .docs.schema import COUNT
from .docs.words import describe
from .policy import find_own_agent
from .stream_items import AnyItem, Key, items_of


class Stretch(Shape):
    session_key: Key
    # Looked at one by one: what is wrong with one concerns no other.
    events: Annotated[list[SkipValidation[AnyItem]], Field(min_length=1, max_length=100)]


class Stream(V1View):
    route = "agent-stream"
    limit = V1_EVENTS

    @describe(
        "Pass on what an agent says and does, in batches.",
        body=Stretch,
        answers={
            202: has(accepted=COUNT, rejected=many(has(index=COUNT, message=TEXT)), lastEventId=WHOLE),
        },
        note="An agent's runner passes on its own alone. An item whose `seq` the session has had before counts as "
        "accepted and is not told again.",
    )
    def post(self, request: Request, id: str) -> Response:
        agent = find_own_agent(self, id)
        want = self.read(Stretch)
        items, refused = items_of(want.events, now=self.now)
        taken = take_stream(agent=agent, session_key=want.session_key, items=items, actor=self.actor, now=self.now)
        rejected = sorted({**refused, **taken.refused}.items())
        body = {
            "accepted": taken.accepted,
            "rejected": [{"index": index, "message": message} for index, message in rejected],
            "lastEventId": taken.last_event_id,
        }
        return Response(body, status=202)
