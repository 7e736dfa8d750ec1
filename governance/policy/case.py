"""One question put to the policy, with what several stages need to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from .paths import Places
from .risk import Assessment, classify
from .subject import Subject
from .types import (
    Action,
    AgentFacts,
    ApprovalRequired,
    ApprovalType,
    Budget,
    Context,
    Decision,
    Policy,
    Risk,
    Verdict,
)


@dataclass(frozen=True)
class Case:
    policy: Policy
    agent: AgentFacts
    action: Action
    context: Context

    @cached_property
    def subject(self) -> Subject:
        return Subject(self.action)

    @cached_property
    def places(self) -> Places:
        return Places(self.agent.workspace_path, self.agent.home)

    @cached_property
    def assessment(self) -> Assessment:
        return classify(self.subject, self.policy, self.places, self.context)

    @cached_property
    def budget(self) -> Budget:
        daily, per_run = self.policy.budget_defaults.get(self.agent.role, (0, 0))
        return Budget(
            daily if self.agent.daily_limit is None else self.agent.daily_limit,
            self.agent.spend_today,
            per_run if self.agent.per_run_cap is None else self.agent.per_run_cap,
        )

    @property
    def shown_budget(self) -> Budget | None:
        asked = self.action.estimated_cost is not None or self.context.current_spend is not None
        return self.budget if asked else None

    def allow(self, reason: str, *, approval_id: str | None = None) -> Verdict:
        return Verdict(Decision.ALLOW, self.assessment.risk, reason, budget=self.shown_budget, approval_id=approval_id)

    def deny(self, violations: tuple[str, ...], reason: str, *, risk: Risk | None = None) -> Verdict:
        risk = self.assessment.risk if risk is None else risk
        return Verdict(Decision.DENY, risk, reason, violations, budget=self.shown_budget)

    def ask(self, kind: ApprovalType, reason: str, *, budget: Budget | None = None) -> Verdict:
        needed = ApprovalRequired(kind, f"{self.agent.id} asks for {self._what()}. {reason}.")
        return Verdict(
            Decision.NEEDS_APPROVAL,
            self.assessment.risk,
            reason,
            approval_required=needed,
            budget=budget or self.shown_budget,
        )

    def _what(self) -> str:
        """Named without its arguments, which may hold what must not be repeated."""
        if self.action.target_status:
            return f"the task to become {self.action.target_status}"
        return f"{self.action.type} by {self.action.tool}" if self.action.tool else str(self.action.type)
