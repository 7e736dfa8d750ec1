"""What clients of the legacy dialect call the statuses of tasks."""

from __future__ import annotations

from .models import Task

S = Task.Status
STATUS_WORDS: dict[str, str] = {
    S.INBOX: "inbox",
    S.BACKLOG: "backlog",
    S.ASSIGNED: "assigned",
    S.IN_PROGRESS: "in_progress",
    S.REVIEW: "review",
    S.QUALITY_REVIEW: "quality_review",
    S.NEEDS_APPROVAL: "awaiting_owner",
    S.AWAITING_OWNER: "awaiting_owner",
    S.BLOCKED: "awaiting_owner",
    S.FAILED: "failed",
    S.DONE: "done",
    S.CANCELED: "done",
}
