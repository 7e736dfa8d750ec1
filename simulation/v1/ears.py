"""Everything the server says by itself while the scenario runs: its event stream, and its webhooks."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import orjson
from aiohttp import web

from simulation.client import Client
from simulation.frames import Frame
from simulation.streams import EventStream

from .agents.hands import Body
from .office import CannotPlay, Office

Heard = tuple[int, Body]
QUIET = 0.5


class Stream(EventStream):
    """Keeps every event with its id."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.kept: list[Heard] = []
        self.news = asyncio.Event()

    def take(self, frame: Frame) -> None:
        before = len(self.log.ids)
        super().take(frame)
        if frame.id is not None and len(self.log.ids) > before:
            self.kept.append((int(frame.id), orjson.loads(frame.data)))
            self.news.set()


class Receiver:
    """An endpoint for webhooks on this machine, which believes nothing that is not signed."""

    def __init__(self) -> None:
        self.secret = secrets.token_urlsafe(24)
        self.told: dict[str, Body] = {}
        self.forged = 0

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_post("/", self.take)
        self.runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.runner.cleanup()

    async def take(self, request: web.Request) -> web.Response:
        raw = await request.read()
        body = json.loads(raw)
        signature = body.pop("signature", "")
        canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        if signature != self._sign(canonical) or request.headers["X-MC-Signature"] != f"sha256={self._sign(raw)}":
            self.forged += 1
            return web.Response(status=400)
        # A delivery that was repeated has the same id.
        self.told[body["id"]] = body
        return web.Response(text="thanks")

    def _sign(self, message: bytes) -> str:
        return hmac.new(self.secret.encode(), message, hashlib.sha256).hexdigest()


class Ears:
    def __init__(self, office: Office) -> None:
        self.office = office
        self.stream = Stream(office.client)
        self.receiver = Receiver()
        self.webhook = ""

    async def __aenter__(self) -> Self:
        await self.receiver.__aenter__()
        self.listening = asyncio.create_task(self.stream.run())
        async with asyncio.timeout(10):
            await self.stream.connected.wait()
        # A server that may not call this machine is listened to by its stream alone.
        with suppress(CannotPlay):
            hook = {"url": self.receiver.url, "events": ["*"], "secret": self.receiver.secret}
            self.webhook = (await self.office.v1("POST", "/webhooks", hook))["webhook"]["id"]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.listening.cancel()
        await asyncio.gather(self.listening, return_exceptions=True)
        if self.webhook:
            with suppress(CannotPlay):
                await self.office.v1("DELETE", f"/webhooks/{self.webhook}")
        await self.receiver.__aexit__(kind, error, trace)

    async def hear_first(self, agent: str) -> None:
        """Webhooks tell of what happens once the worker looks for them: make something happen until one does."""
        for n in range(120):
            if self.receiver.told or not self.webhook:
                return
            await self.office.v1("PATCH", f"/agents/{agent}", {"metadata": {"rehearsal": n}})
            await asyncio.sleep(0.5)
        raise CannotPlay("No webhook arrives: does the worker run?")

    async def something_new(self) -> None:
        """Until the stream says something, or for a second."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stream.news.wait(), 1)
        self.stream.news.clear()
        await asyncio.sleep(QUIET)

    async def quiet(self) -> None:
        """Until nothing new has come for a while, on either way."""
        before: Any = None
        while before != (before := (len(self.stream.kept), len(self.receiver.told))):
            await asyncio.sleep(1.5)
