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
from governance.models import Approval
from governance.policy import Action, ActionType, Decision
from governance.states import TERMINAL
from tasks.models import Task
from tasks.services.assigning import assignees_of

from .allowances import allowance_of
from .evaluating import Question, evaluate
from .policies import active_policy, rules_of
from .registering import Newcomer, register_agent, usual

OVER = "its time is over"
Control = Mandate.Control


@dataclass(frozen=True, slots=True)
class Purpose:
    """What an agent is started for."""

    task: Task
    words: str


def spawn_agent(*, newcomer: Newcomer, parent: Agent, purpose: Purpose, actor: Actor, now: datetime) -> Agent:
    """Add an agent below this one, within its role, budgets and kinds of tasks. Raises Denied with what it violates."""
    with transaction.atomic():
        # One at a time: each counts those that are there already.
        Workspace.objects.select_for_update().get(pk=parent.workspace_id)
        held = Mandate.objects.of(parent)
        _check_task(parent, purpose.task)
        newcomer = _within(newcomer, held, purpose.task)
        args = {"role": newcomer.autonomy, "allowedTaskTypes": newcomer.mandate["allowed_task_types"]}
        question = Question(Action(ActionType.SPAWN, args=args), task=purpose.task)
        verdict = evaluate(agent=parent, question=question, actor=actor, now=now)
        if verdict.decision == Decision.ALLOW:
            below = {"parent": parent, "parent_task_id": purpose.task.pk, "purpose": purpose.words}
            newcomer = replace(newcomer, mandate={**newcomer.mandate, **below})
            _use_up(verdict.approval_id, now)
            return register_agent(newcomer=newcomer, actor=actor, now=now)
    # Outside, so that what the evaluation tells of the refusal stays told.
    raise Denied(verdict.reason, code="POLICY_VIOLATION", violations=list(verdict.violations))


def _use_up(approval_id: str | None, now: datetime) -> None:
    """An approval covers one agent."""
    if approval_id is not None:
        Approval.objects.filter(pk=approval_id.removeprefix("approval_"), consumed_at=None).update(consumed_at=now)


def _check_task(parent: Agent, task: Task) -> None:
    if parent.pk not in {agent.pk for agent in assignees_of([task])[task.pk]}:
        raise Denied("An agent starts others for its own tasks alone")
    if task.status in TERMINAL:
        raise Conflict(f"The task is {task.status}", code="STATE_CONFLICT", status=task.status)


def _within(newcomer: Newcomer, held: Mandate, task: Task) -> Newcomer:
    """Its budgets are at most its parent's, and where no kinds of tasks are named, they are its parent's."""
    told, most = newcomer.mandate, allowance_of(held, task=task)
    rules = rules_of(active_policy(held.agent.workspace_id, task=task))
    usual_daily, usual_per_run = rules.budget_defaults[newcomer.autonomy]
    daily, per_run = told.get("budget_daily_microusd"), told.get("budget_per_run_microusd")
    own = {
        "budget_daily_microusd": min(usual_daily if daily is None else daily, most.today - held.extra_microusd),
        "budget_per_run_microusd": min(usual_per_run if per_run is None else per_run, most.per_run),
        "allowed_task_types": told.get("allowed_task_types") or list(held.allowed_task_types),
    }
    return replace(newcomer, mandate={**usual(newcomer.autonomy), **told, **own})


@transaction.atomic
def retire(*, agent: Agent, actor: Actor, now: datetime, reason: str = OVER) -> None:
    """The end of an agent that another one started: it is given up, and its tokens work no longer."""
    set_control(agent=agent, to=Control.OFFLINE, actor=actor, now=now, reason=reason)
    revoke_keys_of_agent(agent_id=agent.pk, actor=actor, now=now)


def retire_overdue(*, now: datetime) -> list[Agent]:
    """Those that were started too long ago, or for a task that is over by now. Safe to run at any time."""
    rows = Agent.objects.filter(mandate__parent__isnull=False, mandate__parent_task_id__isnull=False)
    live = rows.exclude(mandate__control=Control.OFFLINE)
    parents = Task.objects.in_bulk(list(live.values_list("mandate__parent_task_id", flat=True).distinct()))
    found = []
    for agent in live.select_related("mandate").order_by("id"):
        task = parents.get(agent.mandate.parent_task_id or 0)
        if task is None or task.status in TERMINAL or agent.created_at <= now - _time_of(agent, task):
            retire(agent=agent, actor=system(agent.workspace_id), now=now)
            found.append(agent)
    return found


def _time_of(agent: Agent, task: Task) -> timedelta:
    """As the policy has it for its work."""
    rules = rules_of(active_policy(agent.workspace_id, agent=agent, task=task))
    return timedelta(hours=rules.spawn_limits.ttl_hours)
