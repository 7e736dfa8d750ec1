"""Every write about agents."""

from .adding import Newcomer, connect_agent, create_agent, register_agent
from .changing import configure_agent, delete_agent, set_hidden, update_agent
from .finding import find_agent, find_named
from .memory import clear_memory, write_memory
from .messaging import message_agent, wake_agent
from .presence import HEARTBEAT_ACTIVITY, SignOfLife, hear_from, went_silent
from .soul import set_soul
from .telling import presence_fact

__all__ = [
    "HEARTBEAT_ACTIVITY",
    "Newcomer",
    "SignOfLife",
    "clear_memory",
    "configure_agent",
    "connect_agent",
    "create_agent",
    "delete_agent",
    "find_agent",
    "find_named",
    "hear_from",
    "message_agent",
    "presence_fact",
    "register_agent",
    "set_hidden",
    "set_soul",
    "update_agent",
    "wake_agent",
    "went_silent",
    "write_memory",
]
