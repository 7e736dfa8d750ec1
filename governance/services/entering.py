"""What a move of a task brings with it: messages, counters, and those who hear of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Sum

from accounts.services import revoke_keys_of_agent
from activity.services import record
from agents.models import Agent, Mandate
from agents.services.control import set_control
from core.actors import Actor, system
from core.money import dollars
from governance.states import ASSIGNED, BLOCKED, CANCELED, DONE, IN_PROGRESS, NEEDS_APPROVAL, REVIEW
from notifications.services import Note, post_once
from tasks.models import USUAL_REVIEW_CYCLES, Brief, Comment, Task
from tokens.models import Run

from .limits import limits_for
from .messages import Saying, write
from .operators import note_to_operator

# Not the costs, which are booked while others move the task.
KEPT = (
    "work_plan", "deliverable", "review_checklist", "review_cycles", "review_limit", "cost_summary", "completion",
    "blocked_reason", "resume_status", "started_at", "submitted_at", "redacted_fields",
)  # fmt: skip


def enter(
    *, task: Task, brief: Brief, was: str, to: str, actor: Actor, agent: Agent | None, reason: str, now: datetime
) -> None:
    """Write the brief of a task that has just been moved, and what else follows. `was` and `to` as shown."""
    _stand(brief, was, to, reason, now)
    if to == IN_PROGRESS:
        brief.started_at = brief.started_at or now
    if (was, to) == (REVIEW, IN_PROGRESS):
        brief.review_cycles += 1
        brief.review_checklist = None
    if to == REVIEW:
        brief.submitted_at, brief.cost_summary = now, cost_summary(task)
    if (
        was == BLOCKED
        and to != NEEDS_APPROVAL
        and actor.kind != "system"
        and brief.review_cycles > limit_of(task, brief)
    ):
        brief.review_limit = brief.review_cycles + USUAL_REVIEW_CYCLES
    brief.save(update_fields=KEPT)
    _say(task, brief, was, to, actor, agent, reason, now)
    _point(task, was, to, agent, now)


def _stand(brief: Brief, was: str, to: str, reason: str, now: datetime) -> None:
    if BLOCKED in (was, to):
        brief.blocked_reason = reason if to == BLOCKED else None
    if to == NEEDS_APPROVAL:
        brief.resume_status = was
    elif was == NEEDS_APPROVAL:
        brief.resume_status = None


def limit_of(task: Task, brief: Brief) -> int:
    """How often a review may send the task back. Once a person has let it go on, what the brief says holds."""
    if brief.review_limit > USUAL_REVIEW_CYCLES:
        return brief.review_limit
    return limits_for(task.workspace_id, task=task).of("maxReviewCycles")


def cost_summary(task: Task) -> dict[str, Any]:
    tokens = F("input_tokens") + F("output_tokens") + F("cache_read_tokens") + F("cache_write_tokens")
    sums = Run.objects.filter(task=task).aggregate(cost=Sum("cost_microusd"), n=Count("id"), tokens=Sum(tokens))
    spent = Brief.objects.filter(task=task).values_list("actual_cost_microusd", flat=True).first()
    cost = max(sums["cost"] or 0, spent or 0)
    return {"totalCost": dollars(cost), "runCount": sums["n"], "tokenCount": sums["tokens"] or 0}


def _say(
    task: Task, brief: Brief, was: str, to: str, actor: Actor, agent: Agent | None, reason: str, now: datetime
) -> None:
    saying, metadata = None, {}
    if (was, to) == (ASSIGNED, IN_PROGRESS) and brief.work_plan:
        lines = [f"{n}. {bullet}" for n, bullet in enumerate(brief.work_plan["bullets"], start=1)]
        saying, metadata = Saying(Comment.Type.WORK_PLAN, "\n".join(lines)), {"workPlan": brief.work_plan}
    elif (was, to) == (REVIEW, IN_PROGRESS) and reason:
        saying = Saying(Comment.Type.REVIEW, reason)
    if saying is not None:
        write(task=task, actor=actor, agent=agent, now=now, saying=saying, metadata=metadata, tells=False)


def _point(task: Task, was: str, to: str, agent: Agent | None, now: datetime) -> None:
    """What its agents are at."""
    if (was, to) == (ASSIGNED, IN_PROGRESS):
        worker = agent or Agent.objects.in_workspace(task.workspace_id).filter(name=task.assigned_to).first()
        if worker is not None:
            Mandate.objects.of(worker)
            Mandate.objects.filter(pk=worker.pk).update(current_task_id=task.pk)
    elif to in (REVIEW, DONE, CANCELED):
        Mandate.objects.filter(current_task_id=task.pk).update(current_task_id=None)
    if to in (DONE, CANCELED):
        _retire_helpers(task, now)


def _retire_helpers(task: Task, now: datetime) -> None:
    """Agents that were made for this task alone."""
    by = system(task.workspace_id)
    helpers = Mandate.objects.filter(parent_task_id=task.pk).exclude(control=Mandate.Control.OFFLINE)
    for mandate in helpers.select_related("agent"):
        set_control(agent=mandate.agent, to=Mandate.Control.OFFLINE, actor=by, now=now, reason="its task is over")
        revoke_keys_of_agent(agent_id=mandate.agent_id, actor=by, now=now)


def tell(
    *, task: Task, was: str, to: str, assignees: Sequence[Agent], reviewer: Agent | None, actor: Actor, now: datetime,
    reason: str,
) -> None:  # fmt: skip
    """Those whom the move concerns, but for whoever made it."""
    text = f'Task "{task.title}" {WORDS.get((was, to)) or WORDS.get(("", to), "")}'
    source = ("task", task.pk)
    about = Note("", "status_change", text[:200], f"{text}{': ' if reason else ''}{reason}", source)
    notes: list[Note] = []
    if (was, to) == (REVIEW, IN_PROGRESS) or (was == BLOCKED and to in (ASSIGNED, IN_PROGRESS)) or to == DONE:
        notes = [replace(about, recipient=agent.name) for agent in assignees]
    elif to == REVIEW and was == IN_PROGRESS:
        notes = [replace(about, recipient=reviewer.name)] if reviewer else []
        notes += note_to_operator(task.workspace_id, type=about.type, title=about.title, text=about.message, task=task)
    others = [note for note in notes if note.recipient not in (actor.username, actor.display_name)]
    record(*post_once(others, actor=actor, now=now), at=now)


WORDS = {
    (REVIEW, IN_PROGRESS): "was returned for another round",
    (BLOCKED, ASSIGNED): "is unblocked",
    (BLOCKED, IN_PROGRESS): "is unblocked",
    ("", REVIEW): "is ready for review",
    ("", DONE): "is done",
}
