"""How the server as a whole fares, in the words of this dialect: starting, running, restarting, failed."""

from __future__ import annotations

import os
from dataclasses import dataclass

from realtime.wire import control as wire

# As long as the worker may be silent before it is given up.
MAY_START_FOR = 60.0
LINKED, UNLINKED = "agents are connected", "no agent is connected"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found when somebody looked; None when the database did not answer."""

    worker: bool
    linked: bool


@dataclass(frozen=True, slots=True)
class State:
    word: str
    pid: int | None = None
    reason: str | None = None

    @property
    def line(self) -> bytes:
        return wire.gateway_status(self.word, pid=self.pid, reason=self.reason)


class Gateway:
    """The state, and whether it has changed."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._linked: bool | None = None
        self.state = State("starting", os.getpid())

    def look(self, seen: Seen | None, now: float) -> State | None:
        """The new state, if it is one."""
        before, self.state = self.state, self._judged(seen, now)
        was_linked = self._linked
        if seen is not None:
            self._linked = seen.linked
        if seen is not None and was_linked not in (None, seen.linked) and self.state.word == "running":
            self.state = State("running", os.getpid(), LINKED if seen.linked else UNLINKED)
        return self.state if self.state != before else None

    def _judged(self, seen: Seen | None, now: float) -> State:
        if seen is None:
            return State("failed", os.getpid(), "the database does not answer")
        if seen.worker:
            # What was said last of who is connected still holds.
            same = self.state.word == "running" and self.state.reason
            return State("running", os.getpid(), same or None)
        if self.state.word == "starting" and now - self._began < MAY_START_FOR:
            return self.state
        return State("failed", os.getpid(), "the worker was not seen for 60 s")

    def began_anew(self, process: str, pid: int) -> State | None:
        """A process of the server came back while all was well; the next look says whether it still is."""
        if self.state.word != "running":
            return None
        self.state = State("restarting", pid, f"the {process} process begins anew")
        return self.state
