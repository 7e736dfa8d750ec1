"""Agents, and what they may do."""

from .agent import LONGEST_NAME, Agent, AgentQuerySet, handle_of, is_number, public_id_in
from .mandate import Mandate

__all__ = ["LONGEST_NAME", "Agent", "AgentQuerySet", "Mandate", "handle_of", "is_number", "public_id_in"]
