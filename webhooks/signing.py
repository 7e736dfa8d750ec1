"""What goes over the wire: the body, and the signature that proves whose it is."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import orjson

SIGNATURE, EVENT = "X-MC-Signature", "X-MC-Event"
ALGORITHM, FORMAT = "HMAC-SHA256", "sha256=<hex-digest>"


def payload_of(event: str, data: Any, *, timestamp: int) -> str:
    return orjson.dumps({"event": event, "timestamp": timestamp, "data": data}).decode()


def stamped_again(payload: str, *, timestamp: int) -> str:
    """The same event and data at another moment."""
    return orjson.dumps({**orjson.loads(payload), "timestamp": timestamp}).decode()


def sign(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def verify(secret: str, body: bytes, signature: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(sign(secret, body).encode(), signature.encode())


def headers_of(event: str, secret: str | None, body: bytes) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "MissionControl-Webhook/1.0",
        "Accept-Encoding": "identity",
        EVENT: event,
    }
    if secret:
        headers[SIGNATURE] = sign(secret, body)
    return headers
