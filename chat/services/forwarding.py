"""Handing a message on to the recipient's running session, and what the sender is told of it.

Sessions are reached through a gateway, and none is connected to this server: what is tried fails, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accounts.isolation import is_strict
from agents.models import public_id_in
from agents.services import find_named
from core.actors import Actor
from core.ids import slugify

from .wording import Words

NO_SESSION, SEND_FAILED = "no_active_session", "gateway_send_failed"


@dataclass(frozen=True, slots=True)
class Forward:
    """What became of it. `status` and `text` are for the answer that the sender gets in the conversation."""

    reason: str
    session: str | None
    status: str
    text: str
    answers_in: tuple[str, ...]

    def as_shape(self) -> dict[str, Any]:
        shape: dict[str, Any] = {"attempted": True, "delivered": False, "reason": self.reason}
        if self.session is not None:
            shape["session"] = self.session
        return shape

    def is_answered_in(self, conversation: str) -> bool:
        return conversation.startswith(self.answers_in)


def forward(words: Words, actor: Actor) -> Forward:
    """Try it. Sessions belong to no workspace, so a strict one has none to forward to."""
    if is_strict(actor.workspace_id):
        text = f"{words.to} has no session to receive this. The message is kept here."
        return Forward(NO_SESSION, None, "offline", text, ("coord:", "agent_"))
    text = f"The message is kept here, but it did not reach {words.to}: no gateway took it."
    return Forward(SEND_FAILED, _session(words, actor), "delivery_failed", text, ("coord:",))


def _session(words: Words, actor: Actor) -> str:
    """The named one, the agent's own, or what the gateway would call the recipient."""
    if words.session:
        return words.session
    name = words.to or ""
    agent = find_named(actor.workspace_id, name)
    if agent is None:
        return slugify(name)
    return agent.session_key or public_id_in(agent.config) or slugify(name)
