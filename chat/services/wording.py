"""What somebody wants to say, before it is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from chat.models import LONGEST_KEY
from core.actors import Actor
from core.errors import Invalid
from core.injection import refuse_injection

LONGEST_NAME, LONGEST_TYPE = 200, 100


@dataclass(frozen=True, slots=True)
class Words:
    """One message. `conversation` is a key; without `to` it is for everybody; `session` is where to forward it to."""

    content: str
    conversation: str
    to: str | None = None
    type: str = "text"
    metadata: dict[str, Any] | None = None
    sender: str | None = None
    forward: bool = False
    session: str | None = None

    def check(self) -> None:
        """Raises Invalid for what no column holds, Injected for text that could take the recipient over."""
        for name, text, longest in (
            ("to", self.to, LONGEST_NAME),
            ("conversation_id", self.conversation, LONGEST_KEY),
            ("message_type", self.type, LONGEST_TYPE),
        ):
            if text is not None and len(text) > longest:
                raise Invalid(details=[f"{name}: Invalid input"])
        if self.is_forwarded:
            refuse_injection("Message", self.content)

    @property
    def is_forwarded(self) -> bool:
        return self.forward and self.to is not None


def coordinator() -> str:
    return settings.COORDINATOR_AGENT or "coordinator"


def sender_of(words: Words, actor: Actor) -> str:
    """Everybody speaks under their own name, and may speak for the coordinator."""
    wanted = (words.sender or "").strip()
    return wanted if wanted.lower() == coordinator().lower() else actor.display_name
