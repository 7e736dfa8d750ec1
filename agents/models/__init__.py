"""Agents, and what they may do."""

from .agent import Agent, AgentQuerySet, is_number
from .mandate import Mandate

__all__ = ["Agent", "AgentQuerySet", "Mandate", "is_number"]
