"""What the event stream tells beyond its documented list: approvals, permissions, alerts, budgets, runs, and the output
of agents for those who include it. Snapshots of the log, with times in Unix seconds and money in dollars."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from activity.catalogue import Kind
from activity.models import Event

from . import legacy, v1

Data = dict[str, Any]
Shape = Callable[[Event], Data | None]


def _plain(row: Mapping[str, Any]) -> Data:
    return dict(_entry(name, value) for name, value in row.items())


def _entry(name: str, value: Any) -> tuple[str, Any]:
    if name.endswith("_at") or name == "until":
        return name, legacy.stamp(value)
    if name.endswith("_microusd"):
        return name.removesuffix("microusd") + "usd", v1.usd(value)
    return name, value


def _whole(event: Event) -> Data:
    return _plain(event.data or {})


def _part(name: str) -> Shape:
    def shape(event: Event) -> Data:
        return _plain((event.data or {})[name])

    return shape


def _standing(event: Event) -> Data:
    """`status` is the agent's presence, as everywhere on this wire; what it may do is its `control`."""
    data = _whole(event)
    control, was = data.pop("status"), data.pop("was", None)
    shown = {"status": data.pop("presence")} if "presence" in data else {}
    return {**data, **shown, "control": control, "previous_control": was}


def _run_completed(event: Event) -> Data | None:
    """Said once: not again when the agent has said so of the same run."""
    run = dict((event.data or {})["run"])
    return None if run.pop("done_told", False) else _plain(run)


def _done(event: Event) -> Data:
    data = _whole(event)
    run_id, cost = data.pop("run_id", None), data.pop("cost")
    agent = {"agent_id": data["id"], "agent_slug": data["slug"], "agent_name": data["name"]}
    return {"id": run_id, **agent, "role": data["role"], "cost_usd": v1.usd(cost)}


def _removed(event: Event) -> Data:
    data = event.data or {}
    return {"id": data["id"], "name": data["name"]}


# Kind of event → the names of its frames, and their data; None when it is not told after all.
SHAPES: dict[str, tuple[tuple[str, ...], Shape]] = {
    Kind.AGENT_REMOVED: (("agent.deleted",), _removed),
    Kind.AGENT_STATUS_CHANGED: (("agent.status_changed",), _standing),
    Kind.AGENT_CONTROL: (("agent.control",), _whole),
    Kind.AGENT_DONE: (("run.completed",), _done),
    Kind.AGENT_ERROR: (("agent.error",), _whole),
    Kind.RUN_STARTED: (("run.created",), _part("run")),
    Kind.RUN_COMPLETED: (("run.completed",), _run_completed),
    Kind.DOCUMENT_CREATED: (("document.created",), _part("document")),
    Kind.LOOP_DETECTED: (("loop.detected",), _whole),
    Kind.PERMISSION_REQUESTED: (("permission.requested",), _part("permission")),
    Kind.PERMISSION_RESOLVED: (("permission.resolved",), _part("permission")),
    Kind.WORKSPACE_RESET: (("workspace.reset",), _whole),
    Kind.APPROVAL_REQUESTED: (("approval.requested",), _part("approval")),
    Kind.APPROVAL_SECONDED: (("approval.seconded",), _part("approval")),
    Kind.APPROVAL_DECIDED: (("approval.decided",), _part("approval")),
    Kind.APPROVAL_EXPIRED: (("approval.expired",), _part("approval")),
    Kind.APPROVAL_CANCELED: (("approval.canceled",), _part("approval")),
    Kind.ALERT_OPENED: (("alert.opened",), _part("alert")),
    Kind.ALERT_ACKNOWLEDGED: (("alert.acknowledged",), _part("alert")),
    Kind.ALERT_RESOLVED: (("alert.resolved",), _part("alert")),
    Kind.BUDGET_WARNING: (("budget.warning",), _whole),
    Kind.BUDGET_EXCEEDED: (("budget.exceeded",), _whole),
}
# Only for those who include them.
OUTPUT = frozenset(
    {
        Kind.AGENT_TEXT, Kind.AGENT_TOOL, Kind.AGENT_TOOL_RESULT, Kind.AGENT_TODOS, Kind.AGENT_USER_MESSAGE,
        Kind.AGENT_LOG_UPDATED,
    }
)  # fmt: skip
SHAPES |= {kind: ((kind.value,), _whole) for kind in OUTPUT}
