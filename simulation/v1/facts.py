"""What is known of the board: facts by whom they concern and what they say, as one view tells them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .agents.hands import Body
from .stage import MICRO

Key = tuple[str, str]
Facts = dict[Key, Any]


@dataclass(frozen=True, slots=True)
class Disagreement:
    key: Key
    said: dict[str, Any]

    def __str__(self) -> str:
        views = "; ".join(f"{view} says {value!r}" for view, value in self.said.items())
        return f"{' '.join(self.key)}: {views}"


def disagreements(views: Mapping[str, Facts]) -> list[Disagreement]:
    """Facts that at least two views speak of, and not in the same words."""
    found = []
    for key in sorted({key for facts in views.values() for key in facts}):
        said = {view: facts[key] for view, facts in views.items() if key in facts}
        if any(value != next(iter(said.values())) for value in said.values()):
            found.append(Disagreement(key, said))
    return found


def shared(views: Mapping[str, Facts]) -> int:
    """How many facts at least two views speak of."""
    keys = [key for facts in views.values() for key in facts]
    return sum(keys.count(key) > 1 for key in set(keys))


def micro(dollars: float | None) -> int:
    return round((dollars or 0) * MICRO)


# Objects as the v1 dialect shows them, whichever way they came.


def of_task(task: Body) -> Facts:
    id = task["id"]
    return {
        (id, "status"): task["status"],
        (id, "title"): task["title"],
        (id, "priority"): task["priority"],
        (id, "assignees"): task["assigneeIds"],
        (id, "cost"): micro(task["actualCost"]),
    }


def of_whole(body: Body) -> Facts:
    """A task with its history."""
    task, id = body["task"], body["task"]["id"]
    says = [(row["id"], author(row), row["content"]) for row in body["messages"]]
    said = [row for row in body["messages"] if row["type"] in ("COMMENT", "PROGRESS") and row["authorAgentId"]]
    return {
        **of_task(task),
        **of_moves(id, body["transitions"]),
        (id, "messages"): says,
        (id, "words"): sorted(row["content"] for row in said),
        (id, "approvals"): sorted((row["id"], row["status"]) for row in body["approvals"]),
        (id, "review cycles"): task["reviewCycles"],
        (id, "approved by"): (task["completion"] or {}).get("approvedBy"),
    }


def of_moves(id: str, rows: Iterable[Body]) -> Facts:
    """Without the one that only says where the task began."""
    moves = [row for row in rows if row["fromStatus"]]
    return {
        (id, "moves"): [(row["fromStatus"], row["toStatus"]) for row in moves],
        (id, "transitions"): [row["id"] for row in moves],
    }


def of_agent(agent: Body) -> Facts:
    id = agent["id"]
    return {
        (id, "status"): agent["status"],
        (id, "spent"): micro(agent["spendToday"]),
        (id, "budget"): micro(agent["budgetDaily"]),
        (id, "task"): agent["currentTaskId"],
    }


def of_approval(approval: Body) -> Facts:
    id = approval["id"]
    decided_by = approval["decidedByAgentId"] or approval["decidedByUserId"]
    return {
        (id, "status"): approval["status"],
        (id, "decided by"): decided_by,
        (id, "reason"): approval["decisionReason"],
        (id, "summary"): approval["actionSummary"],
        (id, "task"): approval["taskId"],
    }


def author(row: Body) -> str:
    """People are all one to a dialect that knows them by other names."""
    return row["authorAgentId"] or ("person" if row["authorUserId"] else "system")
