"""What clients of the control channel may ask for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from django.utils import timezone

from accounts.services import open_default_workspace
from core.actors import system
from system.services.heartbeats import set_heartbeats

from .framing import InvalidParams, UnknownMethod
from .snapshot import Probes, Snapshot

ACTOR = "control-channel"
Payload = dict[str, Any]


class Methods:
    """`last_heartbeat` is asked for the payload of the newest heartbeat that was told."""

    def __init__(self, probes: Probes, last_heartbeat: Callable[[], Payload | None]) -> None:
        self._probes = probes
        self._snapshot = Snapshot(probes)
        self._last_heartbeat = last_heartbeat
        # What is switched twice ends as it was switched last.
        self._switching = asyncio.Lock()
        self._methods: dict[str, Callable[[Payload], Awaitable[Payload | None]]] = {
            "ping": self._ping,
            "health": self._health,
            "status": self._status,
            "last-heartbeat": self._last,
            "set-heartbeats": self._set_heartbeats,
        }

    async def answer(self, method: Any, params: Any) -> Payload | None:
        found = self._methods.get(method) if isinstance(method, str) else None
        if found is None:
            raise UnknownMethod
        if params is not None and not isinstance(params, dict):
            raise InvalidParams("params must be an object")
        return await found(params or {})

    async def _ping(self, params: Payload) -> Payload:
        return {"pong": True, "ts": int(time.time() * 1000)}

    async def _health(self, params: Payload) -> Payload:
        return await self._snapshot.health()

    async def _status(self, params: Payload) -> Payload:
        return await self._snapshot.status()

    async def _last(self, params: Payload) -> Payload | None:
        return self._last_heartbeat()

    async def _set_heartbeats(self, params: Payload) -> Payload:
        enabled = params.get("enabled")
        if not isinstance(enabled, bool):
            raise InvalidParams("enabled must be a boolean")
        async with self._switching:
            await self._probes.run(lambda: _switch(enabled))
        self._snapshot.forget()
        return {"ok": True, "enabled": enabled}


def _switch(on: bool) -> None:
    set_heartbeats(on=on, actor=system(open_default_workspace().pk, ACTOR), now=timezone.now())
