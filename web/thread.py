"""One task's story: what was said and what happened, in the order of time, the latest part first to be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime

from activity.models import Event
from tasks.models import Comment, Task, Transition
from web import words

from .names import actor_word
from .papers import Paper, artifacts_of

PAGE = 20
# These are told by the comment itself, or by the transition beside them.
TOLD_ELSEWHERE = ("comment_added", "task_created", "approval_requested")
# What a message is, where it is more than a comment.
TYPES = {
    Comment.Type.WORK_PLAN: "work plan",
    Comment.Type.PROGRESS: "progress",
    Comment.Type.ARTIFACT: "artifact",
    Comment.Type.REVIEW: "review",
    Comment.Type.APPROVAL_REQUEST: "asks for approval",
}
Told = Callable[[str], words.Sign]


@dataclass
class Said:
    comment: Comment
    replies: list[Said] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"comment-{self.comment.pk:012}"

    @property
    def at(self) -> datetime:
        return self.comment.created_at

    @property
    def type(self) -> str:
        return TYPES.get(Comment.Type(self.comment.type), "")

    @property
    def papers(self) -> Sequence[Paper]:
        return artifacts_of(self.comment.artifacts)


@dataclass(frozen=True)
class Happened:
    key: str
    at: datetime
    who: str
    what: str
    sign: words.Sign | None = None
    reason: str = ""


Entry = Said | Happened


def thread_of(task: Task, *, before: datetime | None = None, is_v1: bool = False) -> list[Entry]:
    """The last page of it, or the page before that moment. What happened at the same moment stays together."""
    sign: Told = words.v1_sign if is_v1 else words.SIGNS.__getitem__
    comments = task.comments.select_related("parent").defer("parent__content", "parent__artifacts")
    stories = Event.objects.stories(task.workspace_id).filter(task_id=task.pk).exclude(type__in=TOLD_ELSEWHERE)
    newest = [
        Newest.of(comments, "created_at", before),
        Newest.of(task.transitions.defer("artifacts"), "at", before),
        Newest.of(stories, "at", before),
    ]
    said, moves, events = (each.rows[::-1] for each in newest)
    changes = ((row, _change_in_words(row)) for row in events)
    # A reason that is a message as well is told by that.
    told = {(row.created_at, row.content) for row in said}
    entries: list[Entry] = [*map(Said, said), *(_move(row, sign, (row.at, row.reason) in told) for row in moves)]
    entries += [Happened(f"event-{row.pk:012}", row.at, actor_word(row.actor), what) for row, what in changes if what]
    entries.sort(key=lambda entry: entry.at)
    # Below this, one of the three has more than was read.
    floor = max((each.floor for each in newest if each.floor), default=None)
    if floor is not None:
        entries = [entry for entry in entries if entry.at > floor] or entries
    if len(entries) > PAGE:
        edge = entries[-PAGE].at
        entries = [entry for entry in entries if entry.at >= edge]
    return _nested(entries)


@dataclass(frozen=True, slots=True)
class Newest:
    """Rows, the newest first. `floor` is the moment of the last one when there may be more."""

    rows: list[Any]
    floor: datetime | None

    @classmethod
    def of(cls, rows: QuerySet[Any, Any], moment: str, before: datetime | None) -> Newest:
        """`moment` is the column that holds the time."""
        if before is not None:
            rows = rows.filter(**{f"{moment}__lt": before})
        found = list(rows.order_by(f"-{moment}", "-id")[: PAGE * 2])
        return cls(found, getattr(found[-1], moment) if len(found) == PAGE * 2 else None)


def moment_of(text: str) -> datetime | None:
    """A moment as a page sends it back; None for anything else."""
    try:
        found = parse_datetime(text) if text else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def has_earlier(task: Task, entries: Sequence[Entry]) -> bool:
    """A task's story begins with its creation."""
    return bool(entries) and entries[0].at > task.created_at


def _nested(entries: Sequence[Entry]) -> list[Entry]:
    """Replies below what they answer; where that is not in sight they stand on their own."""
    said = {entry.comment.pk: entry for entry in entries if isinstance(entry, Said)}
    top: list[Entry] = []
    for entry in entries:
        parent = said.get(entry.comment.parent_id or 0) if isinstance(entry, Said) else None
        if parent is not None and isinstance(entry, Said):
            parent.replies.append(entry)
        else:
            top.append(entry)
    return top


def _move(row: Transition, sign: Told, is_told: bool) -> Happened:
    key, now = f"move-{row.pk:012}", sign(row.now)
    if not row.was:
        return Happened(key, row.at, row.by, "created the task", now)
    return Happened(
        key, row.at, row.by, f"moved it: {sign(row.was).word} → {now.word}", now, "" if is_told else row.reason
    )


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
