"""What one event is on one wire, whichever it is: encoded once, and handed to everybody who speaks that dialect."""

from __future__ import annotations

from dataclasses import dataclass

TICK, AGENT_OUTPUT, DOMAIN = "tick", "agent_output", "domain"


@dataclass(frozen=True, slots=True)
class Frame:
    """`types` are the names a filter may ask for; `body` goes out in one write. `needs` is what a listener must have
    included to get it. Of those with the same `slot` the newest says it all."""

    id: int
    workspace_id: int | None
    types: tuple[str, ...]
    agent_id: int | None
    agent_name: str | None
    body: bytes
    transient: bool = False
    needs: str = ""
    slot: str = ""
