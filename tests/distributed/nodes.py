"""Machines that share a PostgreSQL and a Redis: each process in a folder and with a port of its own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from tests.server import Server

SECRET = "one secret for all machines"


class Nodes:
    """`Nodes({"web": 3, "worker": 2, "beat": 2}, DATABASE_URL=..., REDIS_URL=...)`. Names: `web-1`, `beat-2`."""

    def __init__(self, numbers: Mapping[str, int], **environment: str) -> None:
        self.names = [f"{kind}-{n + 1}" for kind, number in numbers.items() for n in range(number)]
        self.machines = {name: Server(SECRET_KEY=SECRET, **environment) for name in self.names}

    def of(self, kind: str) -> list[str]:
        return [name for name in self.names if name.startswith(f"{kind}-")]

    @property
    def webs(self) -> list[Server]:
        return [self.machines[name] for name in self.of("web")]

    def __enter__(self) -> Self:
        try:
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(self.start, self.names))
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda machine: machine.__exit__(None, None, None), self.machines.values()))

    def start(self, name: str) -> None:
        self.machines[name].start(_kind(name))

    def kill(self, name: str) -> None:
        self.machines[name].kill(_kind(name))

    def log_of(self, name: str) -> str:
        return self.machines[name].log_of(_kind(name))

    def seconds_until(self, status: str, *, patience: float = 60) -> tuple[float, list[dict[str, Any]]]:
        """How long it took until `/readyz` of every web process said so, and what they said then or in the end."""
        began = time.monotonic()
        while True:
            said = [web.ask("GET", "/readyz", key=None)[1] for web in self.webs]
            passed = time.monotonic() - began
            if passed > patience or all(isinstance(one, dict) and one["status"] == status for one in said):
                return passed, said
            time.sleep(0.2)


def _kind(name: str) -> str:
    return name.rpartition("-")[0]
