"""A listener on the event stream over a plain socket, so that tests see every byte."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self

import orjson

from simulation.frames import Frame, Parser

PATIENCE = 20.0


class Listener:
    """Reads in a thread until closed; `headers` and `body` hold what has come."""

    def __init__(self, port: int, path: str = "/api/events", *, method: str = "GET", **headers: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers = dict(self._read_headers())
        self.body = bytearray()
        self.ended = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read_headers(self) -> Iterator[tuple[str, str]]:
        while line := self._file.readline().strip():
            name, _, value = line.decode().partition(":")
            yield name.lower(), value.strip()

    def _read(self) -> None:
        try:
            if "content-length" in self.headers:
                self._add(self._file.read(int(self.headers["content-length"])))
            else:
                while size := int(self._file.readline().strip() or b"0", 16):
                    self._add(self._file.read(size))
                    self._file.readline()
        except (OSError, ValueError):
            pass
        with self._news:
            self.ended = True
            self._news.notify_all()

    def _add(self, piece: bytes) -> None:
        with self._news:
            self.body += piece
            self._news.notify_all()

    @property
    def frames(self) -> list[Frame]:
        return list(Parser().feed(bytes(self.body)))

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [orjson.loads(frame.data) for frame in self.frames if frame.data]

    @property
    def types(self) -> list[str]:
        return [message["type"] for message in self.messages]

    @property
    def ids(self) -> list[int]:
        return [int(frame.id) for frame in self.frames if frame.id]

    def titles(self) -> list[str]:
        """Of the tasks whose creation was told, in order."""
        return [message["data"]["title"] for message in self.messages if message["type"] == "task.created"]

    def wait_until(self, satisfied: Callable[[Self], Any], *, seconds: float = PATIENCE) -> Self:
        until = time.monotonic() + seconds
        with self._news:
            while not satisfied(self):
                left = until - time.monotonic()
                assert left > 0, f"in vain; the stream has ended: {self.ended}, and said ...{bytes(self.body[-600:])!r}"
                self._news.wait(min(left, 0.5))
        return self

    def wait_for_title(self, title: str) -> Self:
        told = orjson.dumps(title)
        return self.wait_until(lambda stream: told in stream.body and title in stream.titles())

    def wait_for_end(self) -> Self:
        return self.wait_until(lambda stream: stream.ended)

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)
        self._file.close()
        self._socket.close()


@contextmanager
def listening(server: Any, path: str = "/api/events", *, key: str | None = "", **headers: str) -> Iterator[Listener]:
    """A stream that is connected when the block begins; `key=None` presents none."""
    if key is not None:
        headers["x_api_key"] = key or server.key
    stream = Listener(server.port, path, **headers)
    try:
        if stream.status == 200 and headers.get("method") != "HEAD":
            stream.wait_until(lambda stream: b'"connected"' in stream.body)
        yield stream
    finally:
        stream.close()
