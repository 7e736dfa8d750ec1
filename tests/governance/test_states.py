"""The table of moves is the contract's matrix, and who may make them is its second table."""

from __future__ import annotations

import pytest

from governance.states import EDGES, STATUSES, TERMINAL, Mover, shown, targets

# Rows are where a task is, columns where it may go: x by whoever is entitled, s as a side effect or by a person.
MATRIX = """
INBOX           -  x  -  -  s  s  -  x
ASSIGNED        x  -  x  -  s  s  -  x
IN_PROGRESS     -  -  -  x  x  x  -  x
REVIEW          -  -  x  -  x  x  x  x
NEEDS_APPROVAL  x  x  x  x  -  x  x  x
BLOCKED         -  x  x  -  x  -  -  x
DONE            -  -  -  -  -  -  -  -
CANCELED        -  -  -  -  -  -  -  -
"""
ROWS = [line.split() for line in MATRIX.strip().splitlines()]
INTERN, SPECIALIST, LEAD = "INTERN", "SPECIALIST", "LEAD"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_moves_are_those_of_the_matrix(row):
    start, *cells = row
    allowed = {to for to, cell in zip(STATUSES, cells, strict=True) if cell != "-"}
    assert {to for (was, to) in EDGES if was == start} == allowed


def test_a_person_may_make_every_move():
    for start in STATUSES:
        assert set(targets(start, Mover())) == {to for (was, to) in EDGES if was == start}
    assert all(targets(status, Mover()) == [] for status in TERMINAL)


@pytest.mark.parametrize(
    ("start", "mover", "expected"),
    [
        ("INBOX", Mover(INTERN), []),
        ("INBOX", Mover(SPECIALIST), ["ASSIGNED"]),
        ("INBOX", Mover(LEAD), ["ASSIGNED"]),
        ("ASSIGNED", Mover(INTERN, is_assignee=True, is_sole_assignee=True), ["IN_PROGRESS"]),
        ("ASSIGNED", Mover(SPECIALIST, is_assignee=True), ["IN_PROGRESS"]),
        ("ASSIGNED", Mover(SPECIALIST, is_assignee=True, is_sole_assignee=True), ["INBOX", "IN_PROGRESS"]),
        ("ASSIGNED", Mover(SPECIALIST), []),
        ("ASSIGNED", Mover(LEAD), ["INBOX"]),
        ("IN_PROGRESS", Mover(INTERN, is_assignee=True), ["REVIEW"]),
        ("IN_PROGRESS", Mover(SPECIALIST, is_assignee=True), ["REVIEW", "BLOCKED"]),
        (
            "IN_PROGRESS",
            Mover(SPECIALIST, is_assignee=True, has_pending_approval=True),
            ["REVIEW", "NEEDS_APPROVAL", "BLOCKED"],
        ),
        ("IN_PROGRESS", Mover(LEAD), ["BLOCKED"]),
        ("REVIEW", Mover(SPECIALIST, is_assignee=True), []),
        ("REVIEW", Mover(SPECIALIST, is_reviewer=True), ["IN_PROGRESS"]),
        ("REVIEW", Mover(LEAD), ["IN_PROGRESS"]),
        ("REVIEW", Mover(LEAD, is_assignee=True), []),
        ("REVIEW", Mover(LEAD, is_assignee=True, may_complete=True), ["DONE"]),
        ("NEEDS_APPROVAL", Mover(LEAD, is_assignee=True), []),
        ("BLOCKED", Mover(LEAD, is_assignee=True), []),
    ],
)
def test_agents_move_tasks_by_their_role(start, mover, expected):
    assert targets(start, mover) == expected


def test_statuses_of_the_other_dialect_are_shown_as_ours():
    assert [shown(status) for status in ("BACKLOG", "QUALITY_REVIEW", "AWAITING_OWNER", "FAILED", "DONE")] == [
        "INBOX", "REVIEW", "BLOCKED", "BLOCKED", "DONE",
    ]  # fmt: skip
