"""Money by a person's own leave: other budgets for an agent, or more for today."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from activity.services import record
from agents.models import Agent
from agents.services.telling import agent_story
from core.actors import Actor
from core.errors import Conflict, Invalid
from core.money import MICRO
from governance.models import Approval

from .allowances import allowance_of, lock
from .approving import Request, request_approval
from .budgets import reset_if_due
from .deciding import decide
from .registering import amend_agent

LARGEST = 1_000_000_000 * MICRO


@transaction.atomic
def set_budgets(*, agent: Agent, daily: int | None, per_run: int | None, actor: Actor, now: datetime) -> bool:
    """Whole micro-dollars; None is what its role is given. A daily budget above what was spent ends the pause that
    the old one brought. False when nothing differs."""
    for figure in (daily, per_run):
        if figure is not None and not 0 <= figure <= LARGEST:
            raise Invalid("A budget is an amount from 0 to 1,000,000,000 dollars.")
    held = lock(agent.pk)
    if (held.budget_daily_microusd, held.budget_per_run_microusd) == (daily, per_run):
        return False
    mandate = {"budget_daily_microusd": daily, "budget_per_run_microusd": per_run}
    agent = amend_agent(agent=agent, actor=actor, now=now, columns={}, mandate=mandate)
    allowance = allowance_of(lock(agent.pk))
    text = f"{agent.name} may spend {_usd(allowance.today - held.extra_microusd)} a day and {_usd(allowance.per_run)}"
    told = agent_story(
        "agent_config_updated", agent, by=actor.username, description=f"{text} a run now", data=_amounts(mandate)
    )
    record(told, at=now)
    return True


def _amounts(mandate: dict[str, int | None]) -> dict[str, float | None]:
    names = {"budgetDaily": "budget_daily_microusd", "budgetPerRun": "budget_per_run_microusd"}
    amounts = {name: mandate[column] for name, column in names.items()}
    return {name: None if micro is None else micro / MICRO for name, micro in amounts.items()}


@transaction.atomic
def grant_more(*, agent: Agent, microusd: int, actor: Actor, now: datetime, reason: str = "") -> Approval:
    """More for today. It is kept as an approval that was asked for and given at once, by the same person. Raises
    Conflict while the agent itself waits for such an answer, which may hold a task as well."""
    if not 0 < microusd <= LARGEST:
        raise Invalid("Grant an amount above 0 and up to 1,000,000,000 dollars.")
    reset_if_due(mandate=lock(agent.pk), now=now)
    kind = Approval.ActionType.BUDGET_OVERRIDE
    known = Approval.objects.decidable(now).filter(requestor=agent, action_type=kind).first()
    if known is not None:
        raise Conflict(f"{agent.name} has asked for more already. Decide APPR-{known.pk}.")
    request = Request(
        requestor=agent,
        action_type=kind,
        summary=f"{_usd(microusd)} more for {agent.name} today",
        risk=Approval.Risk.YELLOW,
        justification=reason or f"Granted by {actor.display_name} without being asked.",
        estimated_cost_microusd=microusd,
    )
    approval, _ = request_approval(request=request, actor=actor, now=now)
    return decide(approval=approval, decision=Approval.Status.APPROVED, actor=actor, now=now, reason=reason or None)


def _usd(micro: int) -> str:
    """To the micro-dollar, and never less than whole cents."""
    dollars, rest = divmod(micro, MICRO)
    cents = f"{rest:06}".rstrip("0").ljust(2, "0")
    return f"{dollars}.{cents} USD"
