"""What only a gateway can do: reach sessions that run elsewhere, and start new ones. None is connected to this server,
so each of these says so; the callers pass that on in the words of their dialect."""

from __future__ import annotations

from typing import NoReturn

from core.errors import Unavailable

NOT_CONNECTED = "No gateway is connected to this server"


def control(*, session: str, action: str) -> NoReturn:
    raise Unavailable(f"{NOT_CONNECTED}: {action} did not reach session {session}")


def deliver(recipient: str, session_key: str | None, text: str) -> NoReturn:
    raise Unavailable(f"{NOT_CONNECTED}: nothing was sent to {session_key or recipient}")


def spawn(*, label: str) -> NoReturn:
    raise Unavailable(f"{NOT_CONNECTED}: {label} was not started")


def resume(*, kind: str) -> NoReturn:
    raise Unavailable(f"This server has no {kind} to continue the session with")
