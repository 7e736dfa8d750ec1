"""The evaluation: the first stage that decides, decides."""

from __future__ import annotations

from .case import Case
from .stages import STAGES
from .types import Action, AgentFacts, Context, Policy, Verdict

_NO_CONTEXT = Context()


def evaluate(policy: Policy, agent: AgentFacts, action: Action, context: Context = _NO_CONTEXT) -> Verdict:
    case = Case(policy, agent, action, context)
    for stage in STAGES:
        verdict = stage(case)
        if verdict is not None:
            return verdict
    return case.allow(case.assessment.why)
