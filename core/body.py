"""A request's body, whole."""

from __future__ import annotations

from typing import Any

LARGEST = 10 * 1024 * 1024


async def read_body(receive: Any) -> bytes | None:
    """The body, cut off after 10 MiB as the contract has it; None when the client went away."""
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        piece = message.get("body", b"")
        if size < LARGEST:
            pieces.append(piece[: LARGEST - size])
        size += len(piece)
        if not message.get("more_body"):
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)
