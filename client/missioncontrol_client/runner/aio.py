"""The runner for asyncio."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self

from missioncontrol_client.aio import AsyncMissionControl
from missioncontrol_client.calls.base import Call
from missioncontrol_client.errors import MissionControlError
from missioncontrol_client.watching import RunnerControl, RunnerMessage
from missioncontrol_client.wire import Caller

from .asking import Asking, Decision, asking
from .core import Core, Report


class AsyncRunner(Core):
    """Runs an agent for Mission Control. Use it as an asynchronous context manager.

    What passes on what the agent says returns at once, as with `Runner`; `ask` and `close` are awaited. `on_message`
    and `on_control` may be coroutine functions; they are called in the event loop.
    """

    def __init__(
        self,
        client: AsyncMissionControl | Caller,
        *,
        on_message: Callable[[RunnerMessage], Any] | None = None,
        on_control: Callable[[RunnerControl], Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(client.caller if isinstance(client, AsyncMissionControl) else client, **options)
        self.on_message, self.on_control = on_message, on_control

    async def start(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._asking = AsyncMissionControl.of(self.caller)
        await asyncio.to_thread(self._begin)
        return self

    async def close(self, seconds: float = 10.0) -> Report:
        """Send what is left, for so long at most, and say how it went."""
        report = await asyncio.to_thread(self._end, seconds)
        await self._asking.close()
        return report

    async def ask(
        self, tool: str, input: Mapping[str, Any], *, tool_use_id: str | None = None, timeout: int = 300
    ) -> Decision:
        """Ask for permission to use a tool, and wait for the answer. No answer is a no."""
        with self._asked(tool, input, tool_use_id, timeout) as wish:
            return await drive(asking(wish), self._asking.send)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            self.error(f"{type(error).__name__}: {error}")
        await self.close()

    def _heard(self, message: RunnerMessage) -> None:
        self._call(self.on_message, message)

    def _ordered(self, control: RunnerControl) -> None:
        self._call(self.on_control, control)

    def _call(self, hear: Callable[[Any], Any] | None, what: Any) -> None:
        """In the loop, and to its end: the place in the inbox moves on once it has been heard."""
        if hear is None or self._loop.is_closed():
            return

        async def listen() -> None:
            found = hear(what)
            if inspect.isawaitable(found):
                await found

        asyncio.run_coroutine_threadsafe(listen(), self._loop).result()


async def drive(steps: Asking, send: Callable[[Call[Any]], Awaitable[Any]]) -> Decision:
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
                await asyncio.sleep(step)
            else:
                answer = await send(step)
        except MissionControlError as error:
            failure = error
