"""How states look and what they are called, for every page."""

from typing import NamedTuple

from agents.models import Agent, Mandate
from governance.models import Approval
from governance.states import seen
from tasks.models import Task
from tokens.models import Run, ToolCall

Status, Column, Presence = Task.Status, Task.Column, Agent.Status
Verdict, Action, Risk = Approval.Status, Approval.ActionType, Approval.Risk
Control, Ending = Mandate.Control, Run.Status


class Sign(NamedTuple):
    word: str
    tone: str
    mark: str


SIGNS: dict[str, Sign] = {
    Status.INBOX: Sign("inbox", "idle", "inbox"),
    Status.BACKLOG: Sign("backlog", "idle", "backlog"),
    Status.ASSIGNED: Sign("to do", "idle", "todo"),
    Status.IN_PROGRESS: Sign("in progress", "working", "in_progress"),
    Status.REVIEW: Sign("review", "review", "review"),
    Status.QUALITY_REVIEW: Sign("quality review", "review", "review"),
    Status.NEEDS_APPROVAL: Sign("needs approval", "waiting", "waiting"),
    Status.AWAITING_OWNER: Sign("awaits owner", "waiting", "waiting"),
    Status.BLOCKED: Sign("blocked", "error", "blocked"),
    Status.FAILED: Sign("failed", "error", "failed"),
    Status.DONE: Sign("done", "ok", "done"),
    Status.CANCELED: Sign("canceled", "idle", "canceled"),
}


def v1_sign(status: str, *, is_given: bool = True) -> Sign:
    """As the v1 dialect sees it, which knows fewer statuses, and says "assigned" of what is to do."""
    status = seen(status, is_given=is_given)
    sign = SIGNS[status]
    return sign._replace(word="assigned") if status == Status.ASSIGNED else sign


PRESENCE: dict[str, Sign] = {
    Presence.BUSY: Sign("working", "working", "busy"),
    Presence.ACTIVE: Sign("working", "working", "busy"),
    Presence.ONLINE: Sign("online", "ok", "online"),
    Presence.IDLE: Sign("idle", "ok", "idle"),
    Presence.ERROR: Sign("error", "error", "error"),
    Presence.OFFLINE: Sign("silent", "idle", "offline"),
}
UNKNOWN = Sign("unknown", "idle", "offline")

CONTROLS: dict[str, Sign] = {
    Control.ACTIVE: Sign("active", "ok", "online"),
    Control.PAUSED: Sign("paused", "waiting", "waiting"),
    Control.DRAINED: Sign("drained", "waiting", "drained"),
    Control.QUARANTINED: Sign("quarantined", "error", "blocked"),
    Control.OFFLINE: Sign("offline", "idle", "offline"),
}
# Reasons that the system gives, which people read differently.
REASONS = {"BUDGET": "budget used up"}

ENDINGS: dict[str, Sign] = {
    Ending.RUNNING: Sign("running", "working", "busy"),
    Ending.COMPLETED: Sign("completed", "ok", "done"),
    Ending.FAILED: Sign("failed", "error", "failed"),
    Ending.TIMEOUT: Sign("timed out", "error", "failed"),
}

# By the highest mark of its budget that an agent has passed.
LEVELS: dict[int, Sign] = {
    0: Sign("within", "ok", "online"),
    80: Sign("over 80 %", "waiting", "waiting"),
    95: Sign("over 95 %", "error", "error"),
    100: Sign("used up", "error", "blocked"),
}

VERDICTS: dict[str, Sign] = {
    Verdict.PENDING: Sign("waiting", "waiting", "waiting"),
    Verdict.APPROVED: Sign("approved", "ok", "done"),
    Verdict.DENIED: Sign("denied", "error", "failed"),
    Verdict.EXPIRED: Sign("expired", "idle", "blocked"),
    Verdict.CANCELED: Sign("withdrawn", "idle", "canceled"),
}

CALLS: dict[str, Sign] = {
    ToolCall.Status.PENDING: Sign("waiting", "waiting", "waiting"),
    ToolCall.Status.RUNNING: Sign("running", "working", "busy"),
    ToolCall.Status.SUCCESS: Sign("done", "ok", "done"),
    ToolCall.Status.FAILED: Sign("failed", "error", "failed"),
    ToolCall.Status.DENIED: Sign("denied", "error", "blocked"),
}

RISKS: dict[str, Sign] = {
    ToolCall.Risk.GREEN: Sign("green", "ok", "online"),
    Risk.YELLOW: Sign("yellow", "waiting", "waiting"),
    Risk.RED: Sign("red", "error", "error"),
}

ACTIONS: dict[str, str] = {
    Action.TOOL_EXEC: "use of a tool",
    Action.BUDGET_OVERRIDE: "more budget",
    Action.STATE_TRANSITION: "move of the task",
    Action.SPAWN: "a new agent",
}

# An empty column says what would be here, and how to get it there.
EMPTY_COLUMN: dict[str, tuple[str, str]] = {
    Column.INBOX: ("Nothing new", "New tasks land here. Press n to write one."),
    Column.BACKLOG: ("No backlog", "Drop what can wait."),
    Column.TODO: ("Nothing handed out", "Assign a task, or drop it here."),
    Column.IN_PROGRESS: ("Nobody is working", "A task comes here when an agent takes it."),
    Column.REVIEW: ("Nothing to review", "Finished and stuck work waits here for a person."),
    Column.DONE: ("Nothing done yet", "Dropping a card here approves it."),
}
