"""Lists of conversations, from counts that follow the messages. No question here reads all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum

from core.rows import ask

from .models import Conversation, Line, Message, Pair

# Not agents, whatever they are called.
NOT_AGENTS = ("human", "system", "operator")

# By hand: as one condition with OR, every pair of the workspace is looked at, which takes a second for 150,000 of them;
# as two, each is answered from an index alone.
SEEN = """SELECT conversation_id, last_message_at FROM chat_pair WHERE workspace_id = %s AND from_agent = %s
    UNION ALL SELECT conversation_id, last_message_at FROM chat_pair WHERE workspace_id = %s AND to_agent IN (%s, '')"""
NEWEST_SEEN = f"""SELECT conversation_id FROM ({SEEN}) seen GROUP BY conversation_id
    ORDER BY max(last_message_at) DESC, conversation_id DESC LIMIT %s OFFSET %s"""
NUMBER_SEEN = f"SELECT count(DISTINCT conversation_id) FROM ({SEEN}) seen"


@dataclass(frozen=True, slots=True)
class Summary:
    conversation: Conversation
    last_message_at: datetime
    message_count: int = 0
    participant_count: int = 0
    unread_count: int = 0
    last_message: Message | None = None


def conversations(workspace_id: int, *, agent: str, limit: int, offset: int) -> tuple[list[Summary], int]:
    """The last active ones first, and how many there are; with `agent`, only what that one can see counts."""
    if agent:
        return _of_agent(workspace_id, agent, limit, offset)
    here = Conversation.objects.filter(workspace_id=workspace_id)
    shown = list(here.order_by("-last_message_at", "-id")[offset : offset + limit])
    pairs = Pair.objects.filter(conversation__in=shown)
    return _summaries(shown, pairs), here.count()


def summary(conversation: Conversation) -> Summary:
    return _summaries([conversation], conversation.pairs.all())[0]


def _of_agent(workspace_id: int, agent: str, limit: int, offset: int) -> tuple[list[Summary], int]:
    parameters = [workspace_id, agent, workspace_id, agent]
    ids = [id for (id,) in ask(NEWEST_SEEN, [*parameters, limit, offset])]
    ((total,),) = ask(NUMBER_SEEN, parameters)
    known = Conversation.objects.in_bulk(ids)
    pairs = Pair.objects.filter(conversation__in=ids).seen_by(agent)
    return _summaries([known[id] for id in ids], pairs, agent), total


def _summaries(shown: list[Conversation], pairs: Iterable[Pair], agent: str = "") -> list[Summary]:
    by_conversation: dict[int, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_conversation[pair.conversation_id].append(pair)
    ids = [row.last_message_id for row in shown if row.last_message_id]
    messages = {row.pk: row for row in Message.objects.filter(pk__in=ids).select_related("conversation")}
    return [_summary(row, by_conversation[row.pk], messages.get(row.last_message_id or 0), agent) for row in shown]


def _summary(row: Conversation, pairs: list[Pair], last: Message | None, agent: str) -> Summary:
    """Who speaks and is spoken to counts twice, as it always has."""
    senders = {pair.from_agent for pair in pairs}
    recipients = {pair.to_agent for pair in pairs} - {Pair.EVERYBODY}
    return Summary(
        row,
        max((pair.last_message_at for pair in pairs), default=row.last_message_at),
        sum(pair.message_count for pair in pairs),
        len(senders) + len(recipients),
        sum(pair.unread_count for pair in pairs if agent and pair.to_agent == agent),
        last,
    )


def messages(
    workspace_id: int, *, conversation: str, sender: str, recipient: str, since: datetime | None
) -> tuple[QuerySet[Message], int]:
    """Oldest first, and how many there are."""
    rows = Message.objects.in_workspace(workspace_id).order_by("created_at", "id")
    counted: QuerySet[Any, Any] = Line.objects.filter(workspace_id=workspace_id)
    if conversation:
        found = Conversation.objects.filter(workspace_id=workspace_id, key=conversation).first()
        if found is None:
            return rows.none(), 0
        rows, counted = rows.filter(conversation=found), Pair.objects.filter(conversation=found)
    for column, name in (("from_agent", sender), ("to_agent", recipient)):
        if name:
            rows, counted = rows.filter(**{column: name}), counted.filter(**{column: name})
    if since is None:
        return rows, counted.aggregate(n=Sum("message_count"))["n"] or 0
    rows = rows.filter(created_at__gte=since)
    return rows, rows.count()


@dataclass(frozen=True, slots=True)
class Traffic:
    """What agents say to each other: the newest messages, oldest first, and who speaks with whom."""

    messages: list[Message]
    total: int
    edges: list[Mapping[str, Any]]
    stats: list[dict[str, Any]]


def traffic(workspace_id: int, *, agent: str, since: datetime | None, limit: int, offset: int) -> Traffic:
    between = Line.objects.filter(workspace_id=workspace_id, is_between_agents=True)
    rows = Message.objects.in_workspace(workspace_id).filter(is_between_agents=True)
    mine = Q(from_agent=agent) | Q(to_agent=agent) if agent else Q()
    rows = rows.filter(mine)
    edges: QuerySet[Any, Any]
    if since is not None:
        rows = rows.filter(created_at__gte=since)
        total = rows.count()
        edges = rows.values("from_agent", "to_agent").annotate(n=Count("id"), last=Max("created_at"))
    else:
        total = between.filter(mine).aggregate(n=Sum("message_count"))["n"] or 0
        edges = (
            between.filter(mine)
            .values("from_agent", "to_agent")
            .annotate(n=Sum("message_count"), last=Max("last_message_at"))
        )
    shown = list(rows.order_by("-created_at", "-id")[offset : offset + limit])
    return Traffic(shown[::-1], total, _edges(edges.order_by()), _stats(between))


def _edges(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    between = [row for row in rows if _is_agent(row["from_agent"]) and _is_agent(row["to_agent"])]
    return sorted(between, key=lambda row: (-row["n"], row["from_agent"], row["to_agent"]))


def _stats(between: QuerySet[Line]) -> list[dict[str, Any]]:
    stats: dict[str, dict[str, Any]] = {}
    for row in between.values("from_agent", "to_agent").annotate(n=Sum("message_count")).order_by():
        for name, column in ((row["from_agent"], "sent"), (row["to_agent"], "received")):
            if _is_agent(name):
                stats.setdefault(name, {"agent": name, "sent": 0, "received": 0})[column] += row["n"]
    return sorted(stats.values(), key=lambda one: (-one["sent"] - one["received"], one["agent"]))


def _is_agent(name: str | None) -> bool:
    return bool(name) and str(name).lower() not in NOT_AGENTS
