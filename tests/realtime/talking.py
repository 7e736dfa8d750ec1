"""A client of the WebSocket, and a bare one for what no library sends."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

PATIENCE = 20.0
Frame = dict[str, Any]


class Client:
    """Everything that was heard stays in `frames`."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.frames: list[Frame] = []

    def say(self, **message: Any) -> None:
        self.connection.send(json.dumps(message))

    def say_raw(self, text: str | bytes) -> None:
        self.connection.send(text)

    def hear(self, seconds: float = PATIENCE) -> Frame:
        self.frames.append(json.loads(self.connection.recv(timeout=seconds)))
        return self.frames[-1]

    def hear_until(self, satisfied: Callable[[Frame], Any]) -> Frame:
        """The next frame that satisfies."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                frame = self.hear(until - time.monotonic())
            except TimeoutError:
                raise AssertionError(f"in vain; heard {self.frames[-5:]}") from None
            if satisfied(frame):
                return frame

    def hear_of(self, type: str, **fields: Any) -> Frame:
        """The next frame of this type, with these fields."""
        return self.hear_until(lambda frame: {**frame, **fields, "type": type} == frame)

    def heard_of(self, type: str, **fields: Any) -> Frame:
        """As `hear_of`, or one that was heard before."""
        known = (frame for frame in self.frames if {**frame, **fields, "type": type} == frame)
        return next(known, None) or self.hear_of(type, **fields)

    def answer_to(self, **message: Any) -> Frame:
        """What the server says to a message that is no event."""
        self.say(**message)
        return self.hear_until(lambda frame: "eventId" not in frame)

    @property
    def types(self) -> list[str]:
        return [frame["type"] for frame in self.frames]

    @property
    def ids(self) -> list[int]:
        return [frame["eventId"] for frame in self.frames if "eventId" in frame]

    def goodbye(self, seconds: float = PATIENCE) -> tuple[int, str]:
        """Code and reason with which the server closes."""
        until = time.monotonic() + seconds
        try:
            while True:
                self.hear(until - time.monotonic())
        except ConnectionClosed as closed:
            assert closed.rcvd is not None, "cut off without a close frame"
            return closed.rcvd.code, closed.rcvd.reason


@contextmanager
def talking(
    server: Any, path: str = "/ws", *, key: str | None = "", token: str = "", port: int = 0, **headers: str
) -> Iterator[Client]:
    """An open socket; `key=None` presents none, as does a token."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if key is not None and not token:
        given["x-api-key"] = key or server.key
    address = f"ws://127.0.0.1:{port or server.port}{path}" + (f"?token={token}" if token else "")
    with connect(address, additional_headers=given, proxy=None, compression=None, close_timeout=1) as connection:
        yield Client(connection)


def settled(client: Client) -> Client:
    """Subscribed to everything that is to come: the server has answered, so it listens."""
    client.say(type="unsubscribe", workspaceId="default")
    client.hear_of("unsubscribed")
    return client


class Bare:
    """A handshake and frames by hand; reads only when asked, and never answers pings."""

    def __init__(self, server: Any, path: str = "/ws", *, buffer: int = 0, **headers: str) -> None:
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", server.port))
        lines = [
            f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            f"x-api-key: {server.key}",
            *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        ]  # fmt: skip
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        while self.file.readline().strip():
            pass

    def send(self, payload: bytes, opcode: int = 0x1, *, fin: bool = True) -> None:
        mask = os.urandom(4)
        size = len(payload)
        length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + struct.pack("!H", size) if size < 65536 else (
            b"\xff" + struct.pack("!Q", size)
        )  # fmt: skip
        masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
        self.socket.sendall(bytes(((0x80 if fin else 0) | opcode,)) + length + mask + masked)

    def read(self) -> tuple[int, bytes]:
        """(opcode, payload); (8, b"") at the end of the connection."""
        head = self.file.read(2)
        if len(head) < 2:
            return 8, b""
        size = head[1] & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self.file.read(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self.file.read(8))
        return head[0] & 0x0F, self.file.read(size)

    def close_code(self) -> int:
        """Reads on until the server closes; 0 when it just hangs up."""
        while True:
            opcode, payload = self.read()
            if opcode == 8:
                return int.from_bytes(payload[:2], "big")

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@contextmanager
def bare(server: Any, path: str = "/ws", **rest: Any) -> Iterator[Bare]:
    client = Bare(server, path, **rest)
    try:
        yield client
    finally:
        client.close()
