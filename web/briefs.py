"""What the agents of a task planned, handed in and asked leave for, as its page tells it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32

from agents.models import Agent
from core.actors import Actor
from governance.models import Approval
from governance.services.entering import limit_of
from governance.states import TERMINAL
from tasks.models import USUAL_REVIEW_CYCLES, Brief, Task
from tasks.services.assigning import assignees_of
from web import words

from .approvals import Line, lines_of
from .history import Page
from .moves import Offer, offers_of
from .names import name_of, names_of
from .papers import Paper, artifacts_of
from .runs import Spent, spent_on

# What is longer is read when somebody unfolds it, so that a drawer opens at once.
INLINE, EXCERPT = 3_000, 600
Status = Task.Status
# Of other states the reason is history, which the thread tells.
STANDING = {
    Status.NEEDS_APPROVAL,
    Status.BLOCKED,
    Status.FAILED,
    Status.REVIEW,
    Status.QUALITY_REVIEW,
    Status.AWAITING_OWNER,
    Status.CANCELED,
}


@dataclass(frozen=True, slots=True)
class Told:
    """`brief` is None for tasks that the v1 dialect does not know: nobody planned, costed or moved them there."""

    task: Task
    brief: Brief | None
    assignees: list[Agent]
    reason: str
    waiting: list[Line]
    decided: int
    documents: int
    spent: Spent
    offers: list[Offer]
    accepted_by: str

    @property
    def is_v1(self) -> bool:
        return self.brief is not None

    @property
    def is_over(self) -> bool:
        return self.is_v1 and self.task.status in TERMINAL

    @property
    def sign(self) -> words.Sign:
        if self.brief is None:
            return words.SIGNS[self.task.status]
        return words.v1_sign(self.task.status, is_given=bool(self.assignees))

    @property
    def way_on(self) -> str:
        """What has to happen before work goes on."""
        return _way_on(self)

    @property
    def review_limit(self) -> int:
        return limit_of(self.task, self.brief) if self.brief else 0

    @property
    def artifacts(self) -> Sequence[Paper]:
        return artifacts_of(((self.brief and self.brief.deliverable) or {}).get("artifacts"))

    @property
    def ticked(self) -> tuple[int, int]:
        items = self.checklist
        return sum(bool(item.get("checked")) for item in items), len(items)

    @property
    def checklist(self) -> list[dict[str, Any]]:
        return ((self.brief and self.brief.review_checklist) or {}).get("items") or []

    @property
    def dependencies(self) -> list[tuple[int, str]]:
        """(id, what the plan calls it); 0 for what is no task."""
        plan = (self.brief and self.brief.work_plan) or {}
        return [(_task_id(name), str(name)) for name in plan.get("dependencies") or []]

    @property
    def plan_cost(self) -> int | None:
        cost = ((self.brief and self.brief.work_plan) or {}).get("estimatedCost")
        return round(cost * 1_000_000) if isinstance(cost, int | float) else None

    @property
    def stamps(self) -> dict[str, int]:
        """Of texts that are read later: another one than before when they have changed."""
        brief = self.brief or Brief()
        texts = {
            "description": self.task.description,
            "deliverable": (brief.deliverable or {}).get("content"),
            "checklist": brief.review_checklist,
        }
        return {name: crc32(json.dumps(text).encode()) for name, text in texts.items()}

    @property
    def is_in_review(self) -> bool:
        return self.task.status in (Status.REVIEW, Status.QUALITY_REVIEW)

    @property
    def is_checklist_long(self) -> bool:
        return self.brief is not None and len(json.dumps(self.brief.review_checklist)) > INLINE


def told_of(task: Task, *, now: datetime, actor: Actor) -> Told:
    """Reads alone: a task that has no brief gets none."""
    brief = Brief.objects.select_related("reviewer", "creator_agent").filter(task=task).first()
    assignees = assignees_of([task])[task.pk]
    rows = Approval.objects.filter(task=task)
    waiting = rows.decidable(now).select_related("requestor", "decided_by_agent").order_by("expires_at", "id")
    return Told(
        task=task,
        brief=brief,
        assignees=assignees,
        reason=_reason(task, brief),
        waiting=lines_of(waiting[:20], now=now, me=str(actor)),
        decided=rows.exclude(status=Approval.Status.PENDING).count(),
        documents=task.documents.values("name").distinct().count(),
        spent=spent_on(task, brief),
        offers=offers_of(task, brief, assignees, actor) if brief else [],
        accepted_by=_accepted_by(brief),
    )


def decided_of(task: Task, *, before: int, now: datetime) -> Page:
    rows = Approval.objects.filter(task=task).exclude(status=Approval.Status.PENDING)
    page = Page.of(rows.select_related("requestor", "decided_by_agent"), before)
    return Page(lines_of(page.rows, now=now), page.older)


def _reason(task: Task, brief: Brief | None) -> str:
    """Why the task is where it is."""
    if task.status not in STANDING:
        return ""
    if task.status == Status.BLOCKED and brief and brief.blocked_reason:
        return brief.blocked_reason
    last = task.transitions.order_by("-at", "-id").defer("artifacts").first()
    return last.reason if last and last.now == task.status else ""


def _accepted_by(brief: Brief | None) -> str:
    """By its name; a brief keeps `user_3`, or the slug of an agent."""
    who = str(((brief and brief.completion) or {}).get("approvedBy") or "")
    kind, _, id = who.rpartition("_")
    ref = f"{kind}:{id}" if kind in ("user", "key") and id.isdigit() else ""
    return name_of(ref, names_of([ref])) if ref else who


def _way_on(told: Told) -> str:
    brief, status = told.brief, told.task.status
    if brief is None:
        return ""
    if status == Status.NEEDS_APPROVAL:
        if not told.waiting:
            return "Nothing is left to decide. A person moves it on."
        back = words.v1_sign(brief.resume_status).word if brief.resume_status else "where it was"
        many = "the approval below is" if len(told.waiting) == 1 else f"the {len(told.waiting)} approvals below are"
        return f"Goes back to {back} as soon as {many} granted. A denial blocks it."
    if words.v1_sign(status) == words.SIGNS[Status.BLOCKED]:
        if brief.review_cycles > told.review_limit:
            more = f"{USUAL_REVIEW_CYCLES} more rounds of review"
            return f"Sent back {brief.review_cycles} times. A person who unblocks it allows {more}."
        return "A person unblocks it: to go on, or to be assigned again."
    if told.is_in_review:
        whose = f"{brief.reviewer.name} or a person" if brief.reviewer else "a person"
        return f"Waits for {whose} to accept it or to return it."
    return ""


def _task_id(name: Any) -> int:
    number = str(name).removeprefix("task_")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0
