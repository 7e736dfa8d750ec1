"""What agents may spend today: their limit, what was granted on top of it, and who may go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from agents.models import Agent, Mandate
from core.actors import Actor
from governance.models import Approval, Policy
from tasks.models import Task

from .policies import active_policy, budgets_of
from .standing import is_short_of_money, let_go_on


@dataclass(frozen=True, slots=True)
class Allowance:
    """Whole micro-dollars. `today` is the daily limit with what was granted for today alone."""

    today: int
    per_run: int


def lock(agent_id: int) -> Mandate:
    """The mandate as it is, for this transaction alone."""
    rows = Mandate.objects.select_for_update(of=("self",)).select_related("agent").filter(agent_id=agent_id)
    found = rows.first()
    if found is None:
        Mandate.objects.get_or_create(agent_id=agent_id)
        found = rows.get()
    return found


def lock_workers(task: Task) -> None:
    """The mandates of those who are at the task, before the task itself."""
    at_it = Q(current_task_id=task.pk) | Q(parent_task_id=task.pk) | Q(agent__name=task.assigned_to)
    rows = Mandate.objects.select_for_update(of=("self",)).filter(agent__workspace_id=task.workspace_id)
    list(rows.filter(at_it).order_by("pk").values_list("pk"))


def look_again(mandate: Mandate) -> None:
    """What may have changed of it since it was locked."""
    mandate.refresh_from_db(
        fields=[
            "control",
            "status_reason",
            "status_until",
            "set_aside",
            "spend_today_microusd",
            "extra_microusd",
            "spend_reset_at",
            "error_streak",
        ]  # fmt: skip
    )


def allowance_of(mandate: Mandate, *, task: Task | None = None) -> Allowance:
    """The agent's own figures, or else the policy's for its role, or else the usual ones."""
    policy = None
    if not has_own_figures(mandate):
        agent = mandate.agent
        policy = active_policy(agent.workspace_id, agent=agent, task=task)
    return allowance_by(mandate, policy)


def has_own_figures(mandate: Mandate) -> bool:
    return mandate.budget_daily_microusd is not None and mandate.budget_per_run_microusd is not None


def allowance_by(mandate: Mandate, policy: Policy | None) -> Allowance:
    """Under this policy, which only matters to those without figures of their own."""
    daily, per_run = mandate.budget_daily_microusd, mandate.budget_per_run_microusd
    if daily is None or per_run is None:
        given = budgets_of(policy)
        usual = given.get(mandate.autonomy) or settings.BUDGETS[mandate.autonomy]
        daily = usual[0] if daily is None else daily
        per_run = usual[1] if per_run is None else per_run
    return Allowance(daily + mandate.extra_microusd, per_run)


@transaction.atomic
def grant(*, approval: Approval, actor: Actor, now: datetime) -> None:
    """More for today, as an approved override says: what it names, or half of the day's budget."""
    if approval.requestor_id is None:
        return
    mandate = lock(approval.requestor_id)
    more = approval.estimated_cost_microusd
    if more is None:
        more = (allowance_of(mandate).today - mandate.extra_microusd) // 2
    Mandate.objects.filter(pk=mandate.pk).update(extra_microusd=F("extra_microusd") + more)
    release(agent=mandate.agent, actor=actor, now=now)


@transaction.atomic
def release(*, agent: Agent, actor: Actor, now: datetime) -> bool:
    """Let the agent go on that was paused for money and has some again."""
    mandate = lock(agent.pk)
    if not is_short_of_money(mandate) or mandate.spend_today_microusd >= allowance_of(mandate).today:
        return False
    return let_go_on(mandate, actor=actor, now=now)
