"""Whether an agent may work, why not, until when, and what people may do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.models import Agent, Mandate
from web import words

Control = Mandate.Control


@dataclass(frozen=True, slots=True)
class Doing:
    """`effect` says what it brings about, `open_to` the standings in which it does something."""

    action: str
    word: str
    done: str
    effect: str
    open_to: frozenset[str]
    is_timed: bool = True
    is_grave: bool = False


EVERY = frozenset(Control.values)
DOINGS = {
    doing.action: doing
    for doing in (
        Doing(
            "PAUSE", "Pause", "paused",
            "It is offered no new work and may use no tools. Its tasks stay where they are.",
            frozenset({Control.ACTIVE, Control.DRAINED}),
        ),
        Doing(
            "RESUME", "Resume", "active again", "It goes on with its tasks. Its error streak begins anew.",
            EVERY - {Control.ACTIVE}, is_timed=False,
        ),
        Doing(
            "DRAIN", "Drain", "drained", "It finishes what it has begun and takes nothing new.",
            frozenset({Control.ACTIVE, Control.PAUSED}), is_grave=True,
        ),
        Doing(
            "QUARANTINE", "Quarantine", "in quarantine",
            "Everything that it tries to change is refused until somebody resumes it.",
            EVERY - {Control.QUARANTINED}, is_grave=True,
        ),
        Doing(
            "RESTART", "Restart", "asked to restart",
            "It begins anew with its next beat: no task in hand, no errors. It may work again at once.",
            EVERY, is_timed=False,
        ),
    )
}  # fmt: skip
TARGETS = {"PAUSE": Control.PAUSED, "DRAIN": Control.DRAINED, "QUARANTINE": Control.QUARANTINED}
SPANS = {
    "15": "15 minutes",
    "60": "1 hour",
    "240": "4 hours",
    "1440": "1 day",
    "10080": "7 days",
}


def span_of(minutes: str) -> timedelta | None:
    return timedelta(minutes=int(minutes)) if minutes in SPANS else None


@dataclass(frozen=True, slots=True)
class Standing:
    """`mandate` is None for agents that nobody ever stopped or gave a budget."""

    agent: Agent
    mandate: Mandate | None

    @property
    def control(self) -> str:
        return self.mandate.control if self.mandate else Control.ACTIVE

    @property
    def sign(self) -> words.Sign:
        return words.CONTROLS[self.control]

    @property
    def is_stopped(self) -> bool:
        return self.control != Control.ACTIVE

    @property
    def reason(self) -> str:
        said = (self.mandate.status_reason if self.mandate else "") or ""
        return words.REASONS.get(said, said)

    @property
    def until(self) -> datetime | None:
        return self.mandate.status_until if self.mandate else None

    @property
    def is_short_of_money(self) -> bool:
        return self.control == Control.PAUSED and self.mandate is not None and self.mandate.status_reason == "BUDGET"

    @property
    def restart_asked_at(self) -> datetime | None:
        return self.mandate.restart_asked_at if self.mandate else None

    def refusal(self, doing: Doing) -> str:
        """Why this makes no sense now; empty when it does."""
        if doing.action == "RESTART" and self.restart_asked_at:
            return "A restart is asked for already; it hears of it with its next beat."
        if self.control in doing.open_to or (doing.action == "PAUSE" and self.is_short_of_money):
            return ""
        if doing.action == "RESUME":
            return "It is not stopped."
        if self.control == TARGETS.get(doing.action):
            return f"It is {self.sign.word} already."
        return f"It is {self.sign.word}. Resume it first."

    @property
    def doings(self) -> list[tuple[Doing, str]]:
        """Everything that people do to agents, each with why it makes no sense now."""
        return [(doing, self.refusal(doing)) for doing in DOINGS.values()]

    @property
    def open_doings(self) -> str:
        return " ".join(doing.action for doing, refusal in self.doings if not refusal)


def standing_of(agent: Agent) -> Standing:
    """`mandate` is best selected with the agent."""
    return Standing(agent, getattr(agent, "mandate", None))
