"""JSON of rows that were encoded before: of a list that changed, most rows have not."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import orjson

LARGEST = 4 * 1024 * 1024
# Of a key with some thirty columns, besides its texts.
OVERHEAD = 1500


class Remembered(dict[Hashable, orjson.Fragment]):
    """From everything that an encoding depends on to the encoding: `encode` must look at nothing else.

    Holds about 4 MiB, and then starts over.
    """

    def __init__(self, encode: Callable[[Any], Any]) -> None:
        super().__init__()
        self._encode = encode
        self._size = 0

    def __missing__(self, key: Hashable) -> orjson.Fragment:
        text = orjson.dumps(self._encode(key))
        encoded = orjson.Fragment(text)
        size = 2 * len(text) + OVERHEAD
        if size <= LARGEST:
            self._keep(key, encoded, size)
        return encoded

    def _keep(self, key: Hashable, encoded: orjson.Fragment, size: int) -> None:
        if self._size + size > LARGEST:
            self.clear()
            self._size = 0
        self._size += size
        self[key] = encoded
