"""Files that grow by lines, read on from where one was: a torn last line waits for its end, a line of absurd length is
passed over, and a file that was cut off or replaced is read from its beginning."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

CHUNK = 1024 * 1024
LONGEST_LINE = 8 * 1024 * 1024
FINGERPRINT = 512


@dataclass(slots=True)
class Position:
    """How far a file was read, in bytes."""

    offset: int = 0
    is_skipping: bool = False
    fingerprinted: int = 0
    beginning: str = ""

    def is_of(self, file: int, size: int) -> bool:
        """Whether the file is still the one that was read, and has only grown."""
        return size >= self.offset and self.beginning == _digest(file, self.fingerprinted)

    def note_beginning(self, file: int) -> None:
        self.fingerprinted = min(self.offset, FINGERPRINT)
        self.beginning = _digest(file, self.fingerprinted)


def lines_after(file: int, position: Position) -> Iterator[bytes]:
    """The whole lines that follow, without their ends; `position` moves with each."""
    waiting, at = b"", position.offset
    while chunk := os.pread(file, CHUNK, at):
        at += len(chunk)
        *lines, waiting = (waiting + chunk).split(b"\n")
        for line in lines:
            position.offset += len(line) + 1
            if position.is_skipping:
                position.is_skipping = False
            else:
                yield line
        if len(waiting) > LONGEST_LINE or (position.is_skipping and waiting):
            position.offset += len(waiting)
            position.is_skipping, waiting = True, b""
    position.note_beginning(file)


def _digest(file: int, size: int) -> str:
    return hashlib.sha256(os.pread(file, size, 0)).hexdigest() if size else ""
