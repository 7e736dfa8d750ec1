"""What goes wrong, in the dialect's envelope: one code for programs, one sentence for people."""

from __future__ import annotations

import uuid
from typing import Any

import orjson
from django.http import HttpRequest
from rest_framework.response import Response

from core import errors
from core.outages import NO_DATABASE

STATUS: dict[type[errors.DomainError], tuple[int, str]] = {
    errors.Unauthenticated: (401, "UNAUTHORIZED"),
    errors.Denied: (403, "FORBIDDEN"),
    errors.NotFound: (404, "NOT_FOUND"),
    errors.Invalid: (400, "VALIDATION_ERROR"),
    errors.Injected: (400, "VALIDATION_ERROR"),
    errors.Conflict: (409, "CONFLICT"),
    errors.TooLarge: (413, "PAYLOAD_TOO_LARGE"),
    errors.RateLimited: (429, "RATE_LIMITED"),
    errors.Unavailable: (503, "UNAVAILABLE"),
}
STATUS_OF_CODE = {"UNSUPPORTED_MEDIA_TYPE": 415}
# Whoever comes while the first call runs should look again soon.
RETRY = {"IDEMPOTENCY_IN_PROGRESS": "1", "UNAVAILABLE": "5"}


def refusal(error: errors.DomainError, request_id: str) -> Response:
    status, code = STATUS[type(error)]
    code = error.code or code
    details: dict[str, Any] = dict(error.extra)
    if isinstance(error, errors.Invalid) and error.details:
        details = {"errors": [field_error(line) for line in error.details], **details}
    headers = dict(error.headers) if isinstance(error, errors.RateLimited) else {}
    if code in RETRY:
        headers["Retry-After"] = RETRY[code]
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    body = envelope(code, error.message, request_id, details)
    return Response({**error.beside, **body}, status=STATUS_OF_CODE.get(code, status), headers=headers)


def request_id_of(request: HttpRequest) -> str:
    """As the edge gave it to the request."""
    scope = getattr(request, "scope", {})
    return str(scope.get("request_id") or uuid.uuid4())


def envelope(code: str, message: str, request_id: str, details: Any = None) -> dict[str, Any]:
    error: dict[str, Any] = {"code": code, "message": message}
    if details:
        error["details"] = details
    return {"error": {**error, "requestId": request_id}}


def no_database(scope: dict[str, Any]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """For requests that are answered without a view."""
    body = orjson.dumps(envelope("UNAVAILABLE", NO_DATABASE, scope["request_id"]))
    headers = [(b"content-type", b"application/json"), (b"retry-after", RETRY["UNAVAILABLE"].encode())]
    return 503, [*headers, (b"content-length", str(len(body)).encode())], body


def field_error(line: str) -> dict[str, str]:
    """`workPlan.bullets: 3 to 6 are needed` → its field and its message."""
    field, _, message = line.partition(": ")
    return {"field": field, "message": message}
