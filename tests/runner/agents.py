"""Agents for the tests: the client's scripted stand-in, run by `mc run` against a real server."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.contract.v1 import Fleet, until
from tests.server import ROOT

MC = str(Path(sys.executable).with_name("mc"))
STAND_IN = str(ROOT / "client" / "tests" / "agents.py")
Step = dict[str, Any]
INIT: Step = {"say": {"type": "system", "subtype": "init", "session_id": "abc", "model": "claude-sonnet-4"}}


def words(text: str) -> Step:
    content = [{"type": "text", "text": text}]
    return {"say": {"type": "assistant", "message": {"role": "assistant", "content": content}}}


def use(name: str, id: str, **input: Any) -> Step:
    content = [{"type": "tool_use", "id": id, "name": name, "input": input}]
    return {"say": {"type": "assistant", "message": {"role": "assistant", "content": content}}}


def used(id: str, text: str) -> Step:
    content = [{"type": "tool_result", "tool_use_id": id, "content": text}]
    return {"say": {"type": "user", "message": {"role": "user", "content": content}}}


def result(cost: float) -> Step:
    usage = {"input_tokens": 1000, "output_tokens": 200}
    return {"say": {"type": "result", "subtype": "success", "is_error": False, "total_cost_usd": cost, "usage": usage}}


def lines(*numbers: int) -> Iterator[Step]:
    """These as lines, slowly enough for something to happen in between."""
    for number in range(*numbers):
        yield {"print": f"line {number}"}
        if number % 10 == 0:
            yield {"pause": 0.05}


@dataclass
class Bench:
    """An agent of a fleet with a machine (a folder) of its own."""

    fleet: Fleet
    folder: Path
    agent: str
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def script(self, *steps: Step) -> list[str]:
        path = self.folder / f"script-{len(list(self.folder.glob('script-*')))}.jsonl"
        path.write_text("".join(json.dumps(step) + "\n" for step in steps))
        return [sys.executable, STAND_IN, str(path)]

    @property
    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("MC_", "XDG_"))}
        token = self.fleet.tokens[self.agent]
        own = {"MC_API_URL": self.fleet.server.url, "MC_AGENT_ID": self.agent, "MC_AGENT_TOKEN": token}
        return {**clean, **own, "HOME": str(self.folder)}

    def start(self, *args: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        self.running.append(
            subprocess.Popen(
                [MC, "run", *args],
                stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True, env=self.environment, cwd=self.folder,
            )
        )  # fmt: skip
        return self.running[-1]

    def finish(self) -> None:
        for one in self.running:
            for child in children_of(one.pid):
                kill(child)
            kill(one.pid)
            one.communicate()

    def log(self) -> list[Any]:
        """All of it, from the first entry on."""
        found: list[Any] = []
        before = ""
        while True:
            page = self.fleet.done("GET", f"/agents/{self.agent}/log?limit=100{before}")
            found = [*page["entries"], *found]
            if not page["hasMore"]:
                return found
            before = f"&before={found[0]['id']}"

    def texts(self) -> list[str]:
        return [entry["text"].rstrip("\n") for entry in self.log() if entry["kind"] == "text"]

    def until_said(self, number: int) -> None:
        until(lambda: len(self.texts()) >= number)


def children_of(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()] if path.exists() else []


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 9)
