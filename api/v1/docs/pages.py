"""The pages in `docs/` that are written from the code: `python -m tools.routes` writes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from governance.states import STATUSES

from .moves import ENDS, dialects, matrix, moves
from .operations import operations

ROUTES = """# The API at `/api/v1/*`

Every operation and who may call it. Parameters, bodies, answers, errors and examples: `/docs/` of a running server, or
`/api/v1/openapi.json` (OpenAPI 3.1). This page is written by `python -m tools.routes`.

"""
STATES = """# How tasks move at `/api/v1/*`

Written by `python -m tools.routes` from the table in `governance/states.py`, which the server goes by.

## From where to where

From the status at the left to the one at the top: *agents* of some role as well as people, *people* alone (and the
system), or nobody. {ends} are the end: the other API may reopen them, this one does not.

{matrix}
## Who, and with what

Each role says whether an agent of this role may make the move, or as what. Whoever may not is answered 403, with the
moves that are open; what is lacking is answered 400, all of it at once.

{moves}
## One task, two dialects

A task has one status, which each API and the board show in their own words.

{dialects}"""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def routes_page() -> str:
    rows = [
        (f"`{operation.method} {operation.path}`", operation.may, operation.words.summary) for operation in operations()
    ]
    return ROUTES + table(("Operation", "For", "What"), rows)


def states_page() -> str:
    return STATES.format(
        ends=" and ".join(ENDS),
        matrix=table(("from \\ to", *STATUSES), [(f"**{was}**", *cells) for was, cells in matrix()]),
        moves=table(
            ("From", "To", "Intern", "Specialist", "Lead", "People", "System", "Needs"),
            [
                (each.was, each.to, each.intern, each.specialist, each.lead, each.people, each.system, each.needs)
                for each in moves()
            ],
        ),
        dialects=table(
            ("Kept as", "`/api/v1`", "`/api`", "Board column"),
            [(each.kept, each.here, f"`{each.there}`", each.column) for each in dialects()],
        ),
    )
