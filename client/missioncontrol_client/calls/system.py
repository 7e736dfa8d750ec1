"""Notifications, alerts, figures, documents and health."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import Call, Many, body, query, segment

if TYPE_CHECKING:
    from missioncontrol_client import answers as a
    from missioncontrol_client import enums as e


def list_notifications(
    *,
    target_agent_id: str | None = None,
    status: Many | None = None,
    type: Many | None = None,
    limit: int | None = None,
    before: str | None = None,
) -> Call[a.NotificationList]:
    params = query(target_agent_id=target_agent_id, status=status, type=type, limit=limit, before=before)
    return Call("GET", "/notifications", params=params)


def ack_notification(
    notification_id: str, *, external_id: str | None = None, idempotency_key: str | None = None
) -> Call[a.NotificationAnswer]:
    path = f"/notifications/{segment(notification_id)}/ack"
    return Call("POST", path, body=body(external_id=external_id), idempotency_key=idempotency_key)


def list_alerts(
    *,
    status: Many | None = None,
    severity: Many | None = None,
    agent_id: str | None = None,
    limit: int | None = None,
    offset: int | None = None,
) -> Call[a.AlertList]:
    params = query(status=status, severity=severity, agent_id=agent_id, limit=limit, offset=offset)
    return Call("GET", "/alerts", params=params)


def acknowledge_alert(
    alert_id: str, *, note: str | None = None, idempotency_key: str | None = None
) -> Call[a.AlertAnswer]:
    path = f"/alerts/{segment(alert_id)}/acknowledge"
    return Call("POST", path, body=body(note=note), idempotency_key=idempotency_key)


def resolve_alert(alert_id: str, resolution_note: str, *, idempotency_key: str | None = None) -> Call[a.AlertAnswer]:
    path = f"/alerts/{segment(alert_id)}/resolve"
    return Call("POST", path, body=body(resolution_note=resolution_note), idempotency_key=idempotency_key)


def overview() -> Call[a.Overview]:
    return Call("GET", "/stats/overview")


def agent_costs(period: e.CostPeriod, *, agent_id: str | None = None) -> Call[a.AgentCosts]:
    """What an agent cost; without an id, the client's own."""
    who = "{me}" if agent_id is None else segment(agent_id)
    return Call("GET", f"/stats/agents/{who}/costs", params=query(period=period))


def get_document(document_id: str) -> Call[a.DocumentAnswer]:
    return Call("GET", f"/documents/{segment(document_id)}")


def health() -> Call[a.Health]:
    """Whether the server is well. A server that is not answers 503, which is an error here after the retries."""
    return Call("GET", "/health")
