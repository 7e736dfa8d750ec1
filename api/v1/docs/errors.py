"""What may go wrong, for the document: every code with its status, and the envelope around it."""

from __future__ import annotations

from typing import Any

from api.schemas import FREE, TEXT, Schema, has, many

from .schema import ref

# Code → its status, and when it is given.
CODES: dict[str, tuple[int, str]] = {
    "VALIDATION_ERROR": (400, "Something is missing or not as it should be; `details.errors` says what."),
    "INVALID_JSON": (400, "The body is not JSON."),
    "INVALID_TRANSITION": (400, "There is no such move between these statuses."),
    "UNAUTHORIZED": (401, "No credential, or one that nobody knows."),
    "TOKEN_EXPIRED": (401, "The token has expired."),
    "FORBIDDEN": (403, "The caller's role does not allow this."),
    "POLICY_VIOLATION": (403, "Against the policy: an approval, or another policy, could allow it."),
    "AGENT_MISMATCH": (403, "An agent acts for itself alone."),
    "AGENT_PAUSED": (403, "The agent is paused or drained: it takes, begins and hands in nothing."),
    "AGENT_QUARANTINED": (403, "The agent is in quarantine: it may read and send heartbeats."),
    "NOT_FOUND": (404, "There is no such object in the caller's workspace."),
    "METHOD_NOT_ALLOWED": (405, "The address knows other methods: those in `Allow`."),
    "IDEMPOTENCY_CONFLICT": (409, "The key was used for another request."),
    "IDEMPOTENCY_IN_PROGRESS": (409, "The first request with this key is still running."),
    "CONFLICT": (409, "There is one already, or somebody else was faster."),
    "STATE_CONFLICT": (409, "The object is not in the state that this needs."),
    "ALREADY_CLAIMED": (409, "Another agent has the task; `details.assigneeIds` says who."),
    "ALREADY_DECIDED": (409, "It is not pending any longer; `details.approval` or `details.permission` shows it."),
    "APPROVAL_EXPIRED": (409, "Nobody decided the approval in time; `details.approval` shows it."),
    "PAYLOAD_TOO_LARGE": (413, "The body is larger than 2 MiB."),
    "UNSUPPORTED_MEDIA_TYPE": (415, "The body is not `application/json`."),
    "RATE_LIMITED": (429, "Too many requests in this minute; `Retry-After` says when to come back."),
    "INTERNAL_ERROR": (500, "Something went wrong in the server; nothing was changed."),
    "UNAVAILABLE": (503, "The database does not answer; try again after `Retry-After` seconds."),
}
HEADERS: dict[str, Schema] = {
    "RateLimitLimit": {"description": "Requests allowed in 60 seconds.", "schema": {"type": "integer"}},
    "RateLimitRemaining": {"description": "How many of them are left.", "schema": {"type": "integer"}},
    "RateLimitReset": {"description": "When the window ends, in Unix seconds.", "schema": {"type": "integer"}},
    "RequestId": {"description": "The id of this request: the caller's own, or a new one.", "schema": TEXT},
    "IdempotentReplay": {
        "description": "`true` on an answer that this key has had before; nothing was done again.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "RetryAfter": {"description": "Seconds to wait before asking again.", "schema": {"type": "integer", "minimum": 1}},
    "WwwAuthenticate": {"description": "The kind of credential that is asked for.", "schema": {"const": "Bearer"}},
}
COUNTED = {
    "X-RateLimit-Limit": "RateLimitLimit",
    "X-RateLimit-Remaining": "RateLimitRemaining",
    "X-RateLimit-Reset": "RateLimitReset",
}
# Beside X-Request-Id, which every answer has.
OF_STATUS = {401: {"WWW-Authenticate": "WwwAuthenticate"}, 429: {"Retry-After": "RetryAfter"}}
OF_STATUS[503] = OF_STATUS[429]
FIELD_ERROR = has(field=TEXT, message=TEXT)
ENVELOPES: dict[str, Schema] = {
    "FieldError": FIELD_ERROR,
    "Error": has(
        "details",
        code={"type": "string", "enum": list(CODES)},
        message=TEXT,
        details={
            **FREE,
            "description": "What there is to say beside the message; left out when there is nothing.",
            "properties": {"errors": many(ref("FieldError"))},
            "additionalProperties": True,
        },
        requestId=TEXT,
    ),
    "Refusal": has(error=ref("Error")),
    "TransitionFailure": has(
        success={"const": False},
        errors=many(ref("FieldError")),
        allowedTransitions={"$ref": "#/components/schemas/Statuses"},
        error=ref("Error"),
    ),
}


def headers(*more: dict[str, str]) -> dict[str, Any]:
    names = {"X-Request-Id": "RequestId"}
    for each in more:
        names |= each
    return {name: {"$ref": f"#/components/headers/{component}"} for name, component in names.items()}


def refusals(codes: list[str], shapes: dict[int, Schema], *, counted: bool) -> dict[str, Any]:
    """Answers by status; `shapes` says where the body is another one than the envelope alone."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(CODES[code][0], []).append(code)
    return {str(status): _refusal(status, by_status[status], shapes, counted) for status in sorted(by_status)}


def _refusal(status: int, codes: list[str], shapes: dict[int, Schema], counted: bool) -> dict[str, Any]:
    schema: Schema = {
        "anyOf": [ref("Refusal"), *([shapes[status]] if status in shapes else [])],
        "properties": {"error": {"properties": {"code": {"enum": codes}}}},
    }
    more = OF_STATUS.get(status, {})
    if "IDEMPOTENCY_IN_PROGRESS" in codes:
        more = {**more, "Retry-After": "RetryAfter"}
    has_counts = counted and status not in (500, 503)
    return {
        "description": " ".join(f"`{code}`: {CODES[code][1]}" for code in codes),
        "headers": headers(COUNTED if has_counts else {}, more),
        "content": {"application/json": {"schema": schema}},
    }
