"""The state machine of tasks as data: which moves there are, who may make them, and what they need.

Code, error bodies, documentation and tests read this one table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

INBOX, ASSIGNED, IN_PROGRESS, REVIEW = "INBOX", "ASSIGNED", "IN_PROGRESS", "REVIEW"
NEEDS_APPROVAL, BLOCKED, DONE, CANCELED = "NEEDS_APPROVAL", "BLOCKED", "DONE", "CANCELED"
STATUSES = (INBOX, ASSIGNED, IN_PROGRESS, REVIEW, NEEDS_APPROVAL, BLOCKED, DONE, CANCELED)
TERMINAL = frozenset({DONE, CANCELED})
# Statuses of the other dialect, as this one shows them.
SHOWN_AS = {"BACKLOG": INBOX, "QUALITY_REVIEW": REVIEW, "AWAITING_OWNER": BLOCKED, "FAILED": BLOCKED}


class Right(Enum):
    """What lets an agent of some role make a move."""

    NO = auto()
    ANY = auto()
    CLAIM = auto()  # for itself alone
    ASSIGNEE = auto()
    SOLE_ASSIGNEE = auto()
    REVIEWER = auto()
    NOT_ASSIGNEE = auto()  # the reviewer, or anybody whose work it is not
    APPROVAL = auto()  # by asking for an approval
    FLAG = auto()  # when the policy says so


class Need(Enum):
    """What a move must bring along, or the task have already."""

    ASSIGNEES = auto()
    WORK_PLAN = auto()
    DELIVERABLE = auto()
    CHECKLIST = auto()
    FEEDBACK = auto()
    REASON = auto()
    PENDING_APPROVAL = auto()
    COMPLETION = auto()


NO, ANY, ASSIGNEE, APPROVAL = Right.NO, Right.ANY, Right.ASSIGNEE, Right.APPROVAL


@dataclass(frozen=True, slots=True)
class Edge:
    """One move. The rights of interns, specialists and leads; whether people may, and the system."""

    intern: Right = NO
    specialist: Right = NO
    lead: Right = NO
    human: bool = True
    system: bool = False
    needs: tuple[Need, ...] = ()

    def right_of(self, autonomy: str) -> Right:
        return {"INTERN": self.intern, "SPECIALIST": self.specialist, "LEAD": self.lead}[autonomy]


CANCEL = Edge()
WORK = (Need.ASSIGNEES, Need.WORK_PLAN)
HANDED_IN = (Need.DELIVERABLE, Need.CHECKLIST)
WAIT = (Need.PENDING_APPROVAL,)
WHY = (Need.REASON,)
ASKED = Edge(APPROVAL, APPROVAL, APPROVAL, system=True, needs=WAIT)

EDGES: dict[tuple[str, str], Edge] = {
    (INBOX, ASSIGNED): Edge(NO, Right.CLAIM, ANY, system=True, needs=(Need.ASSIGNEES,)),
    (INBOX, NEEDS_APPROVAL): ASKED,
    (INBOX, BLOCKED): Edge(system=True, needs=WHY),
    (INBOX, CANCELED): CANCEL,
    (ASSIGNED, INBOX): Edge(NO, Right.SOLE_ASSIGNEE, ANY, system=True),
    (ASSIGNED, IN_PROGRESS): Edge(ASSIGNEE, ASSIGNEE, ASSIGNEE, needs=WORK),
    (ASSIGNED, NEEDS_APPROVAL): ASKED,
    (ASSIGNED, BLOCKED): Edge(system=True, needs=WHY),
    (ASSIGNED, CANCELED): CANCEL,
    (IN_PROGRESS, REVIEW): Edge(ASSIGNEE, ASSIGNEE, ASSIGNEE, needs=HANDED_IN),
    (IN_PROGRESS, NEEDS_APPROVAL): ASKED,
    (IN_PROGRESS, BLOCKED): Edge(NO, ASSIGNEE, ANY, system=True, needs=WHY),
    (IN_PROGRESS, CANCELED): CANCEL,
    (REVIEW, IN_PROGRESS): Edge(NO, Right.REVIEWER, Right.NOT_ASSIGNEE, needs=(Need.FEEDBACK,)),
    (REVIEW, NEEDS_APPROVAL): Edge(NO, APPROVAL, APPROVAL, system=True, needs=WAIT),
    (REVIEW, BLOCKED): Edge(system=True, needs=WHY),
    (REVIEW, DONE): Edge(NO, NO, Right.FLAG, needs=(Need.DELIVERABLE, Need.COMPLETION)),
    (REVIEW, CANCELED): CANCEL,
    (NEEDS_APPROVAL, INBOX): Edge(system=True),
    (NEEDS_APPROVAL, ASSIGNED): Edge(system=True, needs=(Need.ASSIGNEES,)),
    (NEEDS_APPROVAL, IN_PROGRESS): Edge(system=True, needs=WORK),
    (NEEDS_APPROVAL, REVIEW): Edge(system=True, needs=HANDED_IN),
    (NEEDS_APPROVAL, BLOCKED): Edge(system=True, needs=WHY),
    (NEEDS_APPROVAL, DONE): Edge(system=True, needs=(Need.DELIVERABLE, Need.COMPLETION)),
    (NEEDS_APPROVAL, CANCELED): CANCEL,
    (BLOCKED, ASSIGNED): Edge(needs=(Need.ASSIGNEES,)),
    (BLOCKED, IN_PROGRESS): Edge(needs=WORK),
    (BLOCKED, NEEDS_APPROVAL): Edge(system=True, needs=WAIT),
    (BLOCKED, CANCELED): CANCEL,
}


def shown(status: str) -> str:
    """The canonical status as this dialect shows it."""
    return SHOWN_AS.get(status, status)


def seen(status: str, *, is_given: bool) -> str:
    """As `shown`, of a task that somebody has or not: what waits for nobody is in the inbox."""
    status = shown(status)
    return INBOX if status == ASSIGNED and not is_given else status


@dataclass(frozen=True, slots=True)
class Mover:
    """Who wants to move a task, as far as the table cares. `autonomy` is None for people."""

    autonomy: str | None = None
    is_assignee: bool = False
    is_sole_assignee: bool = False
    is_reviewer: bool = False
    may_complete: bool = False
    has_pending_approval: bool = False

    def may(self, edge: Edge) -> bool:
        if self.autonomy is None:
            return edge.human
        held = {
            Right.ANY: True,
            Right.CLAIM: True,
            Right.ASSIGNEE: self.is_assignee,
            Right.SOLE_ASSIGNEE: self.is_sole_assignee,
            Right.REVIEWER: self.is_reviewer,
            Right.NOT_ASSIGNEE: self.is_reviewer or not self.is_assignee,
            Right.APPROVAL: self.is_assignee and self.has_pending_approval,
            Right.FLAG: self.may_complete,
        }
        return held.get(edge.right_of(self.autonomy), False)


def targets(status: str, mover: Mover) -> list[str]:
    """Where this mover may take a task of this status, in the order of the statuses. What a move needs is not asked."""
    return [to for to in STATUSES if (edge := EDGES.get((status, to))) is not None and mover.may(edge)]
