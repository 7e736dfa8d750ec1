"""A reverse proxy as small as a test needs: each request goes to the next web process that takes connections."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

LARGEST_HEAD = 1 << 20
PIECE = 1 << 16
BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
# Of the connection, not of the request; and one request a connection is enough here.
HOP_BY_HOP = (b"connection:", b"keep-alive:")


class Proxy:
    """Passes on every piece as it comes. What was sent to a web process is never sent to a second one."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.ports = ports
        self.served: Counter[int] = Counter()
        self.refused = self.broken = 0
        self._turn = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._begin, "127.0.0.1", 0, limit=LARGEST_HEAD, backlog=1024)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # What was closed lets go of its socket in the next turns of the loop.
        await asyncio.sleep(0.1)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _request(reader)
            backend = await self._connect()
            if backend is None:
                writer.write(BAD_GATEWAY)
            else:
                await self._exchange(request, backend, reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """To the next in turn, or to those behind it where nobody listens."""
        for _ in self.ports:
            port = self.ports[self._turn % len(self.ports)]
            self._turn += 1
            try:
                connected = await asyncio.open_connection("127.0.0.1", port, limit=LARGEST_HEAD)
            except OSError:
                self.refused += 1
                continue
            self.served[port] += 1
            return connected
        return None

    async def _exchange(
        self,
        request: bytes,
        backend: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        answers, questions = backend
        gone = asyncio.create_task(reader.read(1))
        passing = asyncio.create_task(self._pass_on(answers, writer))
        try:
            questions.write(request)
            await asyncio.wait({gone, passing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            questions.close()
            for task in (gone, passing):
                task.cancel()
            await asyncio.gather(gone, passing, return_exceptions=True)

    async def _pass_on(self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = False
        with contextlib.suppress(OSError):
            while piece := await answers.read(PIECE):
                said = True
                writer.write(piece)
                await writer.drain()
        if not said:
            self.broken += 1
            writer.write(BAD_GATEWAY)


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head[:-4].split(b"\r\n")
    length = next((line.partition(b":")[2] for line in lines if line.lower().startswith(b"content-length:")), b"0")
    body = await reader.readexactly(int(length))
    kept = [line for line in lines if not line.lower().startswith(HOP_BY_HOP)]
    return b"\r\n".join([first, *kept, b"Connection: close", b"", body])
