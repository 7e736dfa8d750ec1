"""Questions to the policy: gathers what the engine must know, and tells of what was denied."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record
from agents.models import Agent, Mandate
from agents.services.telling import agent_story
from core.actors import Actor, system
from core.ids import ref
from governance import policy as engine
from governance.models import Alert, Approval
from governance.policy import Action, ActionType, Decision, Risk, Verdict
from governance.states import EDGES, Mover, shown
from tasks.models import Brief, Task
from tasks.services.assigning import assignees_of

from .alerts import Trouble, open_alert
from .allowances import allowance_of
from .pending import has_pending
from .policies import active_policy, rules_of

GRANTS_AT_MOST = 200
DEEPEST = 10
# A denial of the same kind opens an alert once in this time.
ALERT_AGAIN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Question:
    """What the agent wants to do, and on which task."""

    action: Action
    task: Task | None = None
    current_spend_microusd: int | None = None
    approval_id: str | None = None


@transaction.atomic
def evaluate(*, agent: Agent, question: Question, actor: Actor, now: datetime) -> Verdict:
    """Whether it may. What is denied is told of; nothing is asked for or used up."""
    mandate = Mandate.objects.of(agent)
    task = question.task
    rules = rules_of(active_policy(agent.workspace_id, agent=agent, task=task))
    verdict = engine.evaluate(
        rules, facts_of(mandate, now, task=task), question.action, _context(mandate, question, rules, now)
    )
    if verdict.decision == Decision.DENY:
        _tell_denied(agent, question, verdict, actor, now)
    return verdict


def facts_of(mandate: Mandate, now: datetime, *, task: Task | None = None) -> engine.AgentFacts:
    agent, allowance = mandate.agent, allowance_of(mandate, task=task)
    # What is to be reset already counts as reset.
    is_over = mandate.is_reset_due(now)
    return engine.AgentFacts(
        id=agent.slug,
        role=mandate.autonomy,
        status=mandate.control,
        workspace_path=agent.workspace_path or "",
        allowed_tools=tuple(mandate.allowed_tools),
        allowed_task_types=tuple(mandate.allowed_task_types),
        can_spawn=mandate.can_spawn,
        max_sub_agents=mandate.max_sub_agents,
        spend_today=0 if is_over else mandate.spend_today_microusd,
        daily_limit=allowance.today - (mandate.extra_microusd if is_over else 0),
        per_run_cap=allowance.per_run,
    )


def _context(mandate: Mandate, question: Question, rules: engine.Policy, now: datetime) -> engine.Context:
    task, agent = question.task, mandate.agent
    assignees = assignees_of([task])[task.pk] if task else []
    is_own = agent.pk in {each.pk for each in assignees}
    action = question.action
    moves = action.type == ActionType.TRANSITION and task is not None
    spawns = action.type == ActionType.SPAWN or action.tool is not None
    return engine.Context(
        task_id=f"task_{task.pk}" if task else None,
        task_type=task.type if task else None,
        task_is_own=is_own,
        current_spend=question.current_spend_microusd,
        approval_id=question.approval_id,
        grants=_grants(agent, now),
        spawn=spawn_facts(mandate, task, action.args) if spawns else None,
        transition=_move(mandate, task, assignees, action.target_status, rules) if moves and task else None,
        now=now,
    )


def _grants(agent: Agent, now: datetime) -> tuple[engine.Grant, ...]:
    rows = Approval.objects.in_workspace(agent.workspace_id).usable(agent, now)[:GRANTS_AT_MOST]
    return tuple(
        engine.Grant(
            id=f"approval_{row.pk}",
            action_type=row.action_type,
            agent_id=agent.slug,
            task_id=f"task_{row.task_id}" if row.task_id else None,
            payload=row.action_payload,
            summary=row.action_summary,
            expires_at=row.expires_at,
        )
        for row in rows
    )


def spawn_facts(mandate: Mandate, task: Task | None, args: Any) -> engine.SpawnFacts:
    """The counts behind the limits, before the child exists. `args` may say what the child shall be."""
    agent = mandate.agent
    live = Mandate.objects.filter(agent__workspace_id=agent.workspace_id).exclude(control=Mandate.Control.OFFLINE)
    retired = Mandate.objects.filter(agent__workspace_id=agent.workspace_id, control=Mandate.Control.OFFLINE)
    types = args.get("allowedTaskTypes")
    role = args.get("role")
    return engine.SpawnFacts(
        active_agents=Agent.objects.in_workspace(agent.workspace_id).exclude(pk__in=retired.values("pk")).count(),
        children_of_task=live.filter(parent_task_id=task.pk).count() if task else 0,
        children_of_agent=live.filter(parent=agent).count(),
        depth=_depth(mandate),
        child_role=role if isinstance(role, str) else None,
        child_task_types=tuple(str(each) for each in types) if isinstance(types, list) else (),
    )


def _depth(mandate: Mandate) -> int:
    depth, parent = 0, mandate.parent_id
    while parent is not None and depth < DEEPEST:
        depth += 1
        parent = Mandate.objects.filter(pk=parent).values_list("parent_id", flat=True).first()
    return depth


def _move(
    mandate: Mandate, task: Task, assignees: list[Agent], target: str | None, rules: engine.Policy
) -> engine.TransitionFacts:
    was, agent = shown(task.status), mandate.agent
    edge = EDGES.get((was, target or ""))
    mover = Mover(
        autonomy=mandate.autonomy,
        is_assignee=agent.pk in {each.pk for each in assignees},
        is_sole_assignee=[each.pk for each in assignees] == [agent.pk],
        is_reviewer=Brief.objects.filter(task=task, reviewer=agent).exists(),
        may_complete=rules.lead_may_complete,
        has_pending_approval=has_pending(task),
    )
    return engine.TransitionFacts(was, edge is not None, edge is not None and mover.may(edge))


def _tell_denied(agent: Agent, question: Question, verdict: Verdict, actor: Actor, now: datetime) -> None:
    action = question.action
    told = {"reason": verdict.reason, "violations": list(verdict.violations), "risk": verdict.risk.name}
    fresh = _not_told_of(agent, verdict, now)
    record(
        agent_story("policy_denied", agent, by=agent.name, description=f"Denied: {verdict.reason}", data=told),
        fact(
            Kind.POLICY_DENIED,
            actor=actor,
            subject=ref("agent", agent.pk),
            agent_id=agent.pk,
            task_id=question.task.pk if question.task else None,
            data={
                "id": agent.pk, "slug": agent.slug, "name": agent.name, "type": str(action.type), "tool": action.tool,
                **told,
            },
        ),
        at=now,
    )  # fmt: skip
    if verdict.risk != Risk.RED or not fresh:
        return
    trouble = Trouble(
        "POLICY_VIOLATION",
        Alert.Severity.WARNING,
        f"{agent.name} was denied a dangerous action",
        verdict.reason,
        agent_id=agent.pk,
        task_id=question.task.pk if question.task else None,
        metadata={"violations": list(verdict.violations)},
    )
    open_alert(trouble=trouble, actor=system(agent.workspace_id), now=now)


def _not_told_of(agent: Agent, verdict: Verdict, now: datetime) -> set[str]:
    """The violations that nobody was told of lately."""
    recent = Event.objects.stories(agent.workspace_id).filter(
        agent_id=agent.pk, type="policy_denied", at__gt=now - ALERT_AGAIN_AFTER
    )
    said = {
        violation
        for data in recent.values_list("data", flat=True)[:GRANTS_AT_MOST]
        if data and data.get("risk") == Risk.RED.name
        for violation in data.get("violations", ())
    }
    return set(verdict.violations) - said
