"""The control channel of a server on this machine: one JSON object a line, over TCP."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from types import TracebackType
from typing import Any, cast

from .errors import ConfigError, MissionControlError, NetworkError, RequestTimeout

HOST, PORT = "127.0.0.1", 18789
PLACE = "of the control channel"
# Seconds of silence after which to say something: the server hangs up on who says nothing for 15 minutes.
STAYS_OPEN = 300.0


class ControlError(MissionControlError):
    """The channel refused."""

    code = "CONTROL_CHANNEL"


class ControlChannel:
    """`with ControlChannel.of_environment() as channel: channel.ask("health")`."""

    def __init__(self, host: str = HOST, port: int = PORT, *, token: str = "", timeout: float = 15.0) -> None:
        self._token = {"token": token} if token else {}
        try:
            self._socket = socket.create_connection((host, port), timeout=timeout)
        except TimeoutError:
            raise RequestTimeout(f"no answer {PLACE} at {host}:{port}") from None
        except (OSError, OverflowError) as error:
            why = f"is MC_CONTROL_CHANNEL set there? ({error})"
            raise NetworkError(f"no control channel at {host}:{port}: {why}") from None
        self._rest = b""

    @classmethod
    def of_environment(cls, *, timeout: float = 15.0) -> ControlChannel:
        try:
            port = int(os.environ.get("MC_CONTROL_PORT") or PORT)
        except ValueError:
            raise ConfigError("MC_CONTROL_PORT is no number") from None
        host, token = os.environ.get("MC_CONTROL_HOST") or HOST, os.environ.get("MC_CONTROL_TOKEN") or ""
        return cls(host, port, token=token, timeout=timeout)

    def __enter__(self) -> ControlChannel:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def ask(self, method: str, **params: Any) -> dict[str, Any] | None:
        """The payload of the answer. Raises ControlError when the channel refuses."""
        self._send(method, params)
        for told in self._frames():
            if _is_answer(told):
                return cast("dict[str, Any] | None", told.get("payload"))
        raise NetworkError(f"the connection {PLACE} was closed")

    def events(self) -> Iterator[dict[str, Any]]:
        """What is told, as it happens: `event` and `payload`. Ends when the server does."""
        self._send("ping", {})
        self._socket.settimeout(STAYS_OPEN)
        for told in self._frames(keeps_asking=True):
            if not _is_answer(told):
                yield told

    def _send(self, method: str, params: dict[str, Any]) -> None:
        frame = {
            "type": "request",
            "id": "1",
            "method": method,
            **self._token,
            **({"params": params} if params else {}),
        }
        try:
            self._socket.sendall(json.dumps(frame).encode() + b"\n")
        except OSError as error:
            raise NetworkError(f"the connection {PLACE} broke: {error}") from None

    def _frames(self, *, keeps_asking: bool = False) -> Iterator[dict[str, Any]]:
        while line := self._line(keeps_asking):
            try:
                told = json.loads(line)
            except ValueError:
                raise NetworkError("whoever listens there is no control channel") from None
            if isinstance(told, dict):
                yield told

    def _line(self, keeps_asking: bool) -> bytes:
        while b"\n" not in self._rest:
            try:
                piece = self._socket.recv(1 << 16)
            except TimeoutError:
                if not keeps_asking:
                    raise RequestTimeout(f"no answer {PLACE}") from None
                self._send("ping", {})
                continue
            except OSError as error:
                raise NetworkError(f"the connection {PLACE} broke: {error}") from None
            if not piece:
                return b""
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line


def _is_answer(told: dict[str, Any]) -> bool:
    if told.get("type") != "response":
        return False
    if not told.get("ok"):
        raise ControlError(str(told.get("error")))
    return True
