"""The story as it happens: who did what, by which way in."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

WAYS = {"mc": "cyan", "MCP": "magenta", "curl": "yellow", "legacy": "blue", "dashboard": "green", "": "bright_black"}


WIDE = 120


def wide_console() -> Console:
    """In a file or a pipe tables need not fit a window."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDE)


@dataclass(slots=True)
class Teller:
    console: Console = field(default_factory=wide_console)
    began: float = field(default_factory=time.monotonic)

    def __call__(self, who: str, way: str, words: str) -> None:
        line = Text(f"{time.monotonic() - self.began:5.1f} s  ", style="bright_black")
        line.append(f"{who:<8} ", style=f"bold {WAYS[way]}").append(f"{way:<10}", style=WAYS[way])
        self.console.print(line.append(words, style="default"), soft_wrap=True)

    def aside(self, words: str) -> None:
        self.console.print(Text(words), soft_wrap=True)
