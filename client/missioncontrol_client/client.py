"""The blocking client."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar, cast

import httpx

from . import groups
from .calls.base import Call
from .config import load_settings
from .errors import MissionControlError
from .retry import Attempts, Retry
from .stream import SILENCE, Event, Tail
from .wire import Caller, refusal, result, stream_params, told_to_wait, trouble

T = TypeVar("T")


class MissionControl:
    """A client of `/api/v1`. Use it as a context manager, or close it."""

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
    def from_environment(cls, *, config: str | None = None, retry: Retry | None = None) -> MissionControl:
        """Configured as `mc` is: by the environment, then by the configuration file."""
        return cls.of(Caller.of(load_settings(config=config), retry))

    @classmethod
    def of(cls, caller: Caller) -> MissionControl:
        client = cls.__new__(cls)
        client._begin(caller)
        return client

    def _begin(self, caller: Caller) -> None:
        self.caller = caller
        self._http = httpx.Client(timeout=caller.timeout, verify=caller.verify)
        self.tasks = groups.Tasks(self)
        self.approvals = groups.Approvals(self)
        self.permissions = groups.Permissions(self)
        self.policy = groups.Policy(self)
        self.agents = groups.Agents(self)
        self.tokens = groups.Tokens(self)
        self.runs = groups.Runs(self)
        self.tool_calls = groups.ToolCalls(self)
        self.notifications = groups.Notifications(self)
        self.alerts = groups.Alerts(self)
        self.stats = groups.Stats(self)
        self.webhooks = groups.Webhooks(self)
        self.activity = groups.Activity(self)
        self.documents = groups.Documents(self)
        self.server = groups.Server(self)

    def send(self, call: Call[T]) -> T:
        """Make the call, as often as its failures are worth it."""
        ready, attempts = self.caller.ready(call), Attempts(self.caller.retry)
        while True:
            try:
                return cast(T, self._once(ready))
            except MissionControlError as error:
                wait = attempts.wait_after(error)
                if wait is None:
                    raise
                told_to_wait(error, wait)
            time.sleep(wait)

    def _once(self, call: Call[Any]) -> Any:
        began = time.monotonic()
        try:
            response = self._http.request(**self.caller.request(call))
        except httpx.RequestError as error:
            raise trouble(error, self.caller.api_url) from error
        return result(response, began)

    def events(
        self,
        *,
        types: str | Iterable[str] | None = None,
        agent: str | None = None,
        include: str | Iterable[str] | None = None,
        last_event_id: str | None = None,
    ) -> Iterator[Event]:
        """The live stream, without end: a lost connection is resumed after the last event that was seen."""
        params = stream_params(types=types, agent=agent, include=include)
        tail = Tail(self.caller.retry, last_event_id)
        while True:
            failure: MissionControlError | None = None
            try:
                yield from self._listen(tail, params)
            except httpx.RequestError as error:
                failure = trouble(error, self.caller.api_url)
            except MissionControlError as error:
                failure = error
            wait = tail.wait_after(failure)
            if failure is not None:
                told_to_wait(failure, wait)
            time.sleep(wait)

    def _listen(self, tail: Tail, params: dict[str, str]) -> Iterator[Event]:
        request = self.caller.stream_request(last_event_id=tail.last_event_id, params=params)
        patience = httpx.Timeout(self.caller.timeout, read=max(SILENCE, self.caller.timeout))
        with self._http.stream(**request, timeout=patience) as response:
            if not response.is_success:
                response.read()
                raise refusal(response)
            tail.opened()
            for chunk in response.iter_bytes():
                yield from tail.feed(chunk)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> MissionControl:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()
