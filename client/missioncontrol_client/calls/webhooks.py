"""Webhooks, and what became of their deliveries: the administrator's calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Call, Moment, body, query, segment

if TYPE_CHECKING:
    from missioncontrol_client import answers as a
    from missioncontrol_client import enums as e


def create_webhook(
    url: str, events: Sequence[str], secret: str, *, idempotency_key: str | None = None
) -> Call[a.WebhookAnswer]:
    sent = body(url=url, events=events, secret=secret)
    return Call("POST", "/webhooks", body=sent, idempotency_key=idempotency_key, admin=True)


def list_webhooks(*, limit: int | None = None, offset: int | None = None) -> Call[a.WebhookList]:
    return Call("GET", "/webhooks", params=query(limit=limit, offset=offset), admin=True)


def get_webhook(webhook_id: str) -> Call[a.WebhookAnswer]:
    return Call("GET", f"/webhooks/{segment(webhook_id)}", admin=True)


def update_webhook(
    webhook_id: str,
    *,
    url: str | None = None,
    events: Sequence[str] | None = None,
    active: bool | None = None,
    idempotency_key: str | None = None,
) -> Call[a.WebhookAnswer]:
    """`active=True` lets one that was switched off be told again, beginning with what waits."""
    sent = body(url=url, events=events, active=active)
    return Call("PATCH", _path(webhook_id), body=sent, idempotency_key=idempotency_key, admin=True)


def rotate_secret(webhook_id: str, secret: str, *, idempotency_key: str | None = None) -> Call[a.WebhookAnswer]:
    """The secret of before goes on signing beside the new one for 24 hours."""
    sent = body(secret=secret)
    return Call("PATCH", _path(webhook_id), body=sent, idempotency_key=idempotency_key, admin=True)


def delete_webhook(webhook_id: str) -> Call[None]:
    return Call("DELETE", _path(webhook_id), admin=True)


def list_deliveries(
    webhook_id: str, *, status: e.DeliveryStatus | None = None, limit: int | None = None, offset: int | None = None
) -> Call[a.DeliveryList]:
    """The newest first."""
    params = query(status=status, limit=limit, offset=offset)
    return Call("GET", f"{_path(webhook_id)}/deliveries", params=params, admin=True)


def retry_delivery(webhook_id: str, attempt_id: str, *, idempotency_key: str | None = None) -> Call[a.DeliveryAnswer]:
    """Send it once more, and wait for what comes of it."""
    path = f"{_path(webhook_id)}/deliveries/{segment(attempt_id)}/retry"
    return Call("POST", path, body={}, idempotency_key=idempotency_key, admin=True)


def send_test(webhook_id: str, *, idempotency_key: str | None = None) -> Call[a.DeliveryAnswer]:
    """Send a test event, and wait for what comes of it."""
    return Call("POST", f"{_path(webhook_id)}/test", body={}, idempotency_key=idempotency_key, admin=True)


def replay_webhook(
    webhook_id: str, since: Moment, *, until: Moment | None = None, idempotency_key: str | None = None
) -> Call[a.Replayed]:
    """Tell once more what happened in a span of time, each event with the id that it had before."""
    sent = body(since=since, until=until)
    return Call("POST", f"{_path(webhook_id)}/replay", body=sent, idempotency_key=idempotency_key, admin=True)


def _path(webhook_id: str) -> str:
    return f"/webhooks/{segment(webhook_id)}"
