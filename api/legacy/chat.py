"""Conversations, their messages, and how sessions are shown among them."""

from __future__ import annotations

import re
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from chat import reading, services
from chat.models import Message, SessionPreference
from chat.reading import Summary
from chat.services import Words
from core.clock import milliseconds, seconds
from core.errors import Invalid
from realtime.wire import legacy
from realtime.wire.legacy_in import id_in

from . import answers_chat as answers
from .base import LegacyView
from .docs import describe
from .queries import after, page_of

COLOR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z][a-zA-Z-]{0,19}")
LONGEST_PREFERENCE = 200
PREFERENCES_AT_MOST = 5000


class Conversations(LegacyView):
    route = "chat-conversations"

    @describe("Conversations, the last active ones first.", query=("agent",), paged=True,
              answers={200: answers.CONVERSATIONS})  # fmt: skip
    def get(self, request: Request) -> Response:
        limit, offset = self.page()
        agent = self.query("agent")
        shown, total = reading.conversations(self.actor.workspace_id, agent=agent, limit=limit, offset=offset)
        rows = [_conversation(summary) for summary in shown]
        return Response({"conversations": rows, "total": total, "page": page_of(limit, offset), "limit": limit})

    @describe("Open a conversation, or find the one of that name.", body=answers.OPEN, answers={201: answers.OPENED})
    def post(self, request: Request) -> Response:
        sent = self.sent_object()
        key = text_in(sent, "conversation_id") or text_in(sent, "name")
        conversation = services.open_conversation(actor=self.actor, now=self.now, key=key)
        return Response({"conversation": _conversation(reading.summary(conversation))}, status=201)


class Messages(LegacyView):
    route = "chat-messages"

    @describe("Messages, oldest first.", query=("conversation_id", "from_agent", "to_agent", "since"), paged=True,
              answers={200: answers.MESSAGES})  # fmt: skip
    def get(self, request: Request) -> Response:
        limit, offset = self.page()
        rows, total = reading.messages(
            self.actor.workspace_id,
            conversation=self.query("conversation_id"),
            sender=self.query("from_agent"),
            recipient=self.query("to_agent"),
            since=after(self.query("since")),
        )
        shown = [message_out(row) for row in rows[offset : offset + limit]] if limit else []
        return Response({"messages": shown, "total": total, "page": page_of(limit, offset), "limit": limit})

    @describe("Say something; `forward` also hands it to the recipient's session.", body=answers.SAY,
              answers={201: answers.SAID})  # fmt: skip
    def post(self, request: Request) -> Response:
        sent, now = self.sent_object(), self.now
        words = words_in(sent, conversation=text_in(sent, "conversation_id") or f"conv_{milliseconds(now)}")
        message, forwarded = services.say(actor=self.actor, now=now, words=words)
        shown = {**message_out(message), "metadata": services.metadata_told(message, forwarded)}
        return Response({"message": shown, "forward": forwarded and forwarded.as_shape()}, status=201)


class OneMessage(LegacyView):
    route = "chat-message"

    @describe("One message.", answers={200: answers.ONE_MESSAGE})
    def get(self, request: Request, key: str) -> Response:
        message = services.find_message(actor=self.actor, id=id_in(key))
        return Response({"message": message_out(message)})

    @describe("Mark a message read.", body=answers.READ, answers={200: answers.ONE_MESSAGE})
    def patch(self, request: Request, key: str) -> Response:
        message = services.find_message(actor=self.actor, id=id_in(key))
        if self.sent_object().get("read") is True:
            message = services.mark_read(message=message, actor=self.actor, now=self.now)
        return Response({"message": message_out(message)})


class SessionPreferences(LegacyView):
    route = "chat-session-prefs"

    @describe("Names and colors of sessions.", answers={200: answers.PREFERENCES})
    def get(self, request: Request) -> Response:
        rows = SessionPreference.objects.filter(workspace_id=self.actor.workspace_id).order_by("id")
        return Response({"prefs": {row.key: _preference(row) for row in rows[:PREFERENCES_AT_MOST]}})

    @describe("Name or color a session; null takes it back.", body=answers.PREFER, answers={200: answers.PREFERRED})
    def patch(self, request: Request) -> Response:
        sent = self.sent_object()
        key = sent.get("key")
        if not isinstance(key, str) or not key.strip() or len(key) > LONGEST_PREFERENCE:
            raise Invalid("key is required")
        changes: dict[str, Any] = {name: sent[name] or None for name in ("name", "color") if name in sent}
        name, color = changes.get("name"), changes.get("color")
        if name is not None and not (isinstance(name, str) and len(name) <= LONGEST_PREFERENCE):
            raise Invalid("Invalid name")
        if color is not None and not (isinstance(color, str) and COLOR.fullmatch(color)):
            raise Invalid("Invalid color")
        row = services.set_preference(actor=self.actor, now=self.now, key=key, changes=changes)
        return Response({"ok": True, "pref": _preference(row) if row else None})


def text_in(sent: dict[str, Any], name: str) -> str | None:
    """An optional text; an empty one counts as none."""
    value = sent.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid(details=[f"{name}: Invalid input"])
    return value or None


def words_in(sent: dict[str, Any], *, conversation: str) -> Words:
    content = sent.get("content")
    if not isinstance(content, str) or not content.strip():
        raise Invalid('"content" is required')
    metadata, sender, session = sent.get("metadata"), sent.get("from"), sent.get("sessionKey")
    return Words(
        content.strip(),
        conversation,
        to=text_in(sent, "to"),
        type=text_in(sent, "message_type") or Message.TEXT,
        metadata=metadata if isinstance(metadata, dict) else None,
        sender=sender if isinstance(sender, str) else None,
        forward=bool(sent.get("forward")),
        session=session if isinstance(session, str) else None,
    )


def message_out(message: Message) -> dict[str, Any]:
    return legacy.chat_message(message.as_row())


def _conversation(summary: Summary) -> dict[str, Any]:
    return {
        "conversation_id": summary.conversation.key,
        "last_message_at": seconds(summary.last_message_at),
        "message_count": summary.message_count,
        "participant_count": summary.participant_count,
        "unread_count": summary.unread_count,
        "last_message": message_out(summary.last_message) if summary.last_message else None,
    }


def _preference(row: SessionPreference) -> dict[str, str]:
    chosen = {"name": row.name, "color": row.color}
    return {name: value for name, value in chosen.items() if value is not None}
