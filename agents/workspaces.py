"""Files of an agent's own workspace."""

from __future__ import annotations

from typing import NoReturn

from core.errors import Invalid, TooLarge

from .models import Agent

FILES = (
    "agent.md", "identity.md", "soul.md", "WORKING.md", "MEMORY.md", "TOOLS.md", "AGENTS.md", "MISSION.md", "USER.md",
)  # fmt: skip
LARGEST = 1024 * 1024


def check_name(file: str) -> None:
    if file not in FILES:
        raise Invalid(f"Unsupported file: {file[:200]}")


def check_size(content: str) -> None:
    size = len(content.encode())
    if size > LARGEST:
        raise TooLarge(f"File exceeds {LARGEST} bytes ({size} bytes). Nothing was stored.")


def workspace_of(agent: Agent) -> NoReturn:
    """Where the agent's files are. No agent of this server has a workspace yet."""
    raise Invalid("Agent workspace is not configured")
