"""A client of the control channel over a plain socket, and servers that have one."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self

import orjson

from tests.server import Server, free_port

PATIENCE = 20.0
Frame = dict[str, Any]


class Client:
    """Keeps everything that has come, in order."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.frames: list[Frame] = []
        self.ended = False
        self._rest = b""
        self._ids = itertools.count(1)

    def send(self, *lines: bytes | Frame, end: bytes = b"\n") -> None:
        self.socket.sendall(b"".join((line if isinstance(line, bytes) else orjson.dumps(line)) + end for line in lines))

    def ask(self, method: Any = "ping", params: Any = None, **more: Any) -> Frame:
        """Send a request and wait for its answer."""
        id = f"r{next(self._ids)}"
        frame = {"type": "request", "id": id, "method": method, **more}
        self.send({**frame, "params": params} if params is not None else frame)
        return self.answer(id)

    def answer(self, id: str) -> Frame:
        return self.wait(lambda frame: frame["type"] == "response" and frame["id"] == id)

    def wait(self, wanted: Callable[[Frame], Any], *, after: int = 0) -> Frame:
        """The first frame, from the `after`th on, that is wanted."""
        seen = after
        while True:
            for frame in self.frames[seen:]:
                if wanted(frame):
                    return frame
            seen = len(self.frames)
            assert not self.ended, f"in vain; this came: {self.frames}"
            self.read()

    def event(self, name: str, wanted: Callable[[Frame], Any] = bool, *, after: int = 0) -> Frame:
        def is_it(frame: Frame) -> Any:
            return frame["type"] == "event" and frame["event"] == name and wanted(frame["payload"])

        return dict(self.wait(is_it, after=after)["payload"])

    def read(self) -> None:
        try:
            piece = self.socket.recv(1 << 16)
        except ConnectionResetError:
            piece = b""
        self.ended = not piece
        *lines, self._rest = (self._rest + piece).split(b"\n")
        self.frames += [orjson.loads(line) for line in lines]

    def read_to_the_end(self) -> list[Frame]:
        while not self.ended:
            self.read()
        return self.frames

    @property
    def errors(self) -> list[tuple[str, str]]:
        return [(frame["id"], frame["error"]) for frame in self.frames if not frame.get("ok", True)]

    def close(self) -> None:
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@contextmanager
def connected(server: Server | int) -> Iterator[Client]:
    client = Client(server if isinstance(server, int) else port_of(server))
    try:
        yield client
    finally:
        client.close()


def port_of(server: Server) -> int:
    return int(server.environment["MC_CONTROL_PORT"])


class Channel(Server):
    """A control channel, with those other processes that are named; open when the block begins."""

    def __init__(self, *others: str, **environment: str) -> None:
        super().__init__(MC_CONTROL_CHANNEL="1", MC_CONTROL_PORT=str(free_port()), **environment)
        self.others = [*others, "control"]

    def __enter__(self) -> Self:
        self._begin_where_a_first_start_ends()
        try:
            for name in self.others:
                self.start(name)
            self.wait_until_open()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def wait_until_open(self, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while self.processes["control"].poll() is None and time.monotonic() < until:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port_of(self)), timeout=1).close()
                return
            time.sleep(0.05)
        raise RuntimeError(f"the control channel did not open:\n{(self.folder / 'control.log').read_text()[-3000:]}")
