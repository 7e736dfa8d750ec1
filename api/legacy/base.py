"""The legacy dialect's ground: credentials, order of checks, body, errors. Every view of the dialect stands on it."""

from __future__ import annotations

import re
from typing import Any, ClassVar, cast
from urllib.parse import quote

import orjson
import structlog
from django.core.exceptions import RequestDataTooBig
from django.db import IntegrityError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.encoding import iri_to_uri
from django.views.decorators.csrf import csrf_exempt
from rest_framework import serializers
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import gate, limits, rates
from accounts.access.legacy import TABLE, UNGUARDED
from accounts.credentials import resolve
from accounts.isolation import check_isolation
from accounts.scopes import presented_in
from activity import guard
from api.base import JsonView
from core import errors
from core.actors import Role
from core.outages import NO_DATABASE, TRY_AGAIN_SECONDS, is_outage, is_undone
from core.ratelimit import Limit
from realtime.wire.legacy_in import parse

from .docs import RouteSchema

STATUS: dict[type[errors.DomainError], int] = {
    errors.Unauthenticated: 401,
    errors.Denied: 403,
    errors.NotFound: 404,
    errors.Invalid: 400,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.Injected: 422,
    errors.RateLimited: 429,
    errors.Unavailable: 501,
}
LIMIT_CAP, OFFSET_CAP = 200, 2**53
# The codes of errors that clients of this dialect know.
CODES = {"NO_USERS", "PENDING_APPROVAL"}
MANY_SLASHES = re.compile(r"//+")
# How often a request that lost a race on PostgreSQL is tried again.
LOOKS = 8
log = structlog.get_logger(__name__)


class LegacyView(JsonView):
    """One route. `route` names its row in the table of roles; `limit` is applied to the methods in `limited`."""

    limit: ClassVar[Limit | None] = limits.MUTATION
    limited: ClassVar[frozenset[str]] = frozenset()
    # Not for strict workspaces: what it shows or touches belongs to no workspace.
    is_global: ClassVar[bool] = False
    # False where everything behind it lies outside of our own database, and is not connected yet.
    is_connected: ClassVar[bool] = True
    parser_classes = (JSONParser,)
    schema = RouteSchema()
    _looks = 0

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Gate, role, rate: in this order, before the body is looked at."""
        method = "GET" if request.method == "HEAD" else request.method or ""
        presented = presented_in(request._request)
        if self.route not in UNGUARDED:
            gate.stop_strangers(presented)
        if method == "OPTIONS":
            return
        if method not in TABLE[self.route]:
            raise MethodNotAllowed(method)
        least = TABLE[self.route][method]
        if least is not None:
            self.actor = gate.check_role(resolve(presented), least)
            if self.is_global:
                check_isolation(self.actor, route=self.route, origin=self.origin, now=self.now)
        if self.limit and method in self.limited:
            self.check_rate(self.limit, self.rate_key)

    def check_rate(self, limit: Limit, key: str) -> None:
        rates.check_rate(limit, key, actor=getattr(self, "actor", None), ip=self.ip, now=self.now)

    @property
    def rate_key(self) -> str:
        """Whose requests `limit` counts together."""
        return self.ip

    def sent(self) -> Any:
        """The body as JSON, or None when it is none."""
        return parse(self.body)

    def sent_object(self, refusal: str = "Invalid request body") -> dict[str, Any]:
        """The body of routes that look at it by hand. Raises Invalid when it is no JSON object."""
        sent = self.sent()
        if not isinstance(sent, dict):
            raise errors.Invalid(refusal)
        return sent

    @property
    def body(self) -> bytes:
        try:
            return bytes(self.request._request.body)
        except RequestDataTooBig:
            return b""

    def read(self, shape: serializers.Serializer[Any]) -> dict[str, Any]:
        """The body in this shape. Raises Invalid with one line per failing field, in the shape's order."""
        sent = self.sent()
        if sent is None and self.body.strip() != b"null":
            raise errors.Invalid("Invalid request body")
        if not isinstance(sent, dict):
            raise errors.Invalid(details=[": Invalid input"])
        try:
            return dict(shape.run_validation(sent))
        except serializers.ValidationError as error:
            raise errors.Invalid(details=flat(error.detail)) from None

    def page(self, *, default: int = 50, cap: int = LIMIT_CAP) -> tuple[int, int]:
        """(limit, offset) of the query; junk falls back to the default, too much is cut to the cap."""
        limit, offset = whole(self.query("limit"), default), whole(self.query("offset"), 0)
        return min(max(limit, 0), cap), min(max(offset, 0), OFFSET_CAP)

    def query(self, name: str) -> str:
        """The first value of a query parameter, or the empty string."""
        values = self.request.query_params.getlist(name)
        return values[0].replace("\0", "\ufffd") if values else ""

    def options(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]
        allowed = sorted({*TABLE[self.route], "OPTIONS", *(["HEAD"] if "GET" in TABLE[self.route] else [])})
        return Response(status=204, headers={"Allow": ", ".join(allowed)})

    def handle_exception(self, error: Exception) -> Response:
        if isinstance(error, errors.Injected):
            guard.tell_of_injection(error, actor=self.actor, route=self.route, ip=self.ip, now=self.now)
        if isinstance(error, errors.DomainError):
            return refusal(error)
        if isinstance(error, MethodNotAllowed):
            return Response(status=405, headers={"Allow": ", ".join(sorted(TABLE[self.route]))})
        if isinstance(error, (IntegrityError, OperationalError)) and is_undone(error) and self._may_look_again():
            return self._once_more()
        log.error("view_failed", route=self.route, exc_info=error)
        if is_outage(error):
            return Response({"error": NO_DATABASE}, status=503, headers={"Retry-After": str(TRY_AGAIN_SECONDS)})
        return Response({"error": "Internal server error"}, status=500)

    def _may_look_again(self) -> bool:
        """PostgreSQL lets two requests make the same thing, or wait for each other, and refuses one of them. What it
        began is rolled back; looking again, it finds what the other has done. SQLite has one writer at a time."""
        self._looks += 1
        return connection.vendor == "postgresql" and self._looks <= LOOKS

    def _once_more(self) -> Response:
        method = getattr(self, (self.request.method or "").lower())
        try:
            return cast(Response, method(self.request, *self.args, **self.kwargs))
        except Exception as error:
            return self.handle_exception(error)

    @property
    def now(self) -> Any:
        return timezone.now()


