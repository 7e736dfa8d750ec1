"""What an evaluation reads and what it answers. Money is whole micro-dollars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from . import defaults


class Decision(StrEnum):
    ALLOW = "ALLOW"
    DENY = "DENY"
    NEEDS_APPROVAL = "NEEDS_APPROVAL"


class Risk(IntEnum):
    """Ordered, so that the worse of two is their maximum; the wire shows the name."""

    GREEN = 0
    YELLOW = 1
    RED = 2


class ActionType(StrEnum):
    TOOL_CALL = "TOOL_CALL"
    FILE_WRITE = "FILE_WRITE"
    NETWORK = "NETWORK"
    SPAWN = "SPAWN"
    TRANSITION = "TRANSITION"


class ApprovalType(StrEnum):
    TOOL_EXEC = "TOOL_EXEC"
    BUDGET_OVERRIDE = "BUDGET_OVERRIDE"
    STATE_TRANSITION = "STATE_TRANSITION"
    SPAWN = "SPAWN"


@dataclass(frozen=True)
class SpawnLimits:
    max_active: int = 30
    max_per_parent: int = 3
    max_depth: int = 2
    ttl_hours: int = 6


@dataclass(frozen=True)
class Policy:
    shell_allowlist: tuple[str, ...] = defaults.SHELL_ALLOWLIST
    shell_blocklist: tuple[str, ...] = defaults.SHELL_BLOCKLIST
    file_read_paths: tuple[str, ...] = defaults.FILE_READ_PATHS
    file_write_paths: tuple[str, ...] = defaults.FILE_WRITE_PATHS
    file_write_blocklist: tuple[str, ...] = defaults.FILE_WRITE_BLOCKLIST
    network_allowlist: tuple[str, ...] = defaults.NETWORK_ALLOWLIST
    tool_risk_map: Mapping[str, Risk] = field(default_factory=dict)
    git_push_branches: tuple[str, ...] = ()
    yellow_approval_roles: tuple[str, ...] = ("INTERN",)
    lead_may_complete: bool = False
    budget_defaults: Mapping[str, tuple[int, int]] = field(default_factory=lambda: defaults.BUDGETS)
    spawn_limits: SpawnLimits = SpawnLimits()


@dataclass(frozen=True)
class AgentFacts:
    """The limits are today's: an approved override is already in them. None takes the policy's for the role."""

    id: str
    role: str = "SPECIALIST"
    status: str = "ACTIVE"
    workspace_path: str = ""
    home: str | None = None
    allowed_tools: tuple[str, ...] = ()
    allowed_task_types: tuple[str, ...] = ()
    can_spawn: bool = True
    max_sub_agents: int = 3
    spend_today: int = 0
    daily_limit: int | None = None
    per_run_cap: int | None = None


@dataclass(frozen=True)
class Action:
    type: ActionType
    tool: str | None = None
    command: str | None = None
    path: str | None = None
    domain: str | None = None
    target_status: str | None = None
    estimated_cost: int | None = None
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SpawnFacts:
    """Counted before the child exists; the depth is that of the agent that asks, a root's being 0."""

    active_agents: int = 0
    children_of_task: int = 0
    children_of_agent: int = 0
    depth: int = 0
    child_role: str | None = None
    child_task_types: tuple[str, ...] = ()


@dataclass(frozen=True)
class TransitionFacts:
    """What the state machine says of the move: is there such an edge, and may this agent take it?"""

    from_status: str
    edge_exists: bool
    role_entitled: bool


@dataclass(frozen=True)
class Grant:
    """An approval that may cover the action."""

    id: str
    action_type: str
    agent_id: str
    task_id: str | None = None
    payload: Mapping[str, Any] | None = None
    summary: str = ""
    status: str = "APPROVED"
    consumed: bool = False
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Context:
    task_id: str | None = None
    task_type: str | None = None
    task_is_own: bool = False
    current_spend: int | None = None
    approval_id: str | None = None
    grants: tuple[Grant, ...] = ()
    spawn: SpawnFacts | None = None
    transition: TransitionFacts | None = None
    now: datetime | None = None


@dataclass(frozen=True)
class Budget:
    daily: int
    spent_today: int
    per_run_cap: int

    @property
    def remaining(self) -> int:
        return self.daily - self.spent_today


@dataclass(frozen=True)
class ApprovalRequired:
    type: ApprovalType
    suggested_justification: str


@dataclass(frozen=True)
class Verdict:
    decision: Decision
    risk: Risk
    reason: str
    violations: tuple[str, ...] = ()
    approval_required: ApprovalRequired | None = None
    budget: Budget | None = None
    # The approval that covers the action, to be consumed by the tool call that uses it.
    approval_id: str | None = None
