"""Budgets of agents: who has used how much of today's, and what people change of it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from core.actors import Role
from core.errors import Invalid
from core.money import MICRO
from governance.days import next_midnight, zone
from governance.models import Approval
from governance.services.granting import grant_more, set_budgets
from governance.services.usage import Use, by_use, uses_of
from web import words

from .dossier import Dossier, find_agent
from .gate import PageRequest, page
from .inbox import LONGEST_REASON
from .numbers import money
from .standing import Standing, standing_of

AT_MOST = 50


class Line:
    """One agent's budget of today."""

    def __init__(self, use: Use) -> None:
        self.use, self.agent = use, use.mandate.agent

    @property
    def standing(self) -> Standing:
        return Standing(self.agent, self.use.mandate)

    @property
    def sign(self) -> words.Sign:
        return words.LEVELS[self.use.level]


def table_of(request: PageRequest) -> dict[str, Any]:
    """What the table of budgets shows."""
    now, workspace_id = timezone.now(), request.actor.workspace_id
    rows, midnight = by_use(workspace_id, now=now), next_midnight(now)
    return {
        "budgets": [Line(use) for use in uses_of(rows[:AT_MOST], now=now)],
        "budgets_found": rows.order_by().count(),
        "resets_at": midnight,
        "clock": f"{midnight.astimezone(zone()):%H:%M}",
        "zone": zone().key,
        "may_steer": request.actor.can(Role.OPERATOR),
    }


@require_GET
@page()
def budgets(request: PageRequest) -> HttpResponse:
    return render(request, "costs/_budgets.html", table_of(request))


@require_http_methods(["GET", "POST"])
@page(Role.OPERATOR)
def budget(request: PageRequest, id: int) -> HttpResponse:
    """What the agent may spend a day and a run."""
    agent, now = find_agent(request.actor.workspace_id, id), timezone.now()
    if request.method != "POST":
        return render(request, "agents/_budget.html", {"agent": agent, "use": Dossier(agent, now).use})
    daily, per_run = _amount(request, "daily"), _amount(request, "per_run")
    changed = set_budgets(agent=agent, daily=daily, per_run=per_run, actor=request.actor, now=now)
    told = f"The budget of {agent.name} is {'changed' if changed else 'as it was'}."
    return HttpResponse(told, content_type="text/plain; charset=utf-8") if request.htmx else redirect("agent", id=id)


@require_http_methods(["GET", "POST"])
@page(Role.OPERATOR)
def more(request: PageRequest, id: int) -> HttpResponse:
    """More for today alone."""
    agent, now = find_agent(request.actor.workspace_id, id), timezone.now()
    if request.method != "POST":
        kind = Approval.ActionType.BUDGET_OVERRIDE
        asked = Approval.objects.decidable(now).filter(requestor=agent, action_type=kind).first()
        use = Dossier(agent, now).use
        # What a request leaves open is half of a day's budget.
        named = asked.estimated_cost_microusd if asked else None
        grants = use.daily // 2 if named is None else named
        context = {"agent": agent, "use": use, "asked": asked, "grants": grants, "longest_reason": LONGEST_REASON}
        return render(request, "agents/_more.html", context)
    amount = _amount(request, "dollars")
    if not amount:
        raise Invalid("Write how much more it may spend today, such as 2.50.")
    reason = request.POST.get("reason", "").replace("\0", "").strip()
    if len(reason) > LONGEST_REASON:
        raise Invalid(f"A reason has at most {LONGEST_REASON} characters.")
    grant_more(agent=agent, microusd=amount, actor=request.actor, now=now, reason=reason)
    told = f"{agent.name} may spend {money(amount)} more today."
    if not standing_of(find_agent(agent.workspace_id, id)).is_stopped:
        told += " It goes on."
    return HttpResponse(told, content_type="text/plain; charset=utf-8") if request.htmx else redirect("agent", id=id)


def _amount(request: PageRequest, name: str) -> int | None:
    """Whole micro-dollars; None when the field is empty."""
    text = request.POST.get(name, "").strip().lstrip("$").replace(",", "")
    if not text:
        return None
    try:
        amount = Decimal(text) * MICRO
        if not amount.is_finite() or not 0 <= amount <= 10**18:
            raise InvalidOperation
    except InvalidOperation as error:
        raise Invalid("Write an amount in dollars, such as 2.50.") from error
    return round(amount)
