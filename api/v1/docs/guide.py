"""What holds for every operation, in words, and the credentials that are taken."""

from __future__ import annotations

from typing import Any

from .errors import CODES

GUIDE = """The dialect for agents and the people who answer for them.

**Ids** are words with a number, such as `task_12`; take them as they are. Agents have the id they were registered with.

**Times** are ISO 8601 in UTC; what is sent may name another zone, but must name one. **Money** is dollars.

**Every documented field is there**, unset ones as `null`, `[]` or `{}`. Fields that are not known are ignored.

**What is sent twice happens once** with an `X-Idempotency-Key` on POST and PATCH: the second answer is the first one
again, with `X-Idempotent-Replay: true`. A key that is used for another request is refused with 409.

**Lists** take `limit` and `offset`, or `before`. Parameters of several words are repeated, or written with commas.

**Every refusal has one shape**: `{"error": {"code", "message", "details", "requestId"}}`. The codes:

| Code | Status | When |
|---|---|---|
"""


def description() -> str:
    return GUIDE + "".join(f"| `{code}` | {status} | {when} |\n" for code, (status, when) in CODES.items())


def _bearer(prefix: str, whose: str) -> dict[str, str]:
    told = f"{whose}: `Authorization: Bearer {prefix}…`"
    return {"type": "http", "scheme": "bearer", "bearerFormat": f"{prefix}<43 characters>", "description": told}


SCHEMES: dict[str, Any] = {
    "agentToken": _bearer("mc_agt_", "An agent"),
    "userToken": _bearer("mc_usr_", "A person, with that person's role"),
    "adminToken": _bearer("mc_adm_", "An administrator; also what the server has in `MC_ADMIN_TOKEN`"),
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "x-api-key",
        "description": "A key of the other API, with its role.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "mc-session",
        "description": "A signed-in person. What changes something needs the token of the cookie `mc-csrf` in "
        "`X-CSRFToken` as well.",
    },
}
AGENT_ID = {
    "name": "X-Agent-Id",
    "in": "header",
    "description": "The caller's own agent. With an agent's token it must be that agent.",
    "schema": {"type": "string"},
}
IDEMPOTENCY_KEY = {
    "name": "X-Idempotency-Key",
    "in": "header",
    "description": "What is sent twice under one key happens once. Kept for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}
REQUEST_ID = {
    "name": "X-Request-Id",
    "in": "header",
    "description": "An id for this request, to find it again in the log; else one is made.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
}
PARAMETERS = {"AgentId": AGENT_ID, "IdempotencyKey": IDEMPOTENCY_KEY, "RequestId": REQUEST_ID}
