"""The parts of a runner, and how they begin and end; `Runner` and `AsyncRunner` add how one waits."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

from missioncontrol_client.calls import work
from missioncontrol_client.client import MissionControl
from missioncontrol_client.config import load_settings
from missioncontrol_client.errors import ConfigError, MissionControlError
from missioncontrol_client.retry import Retry
from missioncontrol_client.watching import RunnerControl, RunnerMessage
from missioncontrol_client.wire import Caller

from .asking import Wish
from .inbox import Listener, Pulse
from .journal import MOST_ITEMS, folder_for, journal_path, open_journal
from .leftovers import Leftovers
from .sender import Sender
from .voice import CUT_OFF, Voice

# Longer than a long poll.
PATIENCE = 40.0
# For another runner that is just sending what this session has left behind.
HANDOVER = 2.0
# For an answer that is on its way; one that is waited for is let go.
LAST_WORD = 0.2


@dataclass(frozen=True, slots=True)
class Report:
    """How the passing on went; `unsent` stands in the journal, and goes out with the agent's next runner."""

    delivered: int
    unsent: int
    lost: int
    rejected: int
    session_key: str

    @property
    def is_complete(self) -> bool:
        return not (self.unsent or self.lost or self.rejected)


class Core(Voice):
    """What the server cannot take now is kept on disk, up to `most_items`; beyond that, output is left out, and the log
    says where and how much."""

    def __init__(
        self,
        caller: Caller,
        *,
        session_key: str | None = None,
        task_id: str | None = None,
        role: str = "agent",
        flush: float = 0.25,
        heartbeat: float = 30.0,
        most_items: int = MOST_ITEMS,
        state_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        if not caller.agent_id:
            raise ConfigError("a runner needs the agent's id")
        self._is_nameless = session_key is None
        self.session_key = session_key or new_session_key(caller.agent_id)
        patience = max(caller.timeout, PATIENCE)
        self.caller = replace(caller, session_key=self.session_key, timeout=patience, retry=Retry.never())
        self.task_id, self.role = task_id, role
        self._flush, self._heartbeat, self._most_items = flush, heartbeat, most_items
        self._folder = folder_for(caller.api_url, caller.agent_id, os.fspath(state_dir) if state_dir else None)
        self._wishes: list[Wish] = []
        self._lock = threading.Lock()

    @classmethod
    def from_environment(cls, *, config: str | None = None, **options: Any) -> Self:
        """Configured as `mc` is."""
        return cls(Caller.of(load_settings(config=config)), **options)

    def _begin(self) -> None:
        path = journal_path(self._folder, self.session_key)
        self._journal = open_journal(path, HANDOVER, most_items=self._most_items)
        self._journal.set("session", self.session_key)
        self._journal.set("nameless", "yes" if self._is_nameless else "")
        self._end_run_that_was_cut_off()
        self._client = MissionControl.of(self.caller)
        send = self._client.send
        self._sender = Sender(send, self._journal, self.session_key, flush=self._flush)
        self._listener = Listener(send, self._journal, on_message=self._heard, on_control=self._ordered)
        self._pulse = Pulse(send, self.session_key, self._heartbeat, lambda: (self._status, self.task_id))
        self._leftovers = Leftovers(send, self._folder, path)
        for thread in (self._sender, self._listener, self._pulse, self._leftovers):
            thread.start()

    def _end(self, seconds: float) -> Report:
        self.withdraw()
        self._listener.close()
        self._pulse.close()
        self._leftovers.close()
        if self.has_run:
            self.end_run("FAILED", error=CUT_OFF)
        unsent = self._sender.finish(seconds)
        for thread in (self._listener, self._pulse):
            thread.join(LAST_WORD)
        lost, rejected = self._journal.lost, self._sender.rejected
        self._journal.close(remove=self._is_nameless)
        self._client.close()
        return Report(self._sender.delivered, unsent, lost, rejected, self.session_key)

    def withdraw(self, tool_use_id: str | None = None) -> None:
        """Take questions back: that one, or all. Whoever waits for the answer hears no."""
        with self._lock:
            asked = [wish for wish in self._wishes if tool_use_id in (None, wish.tool_use_id)]
        for wish in asked:
            wish.is_withdrawn = True
            if wish.request_id is not None:
                with suppress(MissionControlError):
                    self._client.send(work.withdraw_permission(wish.request_id))

    def knows_its_standing(self, seconds: float) -> bool:
        """Wait until the orders that stood before are heard, or cannot be."""
        return self._listener.has_tried.wait(seconds)

    @property
    def trouble(self) -> MissionControlError | None:
        """Why the server does not take what is sent, while that is so."""
        return self._sender.trouble

    @contextmanager
    def _asked(
        self, tool: str, input: Mapping[str, Any], tool_use_id: str | None, timeout: int
    ) -> Generator[Wish, None, None]:
        run_id = self._journal.get(f"run:{self._run}") if self._run is not None else None
        wish = Wish(tool, dict(input), self.task_id, run_id, tool_use_id, timeout)
        with self._lock:
            self._wishes.append(wish)
        try:
            yield wish
        finally:
            with self._lock:
                self._wishes.remove(wish)

    def _heard(self, message: RunnerMessage) -> None:
        raise NotImplementedError

    def _ordered(self, control: RunnerControl) -> None:
        raise NotImplementedError


def new_session_key(agent_id: str) -> str:
    began = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    return f"run:{agent_id[:60]}:{began}:{uuid.uuid4().hex[:8]}"
