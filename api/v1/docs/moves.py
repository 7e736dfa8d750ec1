"""The state machine of tasks in words, for the page and the document: read from the table that the server goes by."""

from __future__ import annotations

from dataclasses import dataclass

from governance.states import EDGES, STATUSES, TERMINAL, Edge, Need, Right, shown
from realtime.wire.legacy import STATUS_WORDS
from tasks.models import COLUMN_OF, Task

RIGHTS = {
    Right.NO: "no",
    Right.ANY: "any task",
    Right.CLAIM: "for itself alone",
    Right.ASSIGNEE: "as an assignee",
    Right.SOLE_ASSIGNEE: "as the only assignee",
    Right.REVIEWER: "as the reviewer",
    Right.NOT_ASSIGNEE: "as the reviewer, or of others' work",
    Right.APPROVAL: "as an assignee, with an approval asked for",
    Right.FLAG: "where the policy has `leadMayComplete`",
}
NEEDS = {
    Need.ASSIGNEES: "at least one assignee",
    Need.WORK_PLAN: "a work plan of 3 to 6 bullets",
    Need.DELIVERABLE: "a deliverable with content",
    Need.CHECKLIST: "a review checklist of the task's type, with at least one item",
    Need.FEEDBACK: "a reason, or a REVIEW message since it was handed in",
    Need.REASON: "a reason",
    Need.PENDING_APPROVAL: "a pending approval; of people, a reason will do once the work has begun",
    Need.COMPLETION: "of agents, an approved STATE_TRANSITION approval",
}
AGENTS, PEOPLE, NEVER = "agents", "people", "·"


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the list: who may make this move, and what it needs."""

    was: str
    to: str
    intern: str
    specialist: str
    lead: str
    people: str
    system: str
    needs: str


@dataclass(frozen=True, slots=True)
class Dialects:
    """One status as it is kept, and as each surface shows it."""

    kept: str
    here: str
    there: str
    column: str


def moves() -> list[Move]:
    return [_move(was, to, edge) for (was, to), edge in EDGES.items()]


def _move(was: str, to: str, edge: Edge) -> Move:
    return Move(
        was=was,
        to=to,
        intern=RIGHTS[edge.intern],
        specialist=RIGHTS[edge.specialist],
        lead=RIGHTS[edge.lead],
        people="yes" if edge.human else "no",
        system="yes" if edge.system else "no",
        needs="; ".join(NEEDS[need] for need in edge.needs) or "nothing",
    )


def matrix() -> list[tuple[str, list[str]]]:
    """From each status, for each status: whether agents of some role go there, people alone, or nobody."""
    return [(was, [_cell(EDGES.get((was, to))) for to in STATUSES]) for was in STATUSES]


def _cell(edge: Edge | None) -> str:
    if edge is None:
        return NEVER
    return PEOPLE if edge.intern == edge.specialist == edge.lead == Right.NO else AGENTS


def dialects() -> list[Dialects]:
    columns = dict(Task.Column.choices)
    rows = []
    for kept in Task.Status.values:
        here = "ASSIGNED (INBOX while nobody has it)" if kept == "ASSIGNED" else shown(kept)
        rows.append(Dialects(kept, here, STATUS_WORDS[kept], columns[COLUMN_OF[kept]]))
    return rows


ENDS = sorted(TERMINAL)
