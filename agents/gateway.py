"""The way to agents' sessions that run behind a gateway."""

from __future__ import annotations

from core.errors import Unavailable


class GatewayUnavailable(Unavailable):
    """Nothing was sent: no gateway is connected, or it did not answer."""


def send(session_key: str, text: str) -> str:
    """Hand `text` to the session and return what the gateway says. No gateway can be connected to this server yet."""
    raise GatewayUnavailable("No gateway is connected to this server")
