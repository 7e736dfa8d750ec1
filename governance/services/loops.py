"""Work that goes round in circles is stopped until a person looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from activity.catalogue import Kind
from activity.services import fact, record
from core.actors import system
from core.ids import parse_ref, ref
from governance.models import Alert
from governance.states import BLOCKED, TERMINAL, shown
from notifications.services import post_once
from tasks.models import Brief, Comment, Document, Task

from .alerts import Trouble, open_alert
from .by_system import move
from .messages import Saying, write
from .operators import note_to_operator

REVIEW_CYCLES = "REVIEW_CYCLES"
# A task that only turned out to be blocked in the other dialect is blocked here as well.
SHOWN_BLOCKED = [status for status in Task.Status.values if shown(status) == BLOCKED]
LOOKED_AT, MOVES, POSITION = 20, 5, 300
PROPOSALS = {
    REVIEW_CYCLES: "Agree on what the review asks for, in one list; split what is good from what is not, or give the"
    " task to somebody else.",
    "COMMENT_FLOOD": "Let one person decide the open question; continue in fewer, longer messages.",
    "AGENT_PING_PONG": "Let one of the two decide, or a lead; then move the task on.",
    "TOOL_RETRY_LOOP": "Read the error of the tool and repair its cause before it is called again.",
}


@dataclass(frozen=True, slots=True)
class Past:
    """What was told of a loop on a task before: whether it waits for a person still, and from when on events count."""

    is_open: bool = False
    counts_from: datetime = datetime.min.replace(tzinfo=UTC)


def past_of(task: Task, type: str) -> Past:
    """Once told of, a loop is not told of again until a person lets the task go on."""
    told = task.comments.filter(metadata__loop=type, actor__startswith="system").order_by("-id").first()
    if told is None:
        return Past()
    moves = task.transitions.filter(was__in=SHOWN_BLOCKED, at__gte=told.created_at).exclude(now__in=SHOWN_BLOCKED)
    by_people = moves.exclude(actor__startswith="system").exclude(actor__startswith="agent")
    let_go = by_people.order_by("id").first()
    return Past(counts_from=let_go.at) if let_go else Past(is_open=True, counts_from=told.created_at)


@transaction.atomic
def block_for_loop(*, task: Task, type: str, now: datetime, details: dict[str, Any]) -> tuple[Task, Comment]:
    """Sum up what happened, block the task, and tell whoever operates the fleet. `task` must be locked."""
    by = system(task.workspace_id)
    artifact = {
        "name": f"loop-summary-{type.lower()}.md",
        "type": Document.Type.REPORT,
        "content": _summary(task, type, now, details),
        "mimeType": "text/markdown",
    }
    saying = Saying(Comment.Type.ARTIFACT, f"Loop detected: {type}. The task is blocked.", [artifact])
    said = write(
        task=task, actor=by, agent=None, now=now, saying=saying, metadata={"loop": type, **details}, tells=False
    )
    reason = f"Loop detected: {type}"
    if shown(task.status) not in (BLOCKED, *TERMINAL):
        task = move(task=task, to=Task.Status.BLOCKED, now=now, reason=reason)
    metadata = {"loopType": type, "details": details}
    trouble = Trouble(
        "LOOP_DETECTED", Alert.Severity.WARNING, f"{reason}: {task.title}", said.message.content, task_id=task.pk,
        metadata=metadata,
    )  # fmt: skip
    open_alert(trouble=trouble, actor=by, now=now)
    notes = note_to_operator(
        task.workspace_id, type="alert", title=f"{reason}: {task.title}", text=said.message.content, task=task
    )
    data = {"type": type, "task_id": task.pk, "message_id": said.message.pk, "details": details}
    detected = fact(Kind.LOOP_DETECTED, actor=by, subject=ref("task", task.pk), task_id=task.pk, data=data)
    record(*post_once(notes, actor=by, now=now), detected, at=now)
    return task, said.message


def _summary(task: Task, type: str, now: datetime, details: dict[str, Any]) -> str:
    cycles = Brief.objects.of(task).review_cycles
    lines = [
        f"# Loop summary: {type}",
        "",
        f"Task: task_{task.pk}, {task.title}",
        f"Time: {now:%Y-%m-%dT%H:%M:%SZ}",
        "",
        "## Counters",
        "",
        *(
            f"- {name}: {value}"
            for name, value in {"messages": task.comment_count, "reviewCycles": cycles, **details}.items()
        ),
        "",
        "## Positions",
        "",
        *_positions(task),
        "",
        "## Last transitions",
        "",
        *_moves(task),
        "",
        "## Proposed resolution",
        "",
        PROPOSALS[type],
        "",
        "## Next steps",
        "",
        "1. A person reads this and decides.",
        "2. They unblock the task, or cancel it.",
    ]
    return "\n".join(lines)


def _positions(task: Task) -> list[str]:
    """What each of those who spoke lately said last."""
    last: dict[str, str] = {}
    for comment in task.comments.order_by("-id")[:LOOKED_AT]:
        if parse_ref(comment.actor)[0] != "system":
            last.setdefault(comment.author, " ".join(comment.content.split())[:POSITION])
    return [f"- {author}: {text}" for author, text in last.items()] or ["- Nobody has said anything yet."]


def _moves(task: Task) -> list[str]:
    rows = list(task.transitions.order_by("-id")[:MOVES])[::-1]
    return [
        f"- {row.at:%Y-%m-%d %H:%M} {row.by}: {row.was or 'new'} \u2192 {row.now} {row.reason}".rstrip() for row in rows
    ]
