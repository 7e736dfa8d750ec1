"""What comes in: lines of bounded length, the requests in them, and the sight of somebody who speaks HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

CAP = 65_536
LONGEST_ID = 128
# A web page can make a browser send such a line to any port; what it puts behind it must never be obeyed.
HTTP = re.compile(rb"\s*(?:(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|CONNECT|PRI) |[A-Za-z]{1,32} \S* HTTP/)")
LONGEST_METHOD = len(b"OPTIONS ")


class LineTooLong(Exception):
    pass


class SpeaksHttp(Exception):
    pass


class Unparsable(Exception):
    """Not JSON, or not an object; says which in a few words."""


class UnknownMethod(Exception):
    pass


class InvalidParams(Exception):
    """Says what is wrong with them."""


class Unsupported(Exception):
    """An object that is no request; `id` is what it called itself, where that can be told back."""

    def __init__(self, id: str) -> None:
        super().__init__("unsupported frame")
        self.id = id


@dataclass(frozen=True, slots=True)
class Request:
    """`params` and `token` are as they came: of any type."""

    id: str
    method: Any
    params: Any
    token: Any


class Lines:
    """Cuts a stream of bytes into lines, without their ends and without blank ones."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._looked = 0

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Raises LineTooLong or SpeaksHttp after the lines that came before."""
        self._rest += piece
        while (end := self._rest.find(b"\n", self._looked)) >= 0:
            line = bytes(self._rest[:end]).removesuffix(b"\r")
            del self._rest[: end + 1]
            self._looked = 0
            if HTTP.match(line):
                raise SpeaksHttp
            if len(line) > CAP:
                raise LineTooLong
            if line.strip():
                yield line
        self._looked = len(self._rest)
        if HTTP.match(self._rest[: 2 * LONGEST_METHOD]):
            raise SpeaksHttp
        # One more may be the first half of the line's end.
        if len(self._rest) > CAP + 1:
            raise LineTooLong


def parse(line: bytes) -> Request:
    try:
        frame = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Unparsable(str(error).partition(":")[0][:80]) from None
    if not isinstance(frame, dict):
        raise Unparsable("not an object")
    given = frame.get("id")
    id = given if isinstance(given, str) and len(given) <= LONGEST_ID else ""
    if frame.get("type") != "request" or not id:
        raise Unsupported(id)
    return Request(id, frame.get("method"), frame.get("params"), frame.get("token"))
