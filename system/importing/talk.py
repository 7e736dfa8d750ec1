"""What was said: comments, subscriptions, verdicts, notifications, messages."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from agents.models import Agent
from chat.models import AGENT_PREFIXES, LONGEST_KEY, Conversation, Message, Pair
from chat.services import count_lines
from notifications.models import Notification
from tasks.models import Comment, Mention, Review, Subscription, Task

from .people import home_of
from .transfer import FreeIds, Transfer, batches
from .values import json, maybe_text, moment, text

# Heartbeats show mentions of the last hours; older ones need no entry.
RECENT = timedelta(days=1)
VERDICTS = {verdict.value for verdict in Review.Verdict}


def bring_comments(transfer: Transfer) -> None:
    columns = ("id", "task_id", "author", "content", "created_at", "parent_id", "mentions", "workspace_id")
    handles = {
        (home, handle): name for home, handle, name in Agent.objects.values_list("workspace_id", "handle", "name")
    }
    ids, counts, mentions = FreeIds(Comment), Counter[int](), []
    for some in batches(transfer.new_rows("comments", columns)):
        rows = []
        for row in some:
            task = transfer.here("tasks", row["task_id"])
            if task is None:
                transfer.report.skip("comments", "its task is not there")
                continue
            comment = _comment(transfer, row, task, ids.take(row["id"]))
            transfer.became("comments", row["id"], comment.pk)
            counts[task] += 1
            rows.append(comment)
            if comment.created_at > transfer.now - RECENT:
                mentions += _mentions(comment, handles)
        Comment.objects.bulk_create(rows)
        transfer.report.brought["comments"] += len(rows)
    Mention.objects.bulk_create(mentions)
    for task, n in counts.items():
        Task.objects.filter(pk=task).update(comment_count=F("comment_count") + n)


def _comment(transfer: Transfer, row: dict[str, Any], task: int, id: int) -> Comment:
    return Comment(
        id=id,
        workspace_id=home_of(transfer, row),
        task_id=task,
        author=text(row["author"], 200) or "system",
        content=text(row["content"]),
        parent_id=transfer.here("comments", row["parent_id"]),
        mentions=[token for token in json(row["mentions"], []) if isinstance(token, str)],
        created_at=moment(row["created_at"]) or transfer.now,
    )


def _mentions(comment: Comment, handles: dict[tuple[int, str], str]) -> list[Mention]:
    names = (handles.get((comment.workspace_id, token.lower()), token) for token in comment.mentions)
    return [
        Mention(
            comment_id=comment.pk,
            workspace_id=comment.workspace_id,
            name=name[:200],
            created_at=comment.created_at,
        )
        for name in dict.fromkeys(names)
    ]


def bring_subscriptions(transfer: Transfer) -> None:
    there, fresh = set(Subscription.objects.values_list("task_id", "name")), []
    for row in transfer.new_rows("task_subscriptions", ("id", "task_id", "agent_name", "created_at")):
        task, name = transfer.here("tasks", row["task_id"]), text(row["agent_name"], 200)
        if task is None or (task, name) in there:
            transfer.report.skip("task_subscriptions", "its task is not there, or it is there twice")
            continue
        there.add((task, name))
        at = moment(row["created_at"]) or transfer.now
        fresh.append((row["id"], Subscription(task_id=task, name=name, created_at=at)))
    transfer.add("task_subscriptions", fresh)


def bring_reviews(transfer: Transfer) -> None:
    columns, fresh = ("id", "task_id", "reviewer", "status", "notes", "created_at", "workspace_id"), []
    for row in transfer.new_rows("quality_reviews", columns):
        task = transfer.here("tasks", row["task_id"])
        if task is None or row["status"] not in VERDICTS:
            transfer.report.skip("quality_reviews", "its task is not there, or its verdict is unknown")
            continue
        review = Review(
            workspace_id=home_of(transfer, row),
            task_id=task,
            reviewer=text(row["reviewer"], 200),
            status=row["status"],
            notes=text(row["notes"]),
            created_at=moment(row["created_at"]) or transfer.now,
        )
        fresh.append((row["id"], review))
    transfer.add("quality_reviews", fresh)


NOTIFICATIONS = (
    "id", "recipient", "type", "title", "message", "source_type", "source_id", "read_at", "delivered_at", "created_at",
    "workspace_id",
)  # fmt: skip
SOURCES = {"task": "tasks", "comment": "comments", "agent": "agents"}


def bring_notifications(transfer: Transfer) -> None:
    rows = transfer.new_rows("notifications", NOTIFICATIONS)
    transfer.add("notifications", ((row["id"], _notification(transfer, row)) for row in rows))


def _notification(transfer: Transfer, row: dict[str, Any]) -> Notification:
    kind = maybe_text(row["source_type"], 40)
    source = transfer.here(SOURCES.get(kind or "", ""), row["source_id"])
    return Notification(
        workspace_id=home_of(transfer, row),
        recipient=text(row["recipient"], 200),
        type=text(row["type"], 40),
        title=text(row["title"], 200),
        message=text(row["message"]),
        source_type=kind,
        source_id=source,
        read_at=moment(row["read_at"]),
        delivered_at=moment(row["delivered_at"]),
        created_at=moment(row["created_at"]) or transfer.now,
    )


MESSAGES = (
    "id", "conversation_id", "from_agent", "to_agent", "content", "message_type", "metadata", "read_at", "created_at",
    "workspace_id",
)  # fmt: skip
PairKey = tuple[int, str, str, bool]


def bring_messages(transfer: Transfer) -> None:
    """With the conversations they belong to, and the counts of who said how much to whom."""
    conversations = {(c.workspace_id, c.key): c for c in Conversation.objects.all()}
    pairs: dict[PairKey, list[Any]] = {}
    ids = FreeIds(Message)
    for some in batches(transfer.new_rows("messages", MESSAGES)):
        rows = []
        for row in some:
            at = moment(row["created_at"]) or transfer.now
            message = _message(transfer, row, _conversation(conversations, transfer, row, at), at)
            message.pk = ids.take(row["id"])
            transfer.became("messages", row["id"], message.pk)
            _count(pairs, message)
            rows.append(message)
        Message.objects.bulk_create(rows)
        transfer.report.brought["messages"] += len(rows)
    for conversation in conversations.values():
        conversation.save(update_fields=["last_message_at", "last_message_id"])
    _save_pairs(pairs)
    count_lines()


def _conversation(
    known: dict[tuple[int, str], Conversation], transfer: Transfer, row: dict[str, Any], at: datetime
) -> Conversation:
    home, key = home_of(transfer, row), text(row["conversation_id"], LONGEST_KEY) or "general"
    if (home, key) not in known:
        known[home, key] = Conversation.objects.create(workspace_id=home, key=key, created_at=at, last_message_at=at)
    return known[home, key]


def _message(transfer: Transfer, row: dict[str, Any], conversation: Conversation, at: datetime) -> Message:
    return Message(
        workspace_id=conversation.workspace_id,
        conversation=conversation,
        from_agent=text(row["from_agent"], 200),
        to_agent=maybe_text(row["to_agent"], 200),
        content=text(row["content"]),
        message_type=text(row["message_type"], 100) or Message.TEXT,
        metadata=json(row["metadata"], {}) or None,
        is_between_agents=conversation.key.startswith(AGENT_PREFIXES),
        read_at=moment(row["read_at"]),
        created_at=at,
    )


def _count(pairs: dict[PairKey, list[Any]], message: Message) -> None:
    conversation = message.conversation
    if message.created_at >= conversation.last_message_at:
        conversation.last_message_at, conversation.last_message_id = message.created_at, message.pk
    to = message.to_agent or Pair.EVERYBODY
    key = (conversation.pk, message.from_agent, to, message.is_between_agents)
    sum = pairs.setdefault(key, [message.workspace_id, 0, 0, message.created_at])
    sum[1] += 1
    sum[2] += message.read_at is None
    sum[3] = max(sum[3], message.created_at)


def _save_pairs(pairs: dict[PairKey, list[Any]]) -> None:
    for (conversation, sender, to, between), (home, said, unread, last) in pairs.items():
        pair, _ = Pair.objects.get_or_create(
            conversation_id=conversation, from_agent=sender, to_agent=to, is_between_agents=between,
            defaults={"workspace_id": home, "last_message_at": last},
        )  # fmt: skip
        pair.message_count += said
        pair.unread_count += unread
        pair.last_message_at = max(pair.last_message_at, last)
        pair.save()
