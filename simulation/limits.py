"""Whether the server limits requests, learned before it hurts, and without changing anything."""

from __future__ import annotations

from simulation.client import MUTATION, Client

CHANGES, BEATS, POLLS = 60, 30, 20  # a minute: from one address, of one agent, of one agent


async def keep_to_limits(client: Client) -> None:
    """Ask for work in nobody's name, once more than may be asked in a minute: if that is refused, changes will be."""
    for _ in range(POLLS + 1):
        async with client.session.get(f"{client.url}/api/tasks/queue") as answer:
            if answer.status == 429:
                client.throttles.allowed = {MUTATION: CHANGES, "beat": BEATS, "poll": POLLS}
                return