def refusal(error: errors.DomainError) -> Response:
    code = {"code": error.code} if error.code in CODES else {}
    body: dict[str, Any] = {"error": error.message, **code, **error.extra}
    if isinstance(error, errors.Invalid) and error.details is not None:
        body["details"] = error.details
    headers = error.headers if isinstance(error, errors.RateLimited) else None
    return Response(body, status=STATUS[type(error)], headers=headers)


def flat(detail: Any, path: str = "") -> list[str]:
    """`{"tags": {0: ["Invalid input"]}}` → `["tags.0: Invalid input"]`."""
    if isinstance(detail, dict):
        lines = []
        for key, value in detail.items():
            inner = "" if key == "non_field_errors" else str(key)
            lines += flat(value, ".".join(part for part in (path, inner) if part))
        return lines
    if isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        return [line for n, item in enumerate(detail) if item for line in flat(item, f"{path}.{n}")]
    return [f"{path}: {message}" for message in detail]


def whole(text: str, default: int) -> int:
    """A number of a query, cut to a whole one; junk gives the default."""
    try:
        return int(float(text)) if text else default
    except (ValueError, OverflowError):
        return default


@csrf_exempt
def unknown_path(request: HttpRequest) -> HttpResponse:
    """Any other address below `/api/`: JSON, not a page. One with a slash too many leads to the clean one."""
    clean = MANY_SLASHES.sub("/", request.path).rstrip("/")
    if clean not in (request.path, "/api"):
        query = f"?{request.META['QUERY_STRING']}" if request.META.get("QUERY_STRING") else ""
        return HttpResponse(status=308, headers={"Location": iri_to_uri(quote(clean) + query)})
    try:
        if not request.path.startswith("/api/auth/"):
            gate.admit(presented_in(request), Role.VIEWER)
    except errors.Unauthenticated as error:
        return _json({"error": error.message}, 401)
    return _json({"error": "Not found"}, 404)


def _json(body: dict[str, Any], status: int) -> HttpResponse:
    return HttpResponse(orjson.dumps(body), status=status, content_type="application/json")
