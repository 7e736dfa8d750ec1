"""The command line, shared by `manage.py simulate` and `python -m simulation`."""

from __future__ import annotations

import os
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

# The server lets one credential hold 20 streams; the dashboard wants some of them.
STREAMS_AT_MOST = 12


@dataclass(frozen=True, slots=True)
class Options:
    url: str
    key: str
    agents: int = 50
    minutes: float = 5.0
    rate: float = 1.0
    beat: float = 10.0
    streams: int = 0
    seed: int = 1
    json: Path | None = None
    check: bool = True

    @property
    def seconds(self) -> float:
        return self.minutes * 60

    @property
    def listeners(self) -> int:
        return self.streams or min(STREAMS_AT_MOST, max(2, self.agents // 5))

    @classmethod
    def chosen(cls, given: dict[str, Any], key: str) -> Self:
        wanted = {name: given[name] for name in cls.__dataclass_fields__ if given.get(name) is not None}
        return cls(**(wanted | {"key": key}))


def add_arguments(parser: ArgumentParser) -> None:
    port = os.environ.get("PORT", "3000")
    add = parser.add_argument
    add("--url", default=f"http://127.0.0.1:{port}", help="where the server listens (%(default)s)")
    add("--key", help="API key; default: API_KEY from the environment, else the one this installation generated")
    add("--agents", type=_positive_int, default=50, help="size of the fleet (%(default)s)")
    add("--minutes", type=_positive, default=5.0, help="how long to run (%(default)s)")
    add("--rate", type=_positive, default=1.0, help="speed: 2 = everybody works and beats twice as fast (%(default)s)")
    add("--beat", type=_positive, default=10.0, help="seconds between two beats of an agent at rate 1 (%(default)s)")
    add(
        "--streams", type=_positive_int, help=f"event streams to hold (a fifth of the fleet, {STREAMS_AT_MOST} at most)"
    )
    add("--seed", type=int, default=1, help="the same seed tells the same stories (%(default)s)")
    add("--json", type=Path, help="write the summary to this file as JSON")
    add("--no-check", dest="check", action="store_false", help="do not compare the ledger with the server at the end")


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def _positive_int(text: str) -> int:
    number = _positive(text)
    if not number.is_integer():
        raise ArgumentTypeError(f"{text!r} is not a whole number")
    return int(number)
