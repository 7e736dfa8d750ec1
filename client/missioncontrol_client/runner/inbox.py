"""Hears what people and the system have to say to whoever runs an agent."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from typing import Any

from missioncontrol_client.calls import agents, work
from missioncontrol_client.errors import ApiError, MissionControlError, RateLimited
from missioncontrol_client.watching import RunnerControl, RunnerMessage

from .journal import Journal
from .sender import Send

log = logging.getLogger("missioncontrol_client")
OnMessage = Callable[[RunnerMessage], None]
OnControl = Callable[[RunnerControl], None]
WAIT = 25
LONGEST_PAUSE = 15.0
# What an agent's standing asks for when its runner begins.
STANDINGS = {"PAUSED": "PAUSE", "QUARANTINED": "QUARANTINE", "DRAINED": "DRAIN"}


class Listener(threading.Thread):
    """Long-polls the inbox; each message and order is handed over once, also by the next runner of the session."""

    def __init__(self, send: Send, journal: Journal, *, on_message: OnMessage, on_control: OnControl) -> None:
        super().__init__(name="missioncontrol-inbox", daemon=True)
        self._send, self._journal = send, journal
        self._on_message, self._on_control = on_message, on_control
        self._closing = threading.Event()
        self._failures = 0
        place = journal.get("inbox")
        self._after = int(place) if place else None
        self._has_begun = False
        self.has_tried = threading.Event()

    def run(self) -> None:
        while not self._closing.is_set():
            try:
                answer = self._send(work.inbox(after=self._after, wait=WAIT if self._has_begun else None))
            except MissionControlError as error:
                self.has_tried.set()
                self._pause(error)
            else:
                self._failures = 0
                if not self._closing.is_set():
                    self._hand_over(answer)
            self.has_tried.set()

    def close(self) -> None:
        self._closing.set()

    def _hand_over(self, answer: Any) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._stand(answer)
        for message in answer["messages"]:
            _safely(self._on_message, message)
        for control in answer["controls"]:
            _safely(self._on_control, control)
        self._after = int(answer["lastId"])
        self._journal.set("inbox", self._after)

    def _stand(self, answer: Any) -> None:
        """An agent that is stopped already: as if it were stopped now."""
        action = STANDINGS.get(str(answer.get("agentStatus")))
        if action and not any(control["action"] == action for control in answer["controls"]):
            reason = f"The agent is {str(answer['agentStatus']).lower()}"
            order = {"id": 0, "action": action, "reason": reason, "requestId": None, "createdAt": ""}
            _safely(self._on_control, order)

    def _pause(self, error: MissionControlError) -> None:
        self._failures += 1
        log.debug("the inbox cannot be read: %s", error)
        wait = min(LONGEST_PAUSE, 0.5 * 2.0 ** min(self._failures - 1, 8)) * random.uniform(0.5, 1.0)
        if isinstance(error, RateLimited):
            wait = max(wait, error.retry_after or LONGEST_PAUSE)
        self._closing.wait(wait)


class Pulse(threading.Thread):
    """Says that the agent lives, every so many seconds."""

    def __init__(self, send: Send, session_key: str, seconds: float, now: Callable[[], tuple[str, str | None]]) -> None:
        super().__init__(name="missioncontrol-pulse", daemon=True)
        self._send, self._session_key, self._seconds, self._now = send, session_key, seconds, now
        self._closing = threading.Event()

    def run(self) -> None:
        while True:
            self._beat()
            if self._closing.wait(self._seconds):
                return

    def close(self) -> None:
        self._closing.set()

    def _beat(self) -> None:
        status, task_id = self._now()
        call = agents.heartbeat(status, current_task_id=task_id, session_key=self._session_key)  # type: ignore[arg-type]
        try:
            self._send(call)
        except MissionControlError as error:
            # One that is missed is no matter: the next one tells the same.
            (log.warning if isinstance(error, ApiError) else log.debug)("no heartbeat: %s (%s)", error, error.code)


def _safely(hear: Callable[[Any], None], what: Any) -> None:
    """A listener that fails must not end the listening."""
    try:
        hear(what)
    except Exception:
        log.exception("what came in could not be handled")
