"""The global key, and the keys of agents."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.models import ApiKey, GlobalKey
from agents.services import find_agent
from api.schemas import FLAG, NUMBER, TEXT, WHOLE, has, many, maybe
from core.clock import END_OF_TIME, from_seconds, seconds
from core.errors import Invalid
from realtime.wire.legacy_in import id_in

from .base import LegacyView
from .docs import describe
from .identity import IdentityView

LONGEST_DAYS = 3650
SHOWN_AT_MOST = 1000
KEY = {"id": WHOLE, "name": TEXT, "key_prefix": TEXT, "scopes": many(TEXT), "expires_at": maybe(WHOLE)}
LISTED_KEY = has(
    **KEY, created_by=TEXT, revoked_at=maybe(WHOLE), last_used_at=maybe(WHOLE), created_at=WHOLE, updated_at=WHOLE
)


class TokenRotation(IdentityView):
    route = "token-rotate"
    limited = frozenset({"POST"})
    domain = "api-key"

    @describe(
        "The global key, masked, and where it comes from.",
        answers={
            200: has(
                masked_key=maybe(TEXT),
                configured=FLAG,
                source={"type": "string", "enum": ["database", "environment", "none"]},
                last_rotated_at=maybe(WHOLE),
                last_rotated_by=maybe(TEXT),
            )
        },
    )
    def get(self, request: Request) -> Response:
        services.check_may_rotate(self.actor)
        row, key = GlobalKey.objects.first(), settings.GLOBAL_API_KEY
        return Response(
            {
                "masked_key": row.mask if row else services.mask(key) if key else None,
                "configured": bool(row or key),
                "source": "database" if row else "environment" if key else "none",
                "last_rotated_at": seconds(row.rotated_at) if row else None,
                "last_rotated_by": row.rotated_by if row else None,
            }
        )

    @describe(
        "Replace the global key; the old one stops working at once. The new one is shown only here.",
        answers={200: has(key=TEXT, masked_key=TEXT, rotated_at=WHOLE, rotated_by=TEXT, message=TEXT)},
    )
    def post(self, request: Request) -> Response:
        row, key = services.rotate_global_key(actor=self.actor, now=self.now, origin=self.origin)
        return Response(
            {
                "key": key,
                "masked_key": row.mask,
                "rotated_at": seconds(row.rotated_at),
                "rotated_by": row.rotated_by,
                "message": "Store this key now: it is not shown again. The previous key no longer works.",
            }
        )


class AgentKeys(LegacyView):
    route = "agent-keys"

    @describe(
        "The keys of an agent, newest first, revoked ones included.",
        answers={200: has(agent=has(id=WHOLE, name=TEXT), keys=many(LISTED_KEY))},
    )
    def get(self, request: Request, key: str) -> Response:
        agent = find_agent(self.actor.workspace_id, key)
        rows = ApiKey.objects.of_agent(self.actor.workspace_id, agent.pk)[:SHOWN_AT_MOST]
        return Response({"agent": {"id": agent.pk, "name": agent.name}, "keys": [_listed(row) for row in rows]})

    @describe(
        "Issue a key that speaks for the agent; it is shown only here.",
        body=has(
            "name", "scopes", "expires_at", "expires_in_days",
            name=TEXT, scopes=many({"type": "string", "enum": list(services.SCOPES)}), expires_at=maybe(WHOLE),
            expires_in_days=maybe(NUMBER),
        ),
        answers={201: has(key=has(**KEY, created_at=WHOLE), api_key=TEXT)},
    )  # fmt: skip
    def post(self, request: Request, key: str) -> Response:
        sent = self.sent()
        want = sent if isinstance(sent, dict) else {}
        expires_at = _expiry(want, self.now)
        name = want.get("name")
        agent = find_agent(self.actor.workspace_id, key)
        row, secret = services.issue_agent_key(
            actor=self.actor,
            agent=(agent.pk, agent.name),
            name=name if isinstance(name, str) and name.strip() else "default",
            scopes=_scopes(want.get("scopes")),
            expires_at=expires_at,
        )
        return Response({"key": {**_out(row), "created_at": seconds(row.created_at)}, "api_key": secret}, status=201)

    @describe(
        "Revoke a key of the agent.",
        body=has(key_id=WHOLE),
        answers={200: has(success=FLAG, key_id=WHOLE, revoked_at=WHOLE)},
    )
    def delete(self, request: Request, key: str) -> Response:
        sent = self.sent()
        id = id_in(sent.get("key_id")) if isinstance(sent, dict) else None
        if id is None:
            raise Invalid("key_id must be a positive integer")
        agent = find_agent(self.actor.workspace_id, key)
        row = services.revoke_agent_key(actor=self.actor, agent_id=agent.pk, key_id=id, now=self.now)
        return Response({"success": True, "key_id": row.pk, "revoked_at": seconds(row.revoked_at)})


def _out(row: ApiKey) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "key_prefix": row.prefix,
        "scopes": row.scopes or [row.role],
        "expires_at": seconds(row.expires_at),
    }


def _listed(row: ApiKey) -> dict[str, Any]:
    return {
        **_out(row),
        "created_by": row.created_by,
        "revoked_at": seconds(row.revoked_at),
        "last_used_at": seconds(row.last_used_at),
        "created_at": seconds(row.created_at),
        "updated_at": seconds(row.updated_at),
    }


def _scopes(value: Any) -> list[str]:
    """The known ones, each once."""
    items = value if isinstance(value, list) else []
    known = [item for item in items if isinstance(item, str) and item in services.SCOPES]
    return list(dict.fromkeys(known)) or list(services.USUAL_SCOPES)


def _expiry(want: dict[str, Any], now: datetime) -> datetime | None:
    """`expires_at` wins over `expires_in_days`. A wrong one is refused: the key would live on unnoticed."""
    at, days = want.get("expires_at"), want.get("expires_in_days")
    if at:
        if type(at) not in (int, float) or not 0 < at <= END_OF_TIME:
            raise Invalid("expires_at must be a positive Unix timestamp in seconds")
        return from_seconds(int(at))
    if days is None:
        return None
    if type(days) not in (int, float) or not 0 < days <= LONGEST_DAYS:
        raise Invalid(f"expires_in_days must be between 1 and {LONGEST_DAYS}")
    return now + timedelta(days=days)
