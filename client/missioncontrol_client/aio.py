"""The asynchronous client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any, TypeVar, cast

import httpx

from . import aio_groups as groups
from .calls.base import Call
from .config import load_settings
from .errors import MissionControlError
from .retry import Attempts, Retry
from .stream import SILENCE, Event, Tail
from .wire import Caller, refusal, result, stream_params, told_to_wait, trouble

T = TypeVar("T")


class AsyncMissionControl:
    """A client of `/api/v1` for asyncio. Use it as a context manager, or close it."""

    def __init__(
        self,
        api_url: str,
        token: str | None = None,
        *,
        agent_id: str | None = None,
        admin_token: str | None = None,
        session_key: str | None = None,
        timeout: float = 30.0,
        retry: Retry | None = None,
    ) -> None:
        retry = retry or Retry()
        self._begin(Caller(api_url, token, agent_id, admin_token, session_key, timeout, retry))

    @classmethod
    def from_environment(cls, *, config: str | None = None, retry: Retry | None = None) -> AsyncMissionControl:
        """Configured as `mc` is: by the environment, then by the configuration file."""
        return cls.of(Caller.of(load_settings(config=config), retry))

    @classmethod
    def of(cls, caller: Caller) -> AsyncMissionControl:
        client = cls.__new__(cls)
        client._begin(caller)
        return client

    def _begin(self, caller: Caller) -> None:
        self.caller = caller
        self._http = httpx.AsyncClient(timeout=caller.timeout, verify=caller.verify)
        self.tasks = groups.AsyncTasks(self)
        self.approvals = groups.AsyncApprovals(self)
        self.permissions = groups.AsyncPermissions(self)
        self.policy = groups.AsyncPolicy(self)
        self.agents = groups.AsyncAgents(self)
        self.tokens = groups.AsyncTokens(self)
        self.runs = groups.AsyncRuns(self)
        self.tool_calls = groups.AsyncToolCalls(self)
        self.notifications = groups.AsyncNotifications(self)
        self.alerts = groups.AsyncAlerts(self)
        self.stats = groups.AsyncStats(self)
        self.webhooks = groups.AsyncWebhooks(self)
        self.activity = groups.AsyncActivity(self)
        self.documents = groups.AsyncDocuments(self)
        self.server = groups.AsyncServer(self)

    async def send(self, call: Call[T]) -> T:
        """Make the call, as often as its failures are worth it."""
        ready, attempts = self.caller.ready(call), Attempts(self.caller.retry)
        while True:
            try:
                return cast(T, await self._once(ready))
            except MissionControlError as error:
                wait = attempts.wait_after(error)
                if wait is None:
                    raise
                told_to_wait(error, wait)
            await asyncio.sleep(wait)

    async def _once(self, call: Call[Any]) -> Any:
        began = time.monotonic()
        try:
            response = await self._http.request(**self.caller.request(call))
        except httpx.RequestError as error:
            raise trouble(error, self.caller.api_url) from error
        return result(response, began)

    async def events(
        self,
        *,
        types: str | Iterable[str] | None = None,
        agent: str | None = None,
        include: str | Iterable[str] | None = None,
        last_event_id: str | None = None,
    ) -> AsyncGenerator[Event, None]:
        """The live stream, without end: a lost connection is resumed after the last event that was seen."""
        params = stream_params(types=types, agent=agent, include=include)
        tail = Tail(self.caller.retry, last_event_id)
        while True:
            failure: MissionControlError | None = None
            try:
                async with aclosing(self._listen(tail, params)) as heard:
                    async for event in heard:
                        yield event
            except httpx.RequestError as error:
                failure = trouble(error, self.caller.api_url)
            except MissionControlError as error:
                failure = error
            wait = tail.wait_after(failure)
            if failure is not None:
                told_to_wait(failure, wait)
            await asyncio.sleep(wait)

    async def _listen(self, tail: Tail, params: dict[str, str]) -> AsyncGenerator[Event, None]:
        request = self.caller.stream_request(last_event_id=tail.last_event_id, params=params)
        patience = httpx.Timeout(self.caller.timeout, read=max(SILENCE, self.caller.timeout))
        async with self._http.stream(**request, timeout=patience) as response:
            if not response.is_success:
                await response.aread()
                raise refusal(response)
            tail.opened()
            async for chunk in response.aiter_bytes():
                for event in tail.feed(chunk):
                    yield event

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> AsyncMissionControl:
        return self

    async def __aexit__(self, *unused: object) -> None:
        await self.close()
