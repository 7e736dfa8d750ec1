"""Moves of a task by people, as the state machine allows them: where to, and what each asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.models import Agent
from core.actors import Actor, Role
from governance.services.handing import BULLETS, RESEARCH
from governance.states import (
    ASSIGNED,
    BLOCKED,
    CANCELED,
    DONE,
    EDGES,
    IN_PROGRESS,
    INBOX,
    NEEDS_APPROVAL,
    REVIEW,
    STATUSES,
    Edge,
    Mover,
    Need,
    seen,
    targets,
)
from tasks.models import Brief, Task
from web import words

STATUS = re.compile(rf"\b({'|'.join(STATUSES)})\b")
ONWARD = {(INBOX, ASSIGNED), (ASSIGNED, IN_PROGRESS), (IN_PROGRESS, REVIEW), (REVIEW, DONE), (BLOCKED, IN_PROGRESS)}
WORDS = {
    (INBOX, ASSIGNED): "Assign",
    (ASSIGNED, INBOX): "Back to inbox",
    (ASSIGNED, IN_PROGRESS): "Start",
    (IN_PROGRESS, REVIEW): "Hand in for review",
    (REVIEW, IN_PROGRESS): "Return for changes",
    (REVIEW, DONE): "Accept as done",
    (BLOCKED, ASSIGNED): "Unblock, assign again",
    (BLOCKED, IN_PROGRESS): "Unblock, go on",
}
WORDS_TO = {
    BLOCKED: "Block",
    CANCELED: "Cancel the task",
    NEEDS_APPROVAL: "Hold for approval",
    DONE: "Accept as done",
}
WHY = {Need.REASON, Need.FEEDBACK, Need.PENDING_APPROVAL}
# What the reason of a move is for.
REASONS = {
    BLOCKED: "What blocks it",
    IN_PROGRESS: "What is to be changed",
    NEEDS_APPROVAL: "What has to be approved",
    DONE: "Note on the decision",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """One move that is open. `asks` are the parts that must come with it."""

    was: str
    to: str
    asks: frozenset[Need]
    wants_reason: bool

    @property
    def word(self) -> str:
        return WORDS.get((self.was, self.to)) or WORDS_TO.get(self.to) or f"Move to {self.sign.word}"

    @property
    def sign(self) -> words.Sign:
        return words.v1_sign(self.to)

    @property
    def kind(self) -> str:
        if self.to == CANCELED:
            return "danger"
        return "primary" if (self.was, self.to) in ONWARD else ""

    @property
    def reason(self) -> str:
        """What the text is called that goes with it."""
        if not self.wants_reason:
            return REASONS[DONE] if self.to == DONE else "Reason"
        return REASONS.get(self.to, "Reason")

    @property
    def asks_assignees(self) -> bool:
        return Need.ASSIGNEES in self.asks

    @property
    def asks_plan(self) -> bool:
        return Need.WORK_PLAN in self.asks

    @property
    def asks_deliverable(self) -> bool:
        return Need.DELIVERABLE in self.asks

    @property
    def asks_checklist(self) -> bool:
        return Need.CHECKLIST in self.asks


def offers_of(task: Task, brief: Brief, assignees: Sequence[Agent], actor: Actor) -> list[Offer]:
    """Where this person may take the task, the way onward first."""
    if not actor.can(Role.OPERATOR):
        return []
    was = _status(task, assignees)
    found = [_offer(was, to, task, brief, assignees) for to in targets(was, Mover()) if not _is_shut(was, to)]
    return sorted(found, key=lambda offer: ("primary", "", "danger").index(offer.kind))


def _status(task: Task, assignees: Sequence[Agent]) -> str:
    return seen(task.status, is_given=bool(assignees))


def _is_shut(was: str, to: str) -> bool:
    """Work that has not begun is held only by asking for an approval."""
    return to == NEEDS_APPROVAL and was in (INBOX, ASSIGNED)


def _offer(was: str, to: str, task: Task, brief: Brief, assignees: Sequence[Agent]) -> Offer:
    edge = EDGES[was, to]
    return Offer(was, to, frozenset(_asked(edge, to, task, brief, assignees)), bool(WHY & set(edge.needs)))


def _asked(edge: Edge, to: str, task: Task, brief: Brief, assignees: Sequence[Agent]) -> Iterable[Need]:
    """What is needed and not there yet. Who assigns may always choose anew."""
    has = {
        Need.ASSIGNEES: bool(assignees) and to != ASSIGNED,
        Need.WORK_PLAN: len((brief.work_plan or {}).get("bullets") or []) in BULLETS,
        Need.DELIVERABLE: bool((brief.deliverable or {}).get("content")),
        Need.CHECKLIST: _has_checklist(task, brief),
    }
    return (need for need in edge.needs if not has.get(need, True))


def _has_checklist(task: Task, brief: Brief) -> bool:
    checklist = brief.review_checklist or {}
    fits = checklist.get("type") == task.type or (checklist.get("type") == "RESEARCH" and task.type in RESEARCH)
    return bool(checklist.get("items")) and fits


@dataclass(slots=True)
class Problems:
    """What was wrong with a move, by the part of the form that it is told beside."""

    by_part: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, errors: Sequence[dict[str, Any]], offer: Offer) -> Problems:
        shown = {"reason"}
        shown |= {name for name, asks in PARTS.items() if asks in offer.asks}
        found = cls()
        for error in errors:
            part, _, rest = str(error["field"]).partition(".")
            inside = part in shown
            name = part if inside else "move"
            told = f"{rest}: {error['message']}" if rest and not rest.startswith("bullets") else str(error["message"])
            if not inside and part in PARTS:
                told = f"{LABELS[part]}: {told}"
            told = STATUS.sub(lambda match: words.v1_sign(match[0]).word, told)
            found.by_part.setdefault(name, []).append(told[:1].upper() + told[1:])
        return found

    def __getitem__(self, part: str) -> list[str]:
        return self.by_part.get(part, [])


PARTS = {
    "assigneeIds": Need.ASSIGNEES,
    "workPlan": Need.WORK_PLAN,
    "deliverable": Need.DELIVERABLE,
    "reviewChecklist": Need.CHECKLIST,
}
LABELS = {
    "assigneeIds": "Assignees",
    "workPlan": "Work plan",
    "deliverable": "Deliverable",
    "reviewChecklist": "Checklist",
}
