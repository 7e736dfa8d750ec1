"""Agents that money stops and lets go on again, and those that people and time let go on."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from agents.models import Agent, Mandate
from agents.services.control import set_control
from core.actors import Actor

# Why an agent was paused, when it was for money: whatever gives it money lets it go on.
BUDGET = "BUDGET"
Control = Mandate.Control
# Whom money stops: the others do nothing anyhow, and must not come back with the money.
SPENDING = (Control.ACTIVE, Control.DRAINED)


def is_short_of_money(mandate: Mandate) -> bool:
    return mandate.control == Control.PAUSED and mandate.status_reason == BUDGET


def stop_for_money(mandate: Mandate, *, actor: Actor, now: datetime) -> None:
    """Pause it in front of what it is now. The mandate must be locked."""
    if mandate.control not in SPENDING:
        return
    until = mandate.status_until.isoformat() if mandate.status_until else None
    before = {"control": mandate.control, "reason": mandate.status_reason, "until": until}
    set_control(agent=mandate.agent, to=Control.PAUSED, actor=actor, now=now, reason=BUDGET, set_aside=before)


def let_go_on(mandate: Mandate, *, actor: Actor, now: datetime) -> bool:
    """As it was before it ran out of money. False for whom money did not stop. The mandate must be locked."""
    if not is_short_of_money(mandate):
        return False
    before = mandate.set_aside or {}
    until = datetime.fromisoformat(before["until"]) if before.get("until") else None
    to, reason = before.get("control", Control.ACTIVE), before.get("reason")
    if to == Control.ACTIVE or (until is not None and until <= now):
        to, reason, until = Control.ACTIVE, None, None
    set_control(agent=mandate.agent, to=to, actor=actor, now=now, reason=reason, until=until)
    return True


@transaction.atomic
def resume(*, agent: Agent, actor: Actor, now: datetime) -> Mandate:
    """Let it go on, with a clean slate of errors."""
    mandate = set_control(agent=agent, to=Control.ACTIVE, actor=actor, now=now)
    Mandate.objects.filter(pk=mandate.pk).update(error_streak=0)
    mandate.error_streak = 0
    return mandate
