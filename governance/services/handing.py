"""What a move must bring along, or the task have already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agents.models import Agent
from governance.states import ASSIGNED, INBOX, Edge, Need
from tasks.models import Comment

from .pending import granted_completion, has_pending
from .situation import Situation

RESEARCH = {"CUSTOMER_RESEARCH", "SEO_RESEARCH"}
BULLETS = range(3, 7)


@dataclass(frozen=True, slots=True)
class Handed:
    """What comes with a move. `problems` are the parts that are not as they should be: part → `field: message`."""

    work_plan: dict[str, Any] | None = None
    deliverable: dict[str, Any] | None = None
    review_checklist: dict[str, Any] | None = None
    problems: dict[str, list[str]] = field(default_factory=dict)

    def supplied(self, edge: Edge) -> dict[str, Any]:
        """The parts that this move asks for, by the names of their columns."""
        return {
            column: part
            for need, column in PARTS.items()
            if need in edge.needs and (part := getattr(self, column)) is not None
        }


PARTS = {Need.WORK_PLAN: "work_plan", Need.DELIVERABLE: "deliverable", Need.CHECKLIST: "review_checklist"}


@dataclass(frozen=True, slots=True)
class Request:
    """The move that somebody asks for."""

    here: Situation
    to: str
    reason: str
    handed: Handed
    assignees: list[Agent]
    now: datetime


def lacking(edge: Edge, request: Request) -> list[str]:
    """Everything that keeps this move from being made, as `field: message`."""
    return [line for need in edge.needs for line in CHECKS[need](request)]


def _assignees(request: Request) -> list[str]:
    return [] if request.assignees else ["assigneeIds: at least one assignee is needed"]


def _work_plan(request: Request) -> list[str]:
    if lines := request.handed.problems.get("workPlan"):
        return lines
    plan = request.handed.work_plan or request.here.brief.work_plan
    if plan is None:
        return [f"workPlan: required for {request.to}"]
    return [] if len(plan.get("bullets") or []) in BULLETS else ["workPlan.bullets: 3 to 6 are needed"]


def _deliverable(request: Request) -> list[str]:
    if lines := request.handed.problems.get("deliverable"):
        return lines
    deliverable = request.handed.deliverable or request.here.brief.deliverable
    return [] if deliverable and deliverable.get("content") else [f"deliverable: required for {request.to}"]


def _checklist(request: Request) -> list[str]:
    if lines := request.handed.problems.get("reviewChecklist"):
        return lines
    checklist = request.handed.review_checklist or request.here.brief.review_checklist
    if not checklist or not checklist.get("items"):
        return [f"reviewChecklist: required for {request.to}, with at least one item"]
    kind, task_type = checklist.get("type"), request.here.task.type
    if kind == task_type or (kind == "RESEARCH" and task_type in RESEARCH):
        return []
    return [f"reviewChecklist.type: must be {task_type}, as the task is"]


def _feedback(request: Request) -> list[str]:
    if request.reason:
        return []
    said = request.here.task.comments.filter(type=Comment.Type.REVIEW)
    if request.here.brief.submitted_at:
        said = said.filter(created_at__gt=request.here.brief.submitted_at)
    return [] if said.exists() else ["reason: say what is to be changed, here or in a REVIEW message"]


def _reason(request: Request) -> list[str]:
    return [] if request.reason else [f"reason: required for {request.to}"]


def _pending_approval(request: Request) -> list[str]:
    """A person who stops work that has begun needs only say why."""
    if has_pending(request.here.task):
        return []
    if request.here.agent is None and request.here.status not in (INBOX, ASSIGNED):
        return _reason(request)
    return ["approval: a pending approval is needed; request one for this task"]


def _completion(request: Request) -> list[str]:
    here = request.here
    if here.agent is None or granted_completion(here.task, here.agent, request.now):
        return []
    return ["approval: an approved STATE_TRANSITION approval is needed"]


CHECKS: dict[Need, Callable[[Request], list[str]]] = {
    Need.ASSIGNEES: _assignees,
    Need.WORK_PLAN: _work_plan,
    Need.DELIVERABLE: _deliverable,
    Need.CHECKLIST: _checklist,
    Need.FEEDBACK: _feedback,
    Need.REASON: _reason,
    Need.PENDING_APPROVAL: _pending_approval,
    Need.COMPLETION: _completion,
}


def unticked(checklist: dict[str, Any] | None) -> list[str]:
    """A warning for each item that is neither checked nor explained."""
    items = (checklist or {}).get("items") or []
    return [
        f"reviewChecklist: \u201c{item['label']}\u201d is unchecked, without a note"
        for item in items
        if not item.get("checked") and not item.get("note")
    ]
