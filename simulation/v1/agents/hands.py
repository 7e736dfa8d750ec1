"""What an agent of the v1 dialect can do, whatever it does it by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Body = dict[str, Any]
SESSION = "demo:v1"


class Refused(Exception):
    """The server said no, and why."""

    def __init__(self, who: str, what: str, code: str, message: str) -> None:
        super().__init__(f"{who}: {what} was refused: {message} ({code})")
        self.code = code


@dataclass(frozen=True, slots=True)
class Badge:
    """What an agent is given before its first day."""

    url: str
    id: str
    token: str


@dataclass(frozen=True, slots=True)
class Action:
    """A command that an agent would like to run, and whether it is one that people must agree to."""

    command: str
    summary: str = ""
    why: str = ""

    @property
    def payload(self) -> Body:
        return {"type": "TOOL_CALL", "tool": "exec", "command": self.command}


@dataclass(frozen=True, slots=True)
class Work:
    """What is handed in."""

    content: str
    summary: str
    type: str
    checked: Sequence[str] = field(default=("Read twice", "Nothing secret in it"))

    @property
    def checklist(self) -> Body:
        return {"type": self.type, "items": [{"label": label, "checked": True} for label in self.checked]}


class Hands(Protocol):
    """Each answers what the API answered; a refusal is raised as Refused."""

    badge: Badge
    way: str

    async def beat(self, task: str | None = None) -> Body: ...
    async def open_tasks(self, type: str) -> list[Body]: ...
    async def task(self, id: str) -> Body: ...
    async def claim(self, id: str) -> bool: ...
    async def start(self, id: str, bullets: Sequence[str], estimate: float) -> Body: ...
    async def say(self, id: str, words: str, mentions: Sequence[str] = ()) -> Body: ...
    async def judge(self, action: Action, task: str) -> Body: ...
    async def ask(self, action: Action, task: str) -> Body: ...
    async def approval(self, id: str) -> Body: ...
    async def begin_run(self, task: str, model: str) -> str: ...
    async def end_run(self, id: str, cost: float, read: int, written: int) -> Body: ...
    async def begin_call(self, run: str, task: str, action: Action, verdict: Body) -> str: ...
    async def end_call(self, id: str, output: str) -> Body: ...
    async def submit(self, id: str, work: Work) -> Body: ...
