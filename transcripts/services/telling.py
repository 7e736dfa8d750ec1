"""What people tell runners, and what runners ask for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from activity.catalogue import Kind
from activity.models import Event
from activity.services import record
from agents.models import Agent, Mandate
from core.actors import Actor
from core.rows import fresh, insert
from core.secrets import redact
from transcripts.models import Entry, Message, SpawnRequest

from .batches import told_by

AT_ONCE = 100
Control = Mandate.Control
# What a standing asks of whoever runs the agent.
ACTIONS: dict[str, str] = {
    Control.ACTIVE: "RESUME",
    Control.PAUSED: "PAUSE",
    Control.DRAINED: "DRAIN",
    Control.QUARANTINED: "QUARANTINE",
}
ANSWERS: dict[str, str] = {
    SpawnRequest.Status.APPROVED: "SPAWN_APPROVED",
    SpawnRequest.Status.DENIED: "SPAWN_DENIED",
    SpawnRequest.Status.EXPIRED: "SPAWN_EXPIRED",
}
KINDS = (Kind.AGENT_CONTROL, Kind.AGENT_STATUS_CHANGED, Kind.SPAWN_RESOLVED)
# Of these about the agent, the inbox has something to tell.
NEWS = (*KINDS, Kind.AGENT_USER_MESSAGE)


@transaction.atomic
def send_message(*, agent: Agent, text: str, actor: Actor, now: datetime) -> Message:
    """Say something to whoever runs the agent: it is kept until that has taken it, and stands in the agent's log."""
    text, _ = redact(text)
    message = Message.objects.create(
        workspace_id=agent.workspace_id, agent=agent, text=text, sender=str(actor), author=actor.display_name[:200],
        created_at=now,
    )  # fmt: skip
    data = {"message_id": message.pk, "text": text, "author": actor.display_name}
    told = told_by(agent, Kind.AGENT_USER_MESSAGE, data, actor=actor)
    record(told, at=now)
    message.event_id = told.pk
    message.save(update_fields=["event_id"])
    entry = {"workspace_id": agent.workspace_id, "agent_id": agent.pk, "kind": Entry.Kind.USER.value, "text": text}
    insert([fresh(Entry, **entry, author=message.author, at=now)])
    return message


@dataclass(frozen=True, slots=True)
class Order:
    """Something that whoever runs the agent must act on. `request` is the spawn request that it answers."""

    id: int
    action: str
    reason: str | None
    at: datetime
    request: int | None = None


@dataclass(frozen=True, slots=True)
class Inbox:
    """In the order of their places in the log; `last_id` is where to go on."""

    messages: list[Message]
    orders: list[Order]
    last_id: int


def read_inbox(*, agent: Agent, after: int | None) -> Inbox:
    """What came after a place in the log; without one, the messages that nobody has taken yet."""
    # In this order: what is settled by now cannot be missed by the questions that follow.
    end = Event.objects.settled().order_by("-id").values_list("id", flat=True).first() or 0
    waiting = Message.objects.filter(agent=agent, event_id__gt=after or 0, event_id__lte=end)
    if after is None:
        waiting = waiting.filter(taken_at=None)
    messages = list(waiting.order_by("event_id")[: AT_ONCE + 1])
    events = [] if after is None else _events(agent, after, end)
    full = [places[AT_ONCE - 1] for places in _places(messages, events) if len(places) > AT_ONCE]
    last = min(full, default=max(end, after or 0))
    orders = [order for event in events if event.pk <= last and (order := _order(event)) is not None]
    return Inbox([one for one in messages if one.event_id <= last], orders, last)


def _places(messages: list[Message], events: list[Event]) -> list[list[int]]:
    return [[one.event_id for one in messages], [one.pk for one in events]]


def _events(agent: Agent, after: int, end: int) -> list[Event]:
    rows, _ = Event.objects.of_agent(agent.pk)
    return list(rows.filter(id__gt=after, id__lte=end, kind__in=KINDS).order_by("id")[: AT_ONCE + 1])


def _order(event: Event) -> Order | None:
    data: dict[str, Any] = event.data or {}
    if event.kind == Kind.SPAWN_RESOLVED:
        request = data["request"]
        reason = request["decision_reason"] or None
        return Order(event.pk, ANSWERS[request["status"]], reason, event.at, request["id"])
    if event.kind == Kind.AGENT_CONTROL:
        return Order(event.pk, data["action"], data.get("reason"), event.at)
    action = ACTIONS.get(data["status"])
    return Order(event.pk, action, data.get("reason"), event.at) if action else None


def take_messages(*, agent: Agent, upto: int, now: datetime) -> int:
    """Whoever runs the agent has all up to this place in the log."""
    waiting = Message.objects.filter(agent=agent, event_id__lte=upto, taken_at=None)
    return waiting.update(taken_at=now) if waiting.exists() else 0
