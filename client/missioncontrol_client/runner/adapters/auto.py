"""Takes the format of the first line."""

from __future__ import annotations

import json

from missioncontrol_client.runner.process import Outcome

from .base import Adapter, Line
from .stream_json import StreamJson
from .text import Text


class Auto(Adapter):
    name = "auto"

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self._chosen: Adapter | None = None

    def hear(self, text: str) -> None:
        if self._chosen is None:
            if not text.strip():
                return
            self._chosen = StreamJson(self.line) if is_stream_json(text) else Text(self.line)
            self._chosen.begin()
        self._chosen.hear(text)

    def message(self, text: str) -> str | None:
        """Before it has said anything, an agent that reads its input is taken for one that speaks JSON."""
        return (self._chosen or StreamJson(self.line)).message(text)

    def is_message(self, line: str) -> bool:
        return (self._chosen or StreamJson(self.line)).is_message(line)

    def hears_no_more(self) -> None:
        if self._chosen is not None:
            self._chosen.hears_no_more()

    def end(self, outcome: Outcome) -> None:
        (self._chosen or Text(self.line)).end(outcome)


def is_stream_json(text: str) -> bool:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and isinstance(found.get("type"), str)
