"""The runner for blocking programs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from missioncontrol_client.client import MissionControl
from missioncontrol_client.errors import MissionControlError
from missioncontrol_client.watching import RunnerControl, RunnerMessage
from missioncontrol_client.wire import Caller

from .asking import Asking, Decision, asking
from .core import Core, Report
from .inbox import OnControl, OnMessage
from .sender import Send


class Runner(Core):
    """Runs an agent for Mission Control. Use it as a context manager, or `start` and `close` it.

    Its methods return at once and may be called from any thread; only `ask` waits. `on_message` and `on_control` are
    called in a thread of its own.
    """

    def __init__(
        self,
        client: MissionControl | Caller,
        *,
        on_message: OnMessage | None = None,
        on_control: OnControl | None = None,
        **options: Any,
    ) -> None:
        super().__init__(client.caller if isinstance(client, MissionControl) else client, **options)
        self.on_message, self.on_control = on_message, on_control

    def start(self) -> Self:
        self._begin()
        return self

    def close(self, seconds: float = 10.0) -> Report:
        """Send what is left, for so long at most, and say how it went."""
        return self._end(seconds)

    def ask(
        self, tool: str, input: Mapping[str, Any], *, tool_use_id: str | None = None, timeout: int = 300
    ) -> Decision:
        """Ask for permission to use a tool, and wait for the answer. No answer is a no."""
        with self._asked(tool, input, tool_use_id, timeout) as wish:
            return drive(asking(wish), self._client.send)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if isinstance(error, Exception):
            self.error(f"{type(error).__name__}: {error}")
        self.close()

    def _heard(self, message: RunnerMessage) -> None:
        if self.on_message is not None:
            self.on_message(message)

    def _ordered(self, control: RunnerControl) -> None:
        if self.on_control is not None:
            self.on_control(control)


def drive(steps: Asking, send: Send) -> Decision:
    """Make the calls of a conversation, one after the other."""
    answer: Any = None
    failure: MissionControlError | None = None
    while True:
        try:
            step = steps.throw(failure) if failure is not None else steps.send(answer)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        answer = failure = None
        try:
            if isinstance(step, float):
                time.sleep(step)
            else:
                answer = send(step)
        except MissionControlError as error:
            failure = error
