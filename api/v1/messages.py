"""What is said on a task."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import FLAG, TEXT, has, many
from core.errors import Invalid, NotFound
from governance.services.messages import Saying, post_message
from tasks.models import Comment

from .base import Made, V1View
from .body import Shape, Text, Words
from .docs.schema import ref
from .docs.words import before, describe, listed
from .ids import row_id
from .listing import older, page_of, words
from .out import message_out, slugs_of
from .pieces import Artifacts, kept
from .tasks import find_task

Type = Literal["COMMENT", "WORK_PLAN", "PROGRESS", "ARTIFACT", "REVIEW"]
Mention = Annotated[Text, Field(min_length=1, max_length=65)]


class NewMessage(Shape):
    type: Type
    content: Annotated[Words, Field(min_length=1, max_length=10_000)]
    artifacts: Artifacts = []
    mentions: Annotated[list[Mention], Field(max_length=20)] = []
    reply_to_id: Text | None = None


class Messages(V1View):
    route = "task-messages"
    makes = Comment

    @describe(
        "What was said on a task: the newest, in the order in which they were said.",
        query={"type": listed(Comment.Type.values), **before("msg")},
        answers={200: has(messages=many(ref("Message")), hasMore=FLAG)},
    )
    def get(self, request: Request, id: str) -> Response:
        """The newest before a point, in the order in which they were said."""
        rows = Comment.objects.filter(task=find_task(self, id))
        if types := words(request.query_params, "type", Comment.Type.values):
            rows = rows.filter(type__in=types)
        limit = page_of(request.query_params).limit
        found = list(older(rows, request.query_params, "msg").order_by("-id")[: limit + 1])
        page = found[:limit][::-1]
        slugs = slugs_of(row.actor for row in page)
        return Response({"messages": [message_out(row, slugs) for row in page], "hasMore": len(found) > limit})

    @describe(
        "Say something on a task, with files and mentions.",
        body=NewMessage,
        answers={201: has(message=ref("Message"), notifications=many(has(agentId=TEXT, queued=FLAG)))},
        codes="STATE_CONFLICT",
        note="WORK_PLAN and PROGRESS are for assignees, REVIEW for the reviewer, leads and people.",
    )
    def post(self, request: Request, id: str) -> Response:
        task = find_task(self, id)
        want = self.read(NewMessage)
        said = post_message(
            task=task,
            actor=self.actor,
            agent=self.acting_agent,
            now=self.now,
            saying=Saying(
                type=want.type,
                content=want.content,
                artifacts=[kept(artifact) for artifact in want.artifacts],
                mentions=want.mentions,
                reply_to=self._reply_to(want.reply_to_id),
            ),
        )
        notified = [{"agentId": name, "queued": queued} for name, queued in said.notified]
        self.made = said.message
        return Response({"message": self._shown(said.message), "notifications": notified}, status=201)

    def again(self, made: Made) -> Response:
        """Who heard of it then is no longer known."""
        assert isinstance(made, Comment)
        return Response({"message": self._shown(made), "notifications": []}, status=201)

    @staticmethod
    def _shown(message: Comment) -> dict[str, Any]:
        return message_out(message, slugs_of([message.actor]))

    @staticmethod
    def _reply_to(id: str | None) -> int | None:
        if id is None:
            return None
        try:
            return row_id("msg", id)
        except NotFound:
            details = ["replyToId: there is no such message on this task"]
            raise Invalid.fields(*details) from None
