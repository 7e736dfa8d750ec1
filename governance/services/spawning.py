"""Agents that start others, and the end of those."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import Workspace
from accounts.services import revoke_keys_of_agent
from agents.models import Agent, Mandate
from agents.services.control import set_control
from core.actors import Actor, system
from core.errors import Conflict, Denied
from governance import policy
from governance.states import TERMINAL
from tasks.models import Task
from tasks.services.assigning import assignees_of

from .registering import Newcomer, register_agent, usual

TTL = timedelta(hours=6)
OVER = "its time is over"
Control = Mandate.Control


@dataclass(frozen=True, slots=True)
class Purpose:
    """What an agent is started for."""

    task: Task
    words: str


@transaction.atomic
def spawn_agent(*, newcomer: Newcomer, parent: Agent, purpose: Purpose, actor: Actor, now: datetime) -> Agent:
    """Add an agent below this one, within its role, budgets and kinds of tasks. Raises Denied with what it violates."""
    # One at a time: each counts those that are there already.
    Workspace.objects.select_for_update().get(pk=parent.workspace_id)
    held = Mandate.objects.of(parent)
    _check_task(parent, purpose.task)
    newcomer = _within(newcomer, held)
    verdict = policy.evaluate(
        policy.Policy(),
        _facts(parent, held),
        policy.Action(policy.ActionType.SPAWN),
        policy.Context(spawn=_counted(parent, purpose.task, newcomer), now=now),
    )
    if verdict.decision != policy.Decision.ALLOW:
        raise Denied(verdict.reason, code="POLICY_VIOLATION", violations=list(verdict.violations))
    below = {"parent": parent, "parent_task_id": purpose.task.pk, "purpose": purpose.words}
    newcomer = replace(newcomer, mandate={**newcomer.mandate, **below})
    return register_agent(newcomer=newcomer, actor=actor, now=now)


def _check_task(parent: Agent, task: Task) -> None:
    if parent.pk not in {agent.pk for agent in assignees_of([task])[task.pk]}:
        raise Denied("An agent starts others for its own tasks alone")
    if task.status in TERMINAL:
        raise Conflict(f"The task is {task.status}", code="STATE_CONFLICT", status=task.status)


def _within(newcomer: Newcomer, held: Mandate) -> Newcomer:
    """Its budgets are at most its parent's, and where no kinds of tasks are named, they are its parent's."""
    told, new = newcomer.mandate, Mandate(autonomy=newcomer.autonomy)
    daily, per_run = told.get("budget_daily_microusd"), told.get("budget_per_run_microusd")
    own = {
        "budget_daily_microusd": min(new.daily_microusd if daily is None else daily, held.daily_microusd),
        "budget_per_run_microusd": min(new.per_run_microusd if per_run is None else per_run, held.per_run_microusd),
        "allowed_task_types": told.get("allowed_task_types") or list(held.allowed_task_types),
    }
    return replace(newcomer, mandate={**usual(newcomer.autonomy), **told, **own})


def _facts(parent: Agent, held: Mandate) -> policy.AgentFacts:
    return policy.AgentFacts(
        id=parent.slug,
        role=held.autonomy,
        status=held.control,
        workspace_path=parent.workspace_path or "",
        allowed_task_types=tuple(held.allowed_task_types),
        can_spawn=held.can_spawn,
        max_sub_agents=held.max_sub_agents,
        spend_today=held.spend_today_microusd,
        daily_limit=held.limit_today_microusd,
        per_run_cap=held.per_run_microusd,
    )


def _counted(parent: Agent, task: Task, newcomer: Newcomer) -> policy.SpawnFacts:
    here = Agent.objects.in_workspace(parent.workspace_id)
    live = Mandate.objects.filter(agent__workspace_id=parent.workspace_id).exclude(control=Control.OFFLINE)
    return policy.SpawnFacts(
        active_agents=here.exclude(mandate__control=Control.OFFLINE).count(),
        children_of_task=live.filter(parent_task_id=task.pk, parent__isnull=False).count(),
        children_of_agent=live.filter(parent=parent).count(),
        depth=_depth(parent),
        child_role=newcomer.autonomy,
        child_task_types=tuple(newcomer.mandate["allowed_task_types"]),
    )


def _depth(agent: Agent) -> int:
    depth, seen, id = 0, {agent.pk}, agent.pk
    while (above := Mandate.objects.filter(pk=id).values_list("parent_id", flat=True).first()) and above not in seen:
        depth, id = depth + 1, above
        seen.add(above)
    return depth


@transaction.atomic
def retire(*, agent: Agent, actor: Actor, now: datetime, reason: str = OVER) -> None:
    """The end of an agent that another one started: it is given up, and its tokens work no longer."""
    set_control(agent=agent, to=Control.OFFLINE, actor=actor, now=now, reason=reason)
    revoke_keys_of_agent(agent_id=agent.pk, actor=actor, now=now)


def retire_helpers_of(*, task: Task, now: datetime) -> list[Agent]:
    """The task is over: so is what the agents do that were started for it."""
    rows = Agent.objects.filter(mandate__parent__isnull=False, mandate__parent_task_id=task.pk)
    found = list(rows.exclude(mandate__control=Control.OFFLINE))
    for agent in found:
        retire(agent=agent, actor=system(agent.workspace_id), now=now, reason="the task it was started for is over")
    return found


def retire_overdue(*, now: datetime) -> list[Agent]:
    """Those that were started too long ago, or for a task that is over by now. Safe to run at any time."""
    rows = Agent.objects.filter(mandate__parent__isnull=False, mandate__parent_task_id__isnull=False)
    live = rows.exclude(mandate__control=Control.OFFLINE)
    over = Task.objects.filter(pk__in=live.values("mandate__parent_task_id"), status__in=TERMINAL).values("pk")
    found = list(live.filter(created_at__lte=now - TTL) | live.filter(mandate__parent_task_id__in=over))
    for agent in found:
        retire(agent=agent, actor=system(agent.workspace_id), now=now)
    return found
