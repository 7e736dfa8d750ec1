"""Calls as HTTP requests and HTTP answers as results: what both clients share."""

from __future__ import annotations

import json
import logging
import ssl
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from . import __version__
from .calls.base import Call
from .config import Settings
from .errors import ApiError, ConfigError, MissionControlError, NetworkError, RequestTimeout, error_for
from .retry import Retry

log = logging.getLogger("missioncontrol_client")


@dataclass(frozen=True, slots=True, repr=False)
class Caller:
    """Who calls, and where."""

    api_url: str
    token: str | None = None
    agent_id: str | None = None
    admin_token: str | None = None
    session_key: str | None = None
    timeout: float = 30.0
    retry: Retry = Retry()
    # What makes the calls, as the server is told.
    program: str = ""

    def __post_init__(self) -> None:
        try:
            url = httpx.URL(self.api_url)
        except httpx.InvalidURL as error:
            raise ConfigError(f"{self.api_url!r} is no URL: {error}") from error
        if url.scheme not in ("http", "https") or not url.host:
            raise ConfigError(f"the API URL must look like http://host:port, not {self.api_url!r}")

    @classmethod
    def of(cls, settings: Settings, retry: Retry | None = None) -> Caller:
        return cls(
            api_url=settings.api_url,
            token=settings.token,
            agent_id=settings.agent_id,
            admin_token=settings.admin_token,
            session_key=settings.session_key,
            timeout=settings.timeout_ms / 1000,
            retry=retry or Retry(),
        )

    @property
    def verify(self) -> ssl.SSLContext | bool:
        # Loading the certificates takes longer than a request, and plain HTTP has no use for them. Without any, a TLS
        # connection would be refused, never trusted.
        return self.api_url.startswith("https:") or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    def ready(self, call: Call[Any]) -> Call[Any]:
        """The call with everything filled in: the same for every try, its idempotency key first of all."""
        call = call.by(self.agent_id, self.session_key)
        if call.method in ("POST", "PATCH") and call.idempotency_key is None and not call.repeatable:
            call = replace(call, idempotency_key=str(uuid.uuid4()))
        return call

    def request(self, call: Call[Any]) -> dict[str, Any]:
        """The arguments of httpx's `request`."""
        headers = self._headers(self.admin_token or self.token if call.admin else self.token or self.admin_token)
        content = None
        if call.body is not None:
            content = json.dumps(call.body, allow_nan=False).encode()
            headers["Content-Type"] = "application/json; charset=utf-8"
        if call.idempotency_key is not None:
            headers["X-Idempotency-Key"] = _printable(call.idempotency_key)
        url = f"{self.api_url.rstrip('/')}/api/v1{call.path}"
        return {"method": call.method, "url": url, "params": call.params, "content": content, "headers": headers}

    def stream_request(self, *, last_event_id: str | None, params: dict[str, str]) -> dict[str, Any]:
        token = self.token or self.admin_token
        headers = self._headers(token) | {"Accept": "text/event-stream", "Cache-Control": "no-cache"}
        if token:
            headers["X-API-Key"] = token  # the stream belongs to the other API, which asks for this header
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        return {"method": "GET", "url": f"{self.api_url.rstrip('/')}/api/events", "headers": headers, "params": params}

    def _headers(self, token: str | None) -> dict[str, str]:
        headers = {
            "Accept": "application/json",
            "User-Agent": f"missioncontrol-client/{__version__} {self.program}".rstrip(),
        }
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if self.agent_id:
            headers["X-Agent-Id"] = self.agent_id
        return headers


def result(response: httpx.Response, began: float) -> Any:
    """The answer's JSON, None when there is none, or the error it tells."""
    request = response.request
    spent = (time.monotonic() - began) * 1000
    log.debug("%s %s: %s in %.0f ms", request.method, request.url, response.status_code, spent)
    if response.status_code == 204:
        return None
    try:
        body = json.loads(response.content)
    except ValueError:
        body = None
    if not response.is_success:
        raise _refusal(response, body)
    if not isinstance(body, dict):
        message = f"{request.url} answered something other than a JSON object: is the API URL right?"
        raise ApiError(response.status_code, {"error": {"code": "NOT_JSON", "message": message}})
    return body


def refusal(response: httpx.Response) -> ApiError:
    """The error of an answer that was read as a stream."""
    try:
        return _refusal(response, json.loads(response.content))
    except ValueError:
        return _refusal(response, None)


def trouble(error: httpx.RequestError, api_url: str) -> NetworkError:
    if isinstance(error, httpx.TimeoutException):
        return RequestTimeout(f"no answer from {api_url} in time")
    return NetworkError(f"no connection to {api_url}: {str(error) or type(error).__name__}")


def told_to_wait(error: MissionControlError, wait: float) -> None:
    log.info("trying again in %.1f s: %s (%s)", wait, error, error.code)


def stream_params(**given: str | Iterable[str] | None) -> dict[str, str]:
    found = {name: value if isinstance(value, str) else ",".join(value or ()) for name, value in given.items()}
    return {name: value for name, value in found.items() if value}


def _refusal(response: httpx.Response, body: Any) -> ApiError:
    if not isinstance(body, dict):
        message = f"{response.request.url} answered {response.status_code} {response.reason_phrase}".rstrip()
        body = {"error": {"code": f"HTTP_{response.status_code}", "message": message}}
    return error_for(response.status_code, body, retry_after=_seconds(response.headers.get("Retry-After")))


def _seconds(header: str | None) -> float | None:
    if header is None:
        return None
    try:
        return max(0.0, float(int(header)))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None


def _printable(key: str) -> str:
    if not 1 <= len(key) <= 255 or not key.isascii() or not key.isprintable():
        raise ConfigError("an idempotency key is 1 to 255 printable ASCII characters")
    return key
