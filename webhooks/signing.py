"""What goes over the wire: the body, and the signature that proves whose it is."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from .models import Webhook

if TYPE_CHECKING:
    from .posting import Request

SIGNATURE, EVENT = "X-MC-Signature", "X-MC-Event"
ID, TIMESTAMP, SIGNATURES = "webhook-id", "webhook-timestamp", "webhook-signature"
AGENTS = {Webhook.Dialect.LEGACY: "MissionControl-Webhook/1.0", Webhook.Dialect.V1: "MissionControl-Webhooks/1"}
ALGORITHM, FORMAT = "HMAC-SHA256", "sha256=<hex-digest>"


def payload_of(event: str, data: Any, *, at: datetime, id: str, dialect: str = Webhook.Dialect.LEGACY) -> str:
    """What is kept of a body: all but the signature that the v1 dialect adds when it is sent."""
    if dialect == Webhook.Dialect.V1:
        return canonical({"id": id, "event": event, "timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "data": data})
    return orjson.dumps({"event": event, "timestamp": int(at.timestamp()), "data": data}).decode()


def stamped_again(payload: str, *, at: datetime, dialect: str = Webhook.Dialect.LEGACY) -> str:
    """The same event and data at another moment; in the v1 dialect, whose receivers know it by its id, as it was."""
    if dialect == Webhook.Dialect.V1:
        return payload
    return orjson.dumps({**orjson.loads(payload), "timestamp": int(at.timestamp())}).decode()


def sealed(payload: str, secret: str, id: str) -> str:
    """With its own signature, as the v1 dialect sends it. Rows of older releases have no id yet."""
    body = {"id": id, **orjson.loads(payload)}
    digest = hmac.new(secret.encode(), canonical(body).encode(), hashlib.sha256).hexdigest()
    return canonical({**body, "signature": digest})


def canonical(body: Any) -> str:
    return json.dumps(_plain(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Whole numbers without a fraction: not every language writes 5.0 once it has read it."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def sign(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def verify(secret: str, body: bytes, signature: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(sign(secret, body).encode(), signature.encode())


def headers_of(request: Request, body: bytes, *, at: datetime) -> dict[str, str]:
    """Ours and those of the Standard Webhooks specification, which public libraries check."""
    seconds = str(int(at.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": AGENTS[Webhook.Dialect(request.dialect)],
        "Accept-Encoding": "identity",
        EVENT: request.event,
        ID: request.id,
        TIMESTAMP: seconds,
    }
    if request.secret:
        headers[SIGNATURE] = sign(request.secret, body)
        signed = f"{request.id}.{seconds}.".encode() + body
        headers[SIGNATURES] = " ".join(_standard(secret, signed) for secret in (request.secret, *request.older))
    return headers


def _standard(secret: str, signed: bytes) -> str:
    return "v1," + b64encode(hmac.digest(secret.encode(), signed, "sha256")).decode()


def shared(secret: str) -> str:
    """The secret as libraries of Standard Webhooks want to be given it."""
    return "whsec_" + b64encode(secret.encode()).decode()
