"""Who asked for access, and the administrators' answers."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.models import AccessRequest
from api.schemas import FLAG, TEXT, WHOLE, has, many, maybe
from core.clock import seconds
from core.errors import NotFound
from core.ids import LARGEST_ID

from .docs import describe
from .fields import Number, Shape, Text, Word
from .identity import AdminsOnly
from .users import PERSON, ROLES, approved_out

SHOWN_AT_MOST = 500
ROW = has(
    id=WHOLE, provider=TEXT, email=TEXT, provider_user_id=maybe(TEXT), display_name=maybe(TEXT),
    avatar_url=maybe(TEXT), status=TEXT, requested_at=WHOLE, last_attempt_at=WHOLE, attempt_count=WHOLE,
    reviewed_by=maybe(TEXT), reviewed_at=maybe(WHOLE), review_note=maybe(TEXT), approved_user_id=maybe(WHOLE),
)  # fmt: skip


class Verdict(Shape):
    request_id = Number(-(2**63), 2**63, required=True)
    action = Word({"approve": True, "reject": False}, required=True)
    role = Word(ROLES)
    note = Text(allow_null=True)


REVIEW = Verdict()


class AccessRequests(AdminsOnly):
    route = "access-requests"
    limited = frozenset({"POST"})
    domain = "access-requests"

    @describe("Who asked for access; pending ones first.", query=("status",), answers={200: has(requests=many(ROW))})
    def get(self, request: Request) -> Response:
        rows = AccessRequest.objects.listed(self.actor.workspace_id)
        status = self.query("status") or "all"
        if status != "all":
            rows = rows.filter(status=status)
        return Response({"requests": [_out(row) for row in rows[:SHOWN_AT_MOST]]})

    @describe("Let somebody in, or not.", body=Verdict, answers={200: has("user", ok=FLAG, user=has(**PERSON))})
    def post(self, request: Request) -> Response:
        want = self.read(REVIEW)
        id = want["request_id"]
        if not (float(id).is_integer() and 0 < id < LARGEST_ID):
            raise NotFound("Request not found")
        found = services.find_request(self.actor.workspace_id, int(id))
        told: dict[str, Any] = {"actor": self.actor, "now": self.now, "note": want.get("note"), "origin": self.origin}
        if not want["action"]:
            services.reject_request(request=found, **told)
            return Response({"ok": True})
        user = services.approve_request(request=found, role=want.get("role", "viewer"), **told)
        return Response({"ok": True, "user": approved_out(user)})


def _out(row: AccessRequest) -> dict[str, Any]:
    return {
        "id": row.pk,
        "provider": row.provider,
        "email": row.email,
        "provider_user_id": row.provider_user_id,
        "display_name": row.display_name,
        "avatar_url": row.avatar_url,
        "status": row.status,
        "requested_at": seconds(row.requested_at),
        "last_attempt_at": seconds(row.last_attempt_at),
        "attempt_count": row.attempt_count,
        "reviewed_by": row.reviewed_by,
        "reviewed_at": seconds(row.reviewed_at),
        "review_note": row.review_note,
        "approved_user_id": row.approved_user_id,
    }
