"""What kinds of notifications there are: the words that rows carry, and the v1 dialect's for them."""

from __future__ import annotations

TYPES = ("MENTION", "ASSIGNMENT", "APPROVAL_REQUEST", "ALERT", "DIGEST", "APPROVAL_DECIDED", "TASK_TRANSITION")
# The other dialect's words, as v1 shows them.
SHOWN_AS = {
    "assignment": "ASSIGNMENT",
    "status_change": "TASK_TRANSITION",
    "mention": "MENTION",
    "comment": "MENTION",
    "message": "MENTION",
    "chat_message": "MENTION",
    "alert": "ALERT",
    "heartbeat": "ALERT",
    "permission_request": "APPROVAL_REQUEST",
}
EMOJI = {
    "MENTION": "💬",
    "ASSIGNMENT": "📌",
    "APPROVAL_REQUEST": "🔐",
    "ALERT": "🚨",
    "DIGEST": "📊",
    "APPROVAL_DECIDED": "✅",
    "TASK_TRANSITION": "🔄",
}
# Somebody waits for these, or should have acted on them: when they cannot be delivered, people must hear of that.
PRESSING = ("APPROVAL_REQUEST", "ALERT")


def type_shown(word: str) -> str:
    return SHOWN_AS.get(word) or (word.upper() if word.upper() in TYPES else "ALERT")
