"""May this agent do this? A pure function over policy, agent, action and context."""

from .evaluate import evaluate
from .types import (
    Action,
    ActionType,
    AgentFacts,
    ApprovalRequired,
    ApprovalType,
    Budget,
    Context,
    Decision,
    Grant,
    Policy,
    Risk,
    SpawnFacts,
    SpawnLimits,
    TransitionFacts,
    Verdict,
)

__all__ = [
    "Action",
    "ActionType",
    "AgentFacts",
    "ApprovalRequired",
    "ApprovalType",
    "Budget",
    "Context",
    "Decision",
    "Grant",
    "Policy",
    "Risk",
    "SpawnFacts",
    "SpawnLimits",
    "TransitionFacts",
    "Verdict",
    "evaluate",
]
