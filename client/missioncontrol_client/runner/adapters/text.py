"""Agents that write plain text: each line is what they say."""

from __future__ import annotations

from missioncontrol_client.runner.process import Outcome

from .base import Adapter


class Text(Adapter):
    name = "text"

    def begin(self) -> None:
        if self.line.model:
            self.line.voice.start_run(self.line.model)

    def hear(self, text: str) -> None:
        self.line.voice.text(f"{text}\n")

    def message(self, text: str) -> str | None:
        return text

    def hears_no_more(self) -> None:
        if not self.line.stays:
            self.line.finish_input()

    def end(self, outcome: Outcome) -> None:
        had_run = self.line.voice.has_run
        super().end(outcome)
        if not had_run and outcome.is_good:
            self.line.voice.done()
