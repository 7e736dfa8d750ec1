"""Input that no client means: seeded, so that what broke something can be sent again."""

from __future__ import annotations

import os
import random
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson

from tests.realtime.talking import Bare
from tests.server import Server

WORDS = [
    "type", "id", "method", "params", "token", "request", "ping", "health", "set-heartbeats", "enabled", "subscribe",
    "unsubscribe", "permission_response", "workspaceId", "default", "ws_1", "since", "include", "domain", "requestId",
    "perm_1", "approved", "updatedInput", "last-heartbeat", "status",
]  # fmt: skip
NUMBERS = [
    b"0",
    b"-1",
    b"1e400",
    b"-1e400",
    b"9" * 5000,
    b"9223372036854775808",
    b"-0.0",
    b"1E-999",
    b"NaN",
    b"Infinity",
]
TEXTS = [
    b'"\\ud800"',
    b'"\\u0000"',
    b'"\xff\xfe"',
    b'"\xc0\xaf"',
    b'"' + b"x" * 3000 + b'"',
    '"\u202e\U0001f600"'.encode(),
]
DEEP = [
    b"[" * 30_000,
    b'{"a":' * 8_000,
    b"[" * 900 + b"]" * 900,
    b'{"type":"request","id":"1","params":' + b"[" * 20_000,
]
OPCODES = [0x0, 0x1, 0x1, 0x1, 0x2, 0x3, 0x8, 0x9, 0xA, 0xF]

Dice = random.Random


def junk(dice: Dice) -> bytes:
    return dice.randbytes(dice.choice((0, 1, 2, 7, 100, 3_000, 70_000)))


def value(dice: Dice, depth: int = 0) -> bytes:
    kind = dice.randrange(8)
    if kind == 0:
        return dice.choice(NUMBERS)
    if kind == 1:
        return dice.choice(TEXTS)
    if kind == 2 and depth < 3:
        return b"[" + b",".join(value(dice, depth + 1) for _ in range(dice.randrange(4))) + b"]"
    if kind == 3 and depth < 3:
        return object_of(dice, depth + 1)
    return orjson.dumps(dice.choice([*WORDS, True, False, None, 7]))


def object_of(dice: Dice, depth: int = 0) -> bytes:
    pairs = (orjson.dumps(dice.choice(WORDS)) + b":" + value(dice, depth) for _ in range(dice.randrange(1, 6)))
    return b"{" + b",".join(pairs) + b"}"


def mutated(dice: Dice, sound: bytes) -> bytes:
    piece = bytearray(sound)
    for _ in range(dice.randrange(1, 6)):
        place = dice.randrange(len(piece) + 1)
        piece[place : place + dice.randrange(4)] = dice.randbytes(dice.randrange(4))
    return bytes(piece)


def message(dice: Dice, sound: list[dict[str, Any]]) -> bytes:
    meant = orjson.dumps(dice.choice(sound))
    return dice.choice(
        (
            lambda: junk(dice),
            lambda: meant,
            lambda: mutated(dice, meant),
            lambda: meant[: dice.randrange(len(meant))],
            lambda: object_of(dice),
            lambda: value(dice),
            lambda: dice.choice(DEEP),
        )
    )()


def line(dice: Dice, sound: list[dict[str, Any]]) -> bytes:
    return message(dice, sound) + dice.choice((b"\n", b"\n", b"\n", b"\r\n", b"", b"\n\n", b"\x00\n"))


def frame(dice: Dice, sound: list[dict[str, Any]]) -> bytes:
    """A frame of the WebSocket, with anything wrong that there can be."""
    payload = message(dice, sound)
    head = dice.choice((0x80, 0x80, 0x80, 0x00, 0xF0)) | dice.choice(OPCODES)
    is_masked = dice.random() < 0.9
    claimed = len(payload) if dice.random() < 0.9 else dice.choice((0, 125, 65_536, 1 << 40, (1 << 64) - 1))
    flag = 0x80 if is_masked else 0
    size = (
        bytes([flag | claimed]) if claimed < 126 else bytes([flag | 126]) + struct.pack("!H", claimed)
        if claimed < 65_536 else bytes([flag | 127]) + struct.pack("!Q", claimed)
    )  # fmt: skip
    mask = dice.randbytes(4) if is_masked else b""
    if is_masked:
        pad = (mask * (len(payload) // 4 + 1))[: len(payload)]
        payload = (int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")).to_bytes(len(payload), "big")
    return bytes([head]) + size + mask + payload


def handshake(dice: Dice, token: str) -> bytes:
    """To open a WebSocket, more or less."""
    lines = [
        dice.choice(("GET", "POST", "get", "")) + f" {dice.choice(('/ws', '/', '/ws/x', '//'))}?token={token}"
        + dice.choice(("", "&token=" + token, "%ff", "&" * 2000)) + dice.choice((" HTTP/1.1", " HTTP/9.9", "")),
        "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Version: " + dice.choice(("13", "8", "-1", "x")),
        "Sec-WebSocket-Key: " + dice.choice(("AAAAAAAAAAAAAAAAAAAAAA==", "short", "")),
        "Sec-WebSocket-Extensions: " + dice.choice(("permessage-deflate", "x" * 500, "\x01")),
        "Authorization: Bearer " + dice.choice(("mc_agt_" + token, "\x7f", "x" * 9000)),
    ]  # fmt: skip
    rest = lines[1:]
    dice.shuffle(rest)
    return "\r\n".join([lines[0], *rest[: dice.randrange(len(rest) + 3)], "", ""]).encode("latin-1")


def throw(port: int, pieces: list[bytes], dice: Dice, *, is_rude: bool) -> None:
    """Connect, send, read a little, and leave: with a reset where it is rude."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client, suppress(OSError):
        if is_rude:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for piece in pieces:
            client.sendall(piece)
            if dice.random() < 0.2:
                client.settimeout(0.02)
                with suppress(TimeoutError):
                    client.recv(1 << 16)
                client.settimeout(5)


def against_control(port: int, sound: list[dict[str, Any]]) -> Callable[[Dice], None]:
    def one(dice: Dice) -> None:
        pieces = [line(dice, sound) for _ in range(dice.randrange(1, 12))]
        throw(port, pieces, dice, is_rude=dice.random() < 0.5)

    return one


def against_socket(server: Server, sound: list[dict[str, Any]], token: str) -> Callable[[Dice], None]:
    def one(dice: Dice) -> None:
        if dice.random() < 0.3:
            pieces = [handshake(dice, token), *(frame(dice, sound) for _ in range(dice.randrange(3)))]
            return throw(server.port, pieces, dice, is_rude=dice.random() < 0.5)
        client = Bare(server)
        with suppress(OSError):
            for _ in range(dice.randrange(1, 15)):
                if dice.random() < 0.5:
                    client.send(message(dice, sound)[:3_000])
                else:
                    client.socket.sendall(frame(dice, sound))
        client.close()

    return one


def seconds() -> float:
    """How long one of these goes on; the tests of every day are content with little."""
    return float(os.environ.get("MC_TEST_FUZZ_SECONDS", "3"))
