"""How much of their budgets agents have used: of many at once, in a fixed number of questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import BigIntegerField, Case, F, FloatField, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Coalesce

from agents.models import Mandate
from governance.days import next_midnight
from governance.models import Policy

from .budgets import CRITICAL, NEAR
from .policies import budgets_of

Scope = Policy.Scope
FULL = 100
# Agents with a policy of their own whose budgets count when all are put in order.
OWN_POLICIES = 200


@dataclass(frozen=True, slots=True)
class Use:
    """Whole micro-dollars. `usual` is what the role is given a day and a run, where the agent has no figure of its
    own; `extra` was granted for today alone."""

    mandate: Mandate
    usual: tuple[int, int]
    extra: int
    spent: int
    resets_at: datetime

    @property
    def daily(self) -> int:
        own = self.mandate.budget_daily_microusd
        return self.usual[0] if own is None else own

    @property
    def per_run(self) -> int:
        own = self.mandate.budget_per_run_microusd
        return self.usual[1] if own is None else own

    @property
    def limit(self) -> int:
        return self.daily + self.extra

    @property
    def left(self) -> int:
        return max(0, self.limit - self.spent)

    @property
    def percent(self) -> int:
        """Rounded down, so that a mark is not passed before its time."""
        if self.limit <= 0:
            return FULL if self.spent else 0
        return min(999, 100 * self.spent // self.limit)

    @property
    def length(self) -> str:
        """In percent of a scale that goes on to 110, so that one sees who is past the end."""
        return f"{min(self.percent, 110) / 1.1:.1f}"

    @property
    def level(self) -> int:
        """The highest mark that is passed: 0, 80, 95 or 100."""
        return max((mark for mark in (NEAR, CRITICAL, FULL) if self.percent >= mark), default=0)


def uses_of(mandates: Iterable[Mandate], *, now: datetime) -> list[Use]:
    """All of one workspace; their agents are best selected with them."""
    rows = list(mandates)
    if not rows:
        return []
    usual = _usual(rows[0].agent.workspace_id, [row.agent.slug for row in rows])
    return [_use(row, usual, now) for row in rows]


def _use(mandate: Mandate, usual: Usual, now: datetime) -> Use:
    # What is to be reset already counts as reset.
    is_over = mandate.is_reset_due(now)
    midnight = mandate.spend_reset_at
    return Use(
        mandate=mandate,
        usual=usual.of(mandate.agent.slug, mandate.autonomy),
        extra=0 if is_over else mandate.extra_microusd,
        spent=0 if is_over else mandate.spend_today_microusd,
        resets_at=next_midnight(now) if is_over or midnight is None else midnight,
    )


Figures = dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Usual:
    """By role: for all, and for agents with a policy of their own."""

    general: Figures
    own: dict[str, Figures]

    def of(self, slug: str, role: str) -> tuple[int, int]:
        return self.own.get(slug, self.general)[role]


def _usual(workspace_id: int, slugs: Sequence[str] | None) -> Usual:
    """`slugs` None: of all agents."""
    rows = Policy.objects.in_workspace(workspace_id).filter(active=True).order_by("id")
    own = Q(scope_type=Scope.AGENT) if slugs is None else Q(scope_type=Scope.AGENT, scope_id__in=slugs)
    found = rows.filter(own | Q(scope_type=Scope.GLOBAL, scope_id="")).only("scope_type", "scope_id", "budget_defaults")
    general: Figures = dict(settings.BUDGETS)
    of_agents: dict[str, Figures] = {}
    for row in found:
        figures = {**settings.BUDGETS, **budgets_of(row)}
        if row.scope_type == Scope.GLOBAL:
            general = figures
        else:
            of_agents[row.scope_id] = figures
    return Usual(general, of_agents)


def by_use(workspace_id: int, *, now: datetime) -> QuerySet[Mandate, Mandate]:
    """Mandates of visible agents, who has used most of today's budget first."""
    usual = _usual(workspace_id, None)
    own = [When(agent__slug=slug, then=_daily(usual.own[slug])) for slug in sorted(usual.own)[:OWN_POLICIES]]
    daily = Coalesce("budget_daily_microusd", Case(*own, default=_daily(usual.general), output_field=BigIntegerField()))
    limit = Cast(daily + _today(F("extra_microusd"), now), FloatField())
    spent = Cast(_today(F("spend_today_microusd"), now), FloatField())
    rows = Mandate.objects.filter(agent__workspace_id=workspace_id, agent__hidden=False)
    rows = rows.annotate(spent=spent, limit=limit)
    none = Case(When(spent__gt=0, then=Value(1.0)), default=Value(0.0), output_field=FloatField())
    share = Case(When(limit__gt=0, then=F("spent") / F("limit")), default=none, output_field=FloatField())
    return rows.select_related("agent").order_by(share.desc(), "-spent", "agent__name")


def _daily(figures: Figures) -> Case:
    roles = [When(autonomy=role, then=Value(daily)) for role, (daily, _) in figures.items()]
    return Case(*roles, default=Value(0), output_field=BigIntegerField())


def _today(figure: Any, now: datetime) -> Case:
    return Case(When(spend_reset_at__lte=now, then=Value(0)), default=figure, output_field=BigIntegerField())
