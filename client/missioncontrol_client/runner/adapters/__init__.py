"""Formats in which agents write their output. Another one is a file here and a row of `ADAPTERS`."""

from __future__ import annotations

from .auto import Auto
from .base import Adapter
from .stream_json import StreamJson
from .text import Text

ADAPTERS: dict[str, type[Adapter]] = {"auto": Auto, "stream-json": StreamJson, "text": Text}
