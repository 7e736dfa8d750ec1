"""One task's story: what was said and what happened, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from activity.models import Event
from tasks.models import Comment, Task, Transition
from web import words

LONGEST = 200
# These are told by the comment itself, or by the transition beside them.
TOLD_ELSEWHERE = ("comment_added", "task_created")


@dataclass
class Said:
    comment: Comment
    replies: list[Said] = field(default_factory=list)

    @property
    def at(self) -> datetime:
        return self.comment.created_at


@dataclass(frozen=True)
class Happened:
    at: datetime
    who: str
    what: str
    sign: words.Sign | None = None


Entry = Said | Happened


def thread_of(task: Task) -> list[Entry]:
    entries: list[Entry] = [*_conversation(task), *_moves(task), *_changes(task)]
    return sorted(entries, key=lambda entry: entry.at)[-LONGEST:]


def _conversation(task: Task) -> list[Said]:
    """Comments as a tree; a reply whose parent is gone stands on its own."""
    said = {row.pk: Said(row) for row in task.comments.order_by("created_at", "id")}
    top: list[Said] = []
    for entry in said.values():
        parent = said.get(entry.comment.parent_id or 0)
        (parent.replies if parent else top).append(entry)
    return top


def _moves(task: Task) -> list[Happened]:
    return [_move(row) for row in task.transitions.order_by("-at", "-id")[:LONGEST]]


def _move(row: Transition) -> Happened:
    sign = words.SIGNS[row.now]
    if not row.was:
        return Happened(row.at, row.by, "created the task", sign)
    what = f"moved it: {words.SIGNS[row.was].word} → {sign.word}"
    return Happened(row.at, row.by, f"{what} ({row.reason})" if row.reason else what, sign)


def _changes(task: Task) -> list[Happened]:
    rows = Event.objects.stories(task.workspace_id).filter(task_id=task.pk).exclude(type__in=TOLD_ELSEWHERE)
    told = ((row, _change_in_words(row)) for row in rows[:LONGEST])
    return [Happened(row.at, row.actor, what) for row, what in told if what]


def _change_in_words(row: Event) -> str:
    """A change of status has its transition; what is left of the story is told here."""
    if row.type == "quality_review":
        return ""
    if row.type == "task_assigned":
        return f"assigned it to {(row.data or {}).get('assigned_to', '')}"
    if row.type != "task_updated":
        return row.description
    changes = (row.data or {}).get("changes", [])
    return ", ".join(change for change in changes if not change.startswith("status:"))
