"""Say something, and read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record, story
from chat.models import AGENT_PREFIXES, COORDINATOR_INBOX, LONGEST_KEY, Conversation, Line, Message, Pair
from core.actors import Actor
from core.clock import milliseconds
from core.errors import Invalid
from core.ids import ref
from core.rows import find
from notifications.services import Note, post

from .forwarding import Forward, forward
from .wording import Words, sender_of

PREVIEW = 200


def find_message(*, actor: Actor, id: int | None) -> Message:
    return find(Message.objects.in_workspace(actor.workspace_id), id, "Message not found")


@transaction.atomic
def open_conversation(*, actor: Actor, now: datetime, key: str | None = None) -> Conversation:
    """The conversation of that key, made if need be."""
    if key is not None and len(key) > LONGEST_KEY:
        raise Invalid(details=["conversation_id: Invalid input"])
    conversation, is_new = _conversation(actor.workspace_id, key or f"conv_{milliseconds(now)}", now)
    if is_new:
        record(_changed("opened", ref("conversation", conversation.pk), conversation.pk, actor), at=now)
    return conversation


def _conversation(workspace_id: int, key: str, now: datetime) -> tuple[Conversation, bool]:
    new = {"created_at": now, "last_message_at": now}
    return Conversation.objects.get_or_create(workspace_id=workspace_id, key=key, defaults=new)


@transaction.atomic
def say(*, actor: Actor, now: datetime, words: Words) -> tuple[Message, Forward | None]:
    """Store the message and tell of it; a forwarded one is also handed to the recipient's session."""
    words.check()
    message = _store(
        words.conversation,
        actor=actor,
        now=now,
        from_agent=sender_of(words, actor),
        to_agent=words.to,
        content=words.content,
        message_type=words.type,
        metadata=words.metadata,
    )
    events = [_told(message)]
    if message.to_agent is not None:
        events += post([_note(message, message.to_agent)], actor=actor, now=now)
    forwarded = forward(words, actor) if words.is_forwarded else None
    if forwarded is not None and forwarded.is_answered_in(words.conversation):
        events.append(_fact_of(_answer(message, forwarded, actor, now), actor))
    record(*events, _fact_of(message, actor, forwarded), at=now)
    return message, forwarded


def _answer(message: Message, forwarded: Forward, actor: Actor, now: datetime) -> Message:
    return _store(
        message.conversation.key,
        actor=actor,
        now=now,
        from_agent=message.to_agent or "",
        to_agent=message.from_agent,
        content=forwarded.text,
        message_type=Message.STATUS,
        metadata={"status": forwarded.status, "reason": forwarded.reason},
    )


def _store(key: str, *, actor: Actor, now: datetime, **columns: Any) -> Message:
    conversation, _ = _conversation(actor.workspace_id, key, now)
    message = Message(workspace_id=actor.workspace_id, conversation=conversation, created_at=now, **columns)
    channel = (message.metadata or {}).get("channel")
    message.is_between_agents = key.startswith(AGENT_PREFIXES) or channel == COORDINATOR_INBOX
    message.save()
    Conversation.objects.filter(pk=conversation.pk).update(last_message_at=now, last_message_id=message.pk)
    _count(message, now)
    return message


def _count(message: Message, now: datetime) -> None:
    more = {"message_count": F("message_count") + 1, "last_message_at": now}
    between = {**_ends(message), "workspace_id": message.workspace_id}
    pair, _ = Pair.objects.get_or_create(
        conversation=message.conversation, **between, defaults={"last_message_at": now}
    )
    Pair.objects.filter(pk=pair.pk).update(**more, unread_count=F("unread_count") + 1)
    line, _ = Line.objects.get_or_create(**between, defaults={"last_message_at": now})
    Line.objects.filter(pk=line.pk).update(**more)


def _ends(message: Message) -> dict[str, Any]:
    """The columns that pairs and lines are told apart by."""
    return {
        "from_agent": message.from_agent,
        "to_agent": message.to_agent or Pair.EVERYBODY,
        "is_between_agents": message.is_between_agents,
    }


@transaction.atomic
def mark_read(*, message: Message, actor: Actor, now: datetime) -> Message:
    """The first reading counts; a later one changes nothing."""
    if Message.objects.filter(pk=message.pk, read_at=None).update(read_at=now):
        pair = Pair.objects.filter(conversation_id=message.conversation_id, **_ends(message))
        pair.update(unread_count=F("unread_count") - 1)
        record(_changed("read", ref("message", message.pk), message.pk, actor), at=now)
    message.refresh_from_db(fields=["read_at"])
    return message


def _told(message: Message) -> Event:
    whom = f"to {message.to_agent}" if message.to_agent is not None else "(broadcast)"
    return story(
        "chat_message",
        by=message.from_agent,
        subject=ref("message", message.pk),
        workspace_id=message.workspace_id,
        description=f"Sent {message.message_type} message {whom}",
        data={
            "conversation_id": message.conversation.key,
            "to": message.to_agent,
            "message_type": message.message_type,
        },
    )


def _note(message: Message, recipient: str) -> Note:
    title = f"Message from {message.from_agent}"[:200]
    return Note(recipient, "chat_message", title, message.content[:PREVIEW], ("message", message.pk))


def _fact_of(message: Message, actor: Actor, forwarded: Forward | None = None) -> Event:
    """What listeners are told holds the outcome of forwarding, which is not stored."""
    row = {**message.as_row(), "metadata": metadata_told(message, forwarded)}
    return fact(Kind.CHAT_MESSAGE, actor=actor, subject=ref("message", message.pk), data={"message": row})


def metadata_told(message: Message, forwarded: Forward | None) -> dict[str, Any]:
    """The message's metadata with what became of forwarding it, as its sender and listeners are told."""
    told = dict(message.metadata or {})
    if forwarded is not None:
        told["forwardInfo"] = forwarded.as_shape()
    return told


def _changed(what: str, subject: str, id: int, actor: Actor) -> Event:
    return fact(Kind.CHAT_CHANGED, actor=actor, subject=subject, data={"what": what, "id": id})
