"""An endpoint that fails, hangs, resets and answers 500 at random, and writes down all it was sent."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook

from webhooks.signing import shared

MOODS = ("fine", "error", "hang", "reset", "vanish")
FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ERROR = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Heard:
    """What one path was sent: ids in the order in which they came first, and those that were answered with 200."""

    ids: list[str] = field(default_factory=list)
    accepted: set[str] = field(default_factory=set)
    moods: set[str] = field(default_factory=set)
    forged: list[str] = field(default_factory=list)
    requests: int = 0


class Chaos:
    """`with Chaos(seed) as chaos: chaos.secrets["/a"] = ...; chaos.heard["/a"].ids`."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.weights = (60, 20, 2, 12, 6)
        self.secrets: dict[str, str] = {}
        self.heard: defaultdict[str, Heard] = defaultdict(Heard)

    def calm(self) -> None:
        self.weights = (1, 0, 0, 0, 0)

    def __enter__(self) -> Chaos:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        return self

    def __exit__(self, *exc: object) -> None:
        self._run(self._hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _hang_up(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        path = first.split()[1]
        (mood,) = self.dice.choices(MOODS, self.weights)
        self._note(path, headers, body, mood)
        if mood == "reset":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        elif mood == "hang":
            await asyncio.sleep(30)
        elif mood != "vanish":
            writer.write(FINE if mood == "fine" else ERROR)
            await writer.drain()
        return mood in ("fine", "error")

    def _note(self, path: str, headers: dict[str, str], body: bytes, mood: str) -> None:
        heard, id = self.heard[path], headers["webhook-id"]
        heard.requests += 1
        heard.moods.add(mood)
        if id not in heard.ids:
            heard.ids.append(id)
        try:
            Webhook(shared(self.secrets[path])).verify(body, headers)
        except Exception:  # noqa: BLE001 - whatever the library finds wrong
            heard.forged.append(id)
        if mood == "fine":
            heard.accepted.add(id)
