"""What an adapter is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from missioncontrol_client.runner.asking import Decision
from missioncontrol_client.runner.process import Outcome
from missioncontrol_client.runner.voice import Voice


class Asker(Protocol):
    def __call__(self, tool: str, input: dict[str, object], tool_use_id: str | None) -> Decision: ...


@dataclass(slots=True)
class Line:
    """How an adapter reaches its agent and those who watch it.

    `write` gives the agent a line of input and says whether it took it; `finish_input` tells it that no more will come;
    `ask` waits for permission; `withdraw` takes a question back.
    """

    voice: Voice
    write: Callable[[str], bool]
    finish_input: Callable[[], None]
    ask: Asker
    withdraw: Callable[[str | None], None]
    # The model to book under where the agent does not say it.
    model: str | None = None
    # Whether it goes on to listen after it has answered.
    stays: bool = False


class Adapter:
    """Understands one format of output. Everything is called from the thread that reads it, except `message`."""

    name: ClassVar[str]

    def __init__(self, line: Line) -> None:
        self.line = line

    def begin(self) -> None:
        """The agent has started."""

    def hear(self, text: str) -> None:
        """A line of its output, without its end."""
        raise NotImplementedError

    def message(self, text: str) -> str | None:
        """How the agent is told what an operator says; None where it is not."""
        return None

    def is_message(self, line: str) -> bool:
        """Whether this line of input asks the agent for an answer."""
        return bool(line.strip())

    def hears_no_more(self) -> None:
        """Our own input has ended; operators may still have something to say."""

    def end(self, outcome: Outcome) -> None:
        """It is over."""
        voice = self.line.voice
        if not outcome.is_good:
            voice.error(outcome.told)
        if voice.has_run:
            voice.end_run("COMPLETED" if outcome.is_good else "FAILED", error=None if outcome.is_good else outcome.told)
            voice.done()
