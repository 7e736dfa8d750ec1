"""Every write about conversations."""

from .conversing import find_message, mark_read, metadata_told, open_conversation, say
from .counting import count_lines
from .forwarding import Forward
from .preferring import set_preference
from .wording import Words

__all__ = [
    "Forward",
    "Words",
    "count_lines",
    "find_message",
    "mark_read",
    "metadata_told",
    "open_conversation",
    "say",
    "set_preference",
]
