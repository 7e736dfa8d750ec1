"""The stages of an evaluation, each of which decides or passes on."""

from __future__ import annotations

from . import allowlist, blocklist, grants, paths
from .case import Case
from .risk import LONGEST_COMMAND
from .tools import KNOWN, canonical
from .types import ActionType, ApprovalType, Risk, SpawnFacts, Verdict

_RANKS = {"INTERN": 0, "SPECIALIST": 1, "LEAD": 2}
_STOPPED = ("PAUSED", "QUARANTINED", "OFFLINE")


def agent_status(case: Case) -> Verdict | None:
    status = case.agent.status
    foreign_task = case.context.task_id is not None and not case.context.task_is_own
    if status in _STOPPED or (status == "DRAINED" and (case.subject.is_spawn or foreign_task)):
        return case.deny((f"agent_status:{status}",), f"The agent is {status}")
    if status not in ("ACTIVE", "DRAINED"):
        return case.deny((f"agent_status:{status}",), "The agent's status is not known")
    return None


def blocked(case: Case) -> Verdict | None:
    found: dict[str, str] = {}
    for command in case.subject.commands:
        # What is longer is never run unasked; the part that is looked at bounds the work.
        for label in blocklist.hits(command[: 2 * LONGEST_COMMAND], case.policy.shell_blocklist):
            found.setdefault(f"shell_blocklist:{label}", f"Command matches blocked pattern: {label}")
    if not found:
        found.update(_blocked_redirects(case))
    found.update(_blocked_paths(case))
    return case.deny(tuple(found), next(iter(found.values())), risk=Risk.RED) if found else None


def _blocked_redirects(case: Case) -> dict[str, str]:
    redirecting = (command for command in case.subject.commands if ">" in command)
    targets = (target for command in redirecting for target in blocklist.written(command[: 2 * LONGEST_COMMAND]))
    return {
        f"file_write_blocklist:{pattern}": f"Command writes to a blocked path: {pattern}"
        for target in targets
        if target not in allowlist.DEVICES
        for pattern in paths.blocked(target, case.policy.file_write_blocklist, case.places)
    }


def _blocked_paths(case: Case) -> dict[str, str]:
    subject, policy = case.subject, case.policy
    writes = subject.writes_files or subject.tool not in KNOWN
    roots = policy.file_write_paths if writes else policy.file_read_paths
    found: dict[str, str] = {}
    for path in subject.paths:
        if writes:
            for pattern in paths.blocked(path, policy.file_write_blocklist, case.places):
                found[f"file_write_blocklist:{pattern}"] = f"Path matches blocked pattern: {pattern}"
        if paths.escapes(path, roots, case.places):
            found[f"path_traversal:{path}"] = "Path leaves the root that it begins with"
    return found


def spawn_limits(case: Case) -> Verdict | None:
    if not case.subject.is_spawn:
        return None
    agent, facts = case.agent, case.context.spawn
    found: list[str] = []
    if agent.role == "INTERN" or agent.role not in _RANKS or not agent.can_spawn:
        found.append(f"spawn_not_allowed:{agent.role}")
    if facts is not None:
        found.extend(_exceeded(case, facts))
    if not found:
        return None
    return case.deny(tuple(found), f"The agent may not start another one ({found[0]})", risk=Risk.RED)


def _exceeded(case: Case, facts: SpawnFacts) -> list[str]:
    limits, agent = case.policy.spawn_limits, case.agent
    role = facts.child_role
    checks = {
        f"spawn_not_allowed:{role}": role is not None and _RANKS.get(role, 9) > _RANKS.get(agent.role, -1),
        "spawn_limit:max_active": facts.active_agents >= limits.max_active,
        "spawn_limit:max_per_parent": facts.children_of_task >= limits.max_per_parent,
        "spawn_limit:max_sub_agents": facts.children_of_agent >= agent.max_sub_agents,
        "spawn_limit:max_depth": facts.depth >= limits.max_depth,
    }
    allowed = agent.allowed_task_types
    foreign = [f"task_type_not_allowed:{kind}" for kind in facts.child_task_types if allowed and kind not in allowed]
    return [*(name for name, exceeded in checks.items() if exceeded), *foreign]


def transition(case: Case) -> Verdict | None:
    if case.action.type != ActionType.TRANSITION:
        return None
    facts, target, role = case.context.transition, case.action.target_status, case.agent.role
    if facts is None or not facts.edge_exists:
        move = f"{facts.from_status if facts else 'UNKNOWN'}->{target}"
        return case.deny((f"transition_invalid:{move}",), f"No task may go {move}")
    if (facts.from_status, target) == ("REVIEW", "DONE"):
        return _completion(case)
    found = [] if facts.role_entitled else [f"transition_role:{role}"]
    found.extend(_foreign_type(case))
    return case.deny(tuple(found), f"A {role} may not move this task to {target}") if found else None


def _completion(case: Case) -> Verdict | None:
    """Only a lead whom the policy trusts completes a task, and with an approval; for others the approval does."""
    trusted = case.agent.role == "LEAD" and case.policy.lead_may_complete
    if trusted and grants.covering(case.subject, case.agent, case.context):
        return None
    return case.ask(ApprovalType.STATE_TRANSITION, "A reviewed task is completed by approval")


def _foreign_type(case: Case) -> list[str]:
    kind, allowed = case.context.task_type, case.agent.allowed_task_types
    return [f"task_type_not_allowed:{kind}"] if kind and allowed and kind not in allowed else []


def tool_and_task_type(case: Case) -> Verdict | None:
    allowed, tool = case.agent.allowed_tools, case.action.tool
    if allowed and tool is not None and case.subject.tool not in {canonical(each) for each in allowed}:
        return case.deny((f"tool_not_allowed:{tool}",), f"The agent may not use {tool}")
    if found := _foreign_type(case):
        return case.deny(tuple(found), f"The agent does not work on tasks of the type {case.context.task_type}")
    return None


def granted(case: Case) -> Verdict | None:
    grant = grants.covering(case.subject, case.agent, case.context)
    return case.allow(f"Approved by {grant.id}", approval_id=grant.id) if grant else None


def approval(case: Case) -> Verdict | None:
    assessment, role = case.assessment, case.agent.role
    kind = ApprovalType.SPAWN if case.subject.is_spawn else ApprovalType.TOOL_EXEC
    if assessment.risk == Risk.RED:
        return case.ask(kind, assessment.why)
    if assessment.risk == Risk.GREEN:
        return None
    if role in ("INTERN", *case.policy.yellow_approval_roles) or role not in _RANKS:
        return case.ask(kind, f"A YELLOW action of a {role} needs approval")
    if role == "SPECIALIST" and not assessment.vouched:
        return case.ask(kind, f"No allowlist vouches for this: {assessment.why}")
    return None


def budget(case: Case) -> Verdict | None:
    facts = case.budget
    estimate, spent = case.action.estimated_cost or 0, case.context.current_spend or 0
    if estimate + spent > facts.per_run_cap:
        reason = "The run would cost more than its cap"
    elif facts.spent_today + estimate > facts.daily or facts.spent_today >= facts.daily:
        reason = "The day's budget is used up"
    else:
        return None
    return case.ask(ApprovalType.BUDGET_OVERRIDE, reason, budget=facts)


STAGES = (
    agent_status,
    blocked,
    spawn_limits,
    transition,
    tool_and_task_type,
    granted,
    approval,
    budget,
)
