"""A keep-alive HTTP/1.1 connection that costs little, so that the driver is not what is measured."""

from __future__ import annotations

import asyncio
import json
import socket
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


class NotServed(Exception):
    """The server did not come up, or gave an answer that cannot count."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go, and with which credentials."""

    url: str
    headers: dict[str, str]

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 80

    def request(self, method: str, path: str, body: Any = None) -> bytes:
        """The bytes of one request."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        data = b"" if body is None else json.dumps(body).encode()
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
        return "\r\n".join([*lines, "", ""]).encode() + data


@dataclass(slots=True)
class Wire:
    target: Target
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = field(default=None)

    async def send(self, raw: bytes) -> tuple[int, bytes]:
        """One request; a connection that the server closed while it was idle is opened again once."""
        if self.writer is not None:
            try:
                return await self._exchange(raw)
            except (ConnectionError, asyncio.IncompleteReadError):
                self.close()
        self.reader, self.writer = await asyncio.open_connection(self.target.host, self.target.port, limit=1 << 24)
        return await self._exchange(raw)

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer; anything but 2xx is an error."""
        status, data = await self.send(self.target.request(method, path, body))
        if not 200 <= status < 300:
            raise NotServed(f"{method} {path} answered {status}: {data[:200].decode('utf-8', 'replace')}")
        return json.loads(data) if data else None

    async def _exchange(self, raw: bytes) -> tuple[int, bytes]:
        assert self.reader and self.writer
        self.writer.write(raw)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        body = await self._body(head)
        if b"connection: close" in head:
            self.close()
        return int(head[9:12]), body

    async def _body(self, head: bytes) -> bytes:
        assert self.reader
        _, found, rest = head.partition(b"content-length:")
        if found:
            return await self.reader.readexactly(int(rest.partition(b"\r\n")[0]))
        if b"transfer-encoding: chunked" not in head:
            return b""
        parts = []
        while size := int((await self.reader.readuntil(b"\r\n")).partition(b";")[0], 16):
            parts.append((await self.reader.readexactly(size + 2))[:-2])
        await self.reader.readexactly(2)
        return b"".join(parts)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_answered(url: str, headers: dict[str, str], *, patience: float) -> None:
    """Return at the first 2xx; ask again every 20 ms until then."""
    end, last = time.monotonic() + patience, "no answer"
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5):
                return
        except urllib.error.HTTPError as error:
            last = f"status {error.code}"
        except OSError as error:
            last = str(error)
        time.sleep(0.02)
    raise NotServed(f"{url} gave no good answer within {patience:g} s ({last})")
