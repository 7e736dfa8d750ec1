"""What the server said by itself: on its event stream, and to webhooks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from simulation.v1.agents.hands import Body
from simulation.v1.ears import Heard
from simulation.v1.facts import Facts, micro, of_moves
from simulation.v1.facts import author as author_in_v1

from .by_legacy import author, of_task, status_in_v1
from .cast import Cast, number


def by_stream(heard: Iterable[Heard], cast: Cast) -> Facts:
    events = [(id, event) for id, event in heard if cast.counts(id)]
    facts: Facts = {("board", "stories"): [id for id, event in events if event["type"] == "activity.created"]}
    for task in cast.tasks:
        facts |= _of_task(task, [(id, event["type"], event["data"]) for id, event in events], cast)
    return facts


def _of_task(task: str, events: list[tuple[int, str, Body]], cast: Cast) -> Facts:
    facts: Facts = {}
    about = [row for row in events if row[1].startswith("task.") and row[2].get("id") == number(task)]
    said = [row for row in events if row[1] == "comment.created" and row[2]["task_id"] == number(task)]
    statuses: list[str] = []
    for _, type, data in about:
        if type != "task.status_changed":
            facts |= of_task(task, data)
        if not statuses or statuses[-1] != status_in_v1(data):
            statuses.append(status_in_v1(data))
    facts[task, "status"] = statuses[-1] if statuses else None
    facts[task, "moves"] = list(zip(statuses, statuses[1:], strict=False))
    facts[task, "events"] = [id for id, _, _ in about]
    facts[task, "message events"] = [id for id, _, _ in said]
    facts[task, "messages"] = [(f"msg_{data['id']}", author(data, cast), data["content"]) for _, _, data in said]
    return facts


def by_webhooks(deliveries: Iterable[Body], cast: Cast) -> Facts:
    """Deliveries come in any order, but their ids are in that of the log."""
    told: defaultdict[str, dict[str, Body]] = defaultdict(dict)
    for delivery in sorted(deliveries, key=lambda body: number(body["id"])):
        for name in ("transition", "message", "run", "approval", "notification", "alert"):
            if thing := delivery["data"].get(name):
                told[name][thing["id"]] = thing
    things = {name: sorted(found.values(), key=lambda row: number(row["id"])) for name, found in told.items()}
    facts: Facts = {}
    for id in cast.tasks:
        facts |= _of_webhooks(id, {name: [row for row in rows if row["taskId"] == id] for name, rows in things.items()})
    for agent in cast.agents:
        facts[agent, "spent"] = sum(micro(run["costUsd"]) for run in _of(agent, "agentId", things.get("run", [])))
        notes = _of(agent, "targetAgentId", things.get("notification", []))
        facts[agent, "notifications"] = [number(note["id"]) for note in notes]
        facts[agent, "alerts"] = [alert["id"] for alert in _of(agent, "agentId", things.get("alert", []))]
    return facts


def _of(agent: str, column: str, rows: Iterable[Body]) -> list[Body]:
    return [row for row in rows if row[column] == agent]


def _of_webhooks(id: str, told: dict[str, list[Body]]) -> Facts:
    moves, approvals = told.get("transition", []), told.get("approval", [])
    facts = of_moves(id, moves)
    if moves:
        facts[id, "status"] = moves[-1]["toStatus"]
    says = told.get("message", [])
    return {
        **facts,
        (id, "messages"): [(row["id"], author_in_v1(row), row["content"]) for row in says],
        (id, "cost"): sum(micro(run["costUsd"]) for run in told.get("run", [])),
        (id, "approvals"): sorted((row["id"], row["status"]) for row in approvals),
    }
