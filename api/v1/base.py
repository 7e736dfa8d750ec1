"""The v1 dialect's ground: credentials, limits, idempotency, errors. Every view of the dialect stands on it."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework.authentication import CSRFCheck
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import credentials
from accounts.access.limits import V1_MUTATION, V1_READ, limiter
from accounts.access.v1 import TABLE
from accounts.credentials import Presented, resolve
from accounts.models import ApiKey
from accounts.scopes import presented_in
from agents.models import Agent, Mandate
from agents.services.control import come_back
from api.base import JsonView
from api.rendering import JsonRenderer
from core import errors
from core.actors import Actor
from core.ratelimit import Limit, Usage
from tasks.models import Brief, Comment, Transition

from .body import Shape, json_of, read
from .errors import envelope, refusal, request_id_of
from .ids import row_id
from .once import once

SAFE = {"GET", "HEAD", "OPTIONS"}
# Where a request's scope says how it was counted.
COUNTED = "v1_usage"
S = TypeVar("S", bound=Shape)
Made = Brief | Transition | Comment
log = structlog.get_logger(__name__)


def counted_for(actor: Actor, ip: str) -> str:
    """Whose requests are counted together."""
    return ip if actor.kind == "key" and not actor.id else f"{actor}"


class Utf8JsonRenderer(JsonRenderer):
    charset = "utf-8"


class V1View(JsonView):
    """One route. `route` names its row in the table of access; `limit` counts its POSTs and PATCHes."""

    limit: ClassVar[Limit] = V1_MUTATION
    # Counts those whom nobody knows, by their addresses.
    limit_of_strangers: ClassVar[Limit] = V1_MUTATION
    # What a quarantined agent may still call.
    open_in_quarantine: ClassVar[bool] = False
    renderer_classes = (Utf8JsonRenderer,)
    schema = None
    usage: Usage | None = None
    # What its POST makes, and what this one has made: each keeps the key of the call for good.
    makes: ClassVar[type[Made] | None] = None
    made: Made | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        self.args, self.kwargs = args, kwargs
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers: dict[str, str] = {}
        try:
            self.initial(self.request, *args, **kwargs)
            handler = getattr(self, request.method.lower())  # type: ignore[union-attr]
            response = once(self, lambda: handler(self.request, *args, **kwargs))
        except Exception as error:
            response = self.handle_exception(error)
        return self.finalize_response(self.request, response, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Method, caller, limit, agent's standing: in this order, before the body is looked at."""
        method = "GET" if request.method == "HEAD" else request.method or ""
        if method not in TABLE[self.route]:
            self.count_anybody(method)
            raise MethodNotAllowed(method)
        who = TABLE[self.route][method]
        if who is None:
            self._count_stranger(method)
            return
        try:
            self.actor = self._caller()
        except errors.Unauthenticated:
            self._count_stranger(method)
            raise
        self._count(method)
        self._check_address()
        if not who.includes(self.actor):
            raise errors.Denied("Your role does not allow this")
        self._check_agent(method)

    def _caller(self) -> Actor:
        presented = presented_in(self.request._request)
        if presented.key:
            actor = resolve(Presented(key=presented.key))
        else:
            actor = resolve(Presented(cookie=presented.cookie, person=presented.person))
            if actor is not None and self.request.method not in SAFE:
                self._check_csrf()
        if actor is not None:
            return actor
        if presented.key and ApiKey.objects.filter(digest=credentials.digest(presented.key), revoked_at=None).exists():
            raise errors.Unauthenticated("The token has expired", code="TOKEN_EXPIRED")
        raise errors.Unauthenticated("A valid credential is required")

    def _check_csrf(self) -> None:
        check: Any = CSRFCheck(lambda request: HttpResponse())
        check.process_request(self.request._request)
        if reason := check.process_view(self.request._request, None, (), {}):
            raise errors.Denied(f"CSRF check failed: {reason}")

    def count_anybody(self, method: str) -> None:
        """Of a request that nobody may make: for whoever made it."""
        try:
            self.actor = self._caller()
        except (errors.Unauthenticated, errors.Denied):
            self._count_stranger(method)
        else:
            self._count(method)

    def _count(self, method: str) -> None:
        limit = V1_READ if method == "GET" else self.limit
        self.usage = self._counted() or limiter().use(limit, counted_for(self.actor, self.ip))
        self._refuse_over(self.usage, limit)

    def _count_stranger(self, method: str) -> None:
        limit = V1_READ if method == "GET" else self.limit_of_strangers
        self.usage = limiter().use(limit, self.ip)
        self._refuse_over(self.usage, limit)

    def _refuse_over(self, usage: Usage, limit: Limit) -> None:
        if usage.is_over:
            wait = max(1, usage.resets_at - int(self.now.timestamp()))
            details = {"limit": limit.allowed, "windowSeconds": limit.seconds, "retryAfter": wait}
            raise errors.RateLimited(limit.message, headers={"Retry-After": str(wait)}, **details)

    def _check_address(self) -> None:
        """A database may refuse even to look for what has a NUL in it."""
        if any("\0" in value for value in self.kwargs.values()):
            raise errors.NotFound("There is nothing at this address")
        if any("\0" in value for _, values in self.request.query_params.lists() for value in values):
            raise errors.Invalid("No parameter may contain NUL")

    def _counted(self) -> Usage | None:
        """Of a request that was to be answered together with others (`together.py`), and is not."""
        counted: Usage | None = getattr(self.request._request, "scope", {}).get(COUNTED)
        return counted

    def _check_agent(self, method: str) -> None:
        named = self.request._request.META.get("HTTP_X_AGENT_ID", "").strip()
        if self.actor.kind != "agent":
            return
        agent = self.agent
        if named and named != agent.slug:
            raise errors.Denied("X-Agent-Id names another agent than the token's", code="AGENT_MISMATCH")
        if method == "GET":
            return
        mandate = self.mandate
        if mandate.control == Mandate.Control.QUARANTINED and not self.open_in_quarantine:
            raise errors.Denied("The agent is in quarantine", code="AGENT_QUARANTINED")
        if mandate.control == Mandate.Control.OFFLINE:
            self._mandate = come_back(agent=agent, actor=self.actor, now=self.now)

    @property
    def agent(self) -> Agent:
        """The agent whose token this is."""
        if not hasattr(self, "_agent"):
            agent = Agent.objects.in_workspace(self.actor.workspace_id).filter(pk=self.actor.agent_id or 0).first()
            if agent is None:
                raise errors.Unauthenticated("The token's agent is gone")
            self._agent = agent
        return self._agent

    @property
    def acting_agent(self) -> Agent | None:
        """The agent whose token this is, or None for people and keys."""
        return self.agent if self.actor.kind == "agent" else None

    @property
    def mandate(self) -> Mandate:
        if not hasattr(self, "_mandate"):
            self._mandate = Mandate.objects.of(self.agent)
        return self._mandate

    def read(self, shape: type[S]) -> S:
        return read(shape, self.sent)

    @property
    def sent(self) -> dict[str, Any]:
        if not hasattr(self, "_sent"):
            self._sent = json_of(self.request._request)
        return self._sent

    @property
    def now(self) -> Any:
        if not hasattr(self, "_now"):
            self._now = timezone.now()
        return self._now

    def about(self, made: Made) -> int:
        """The task that a POST is about; that of what was made when the path names none."""
        return row_id("task", self.kwargs["id"]) if "id" in self.kwargs else made.task_id

    def again(self, made: Made) -> Response:
        """The answer of the call that made it, as far as it is still known."""
        raise NotImplementedError

    @property
    def request_id(self) -> str:
        return request_id_of(self.request._request)

    def handle_exception(self, error: Exception) -> Response:
        if isinstance(error, errors.DomainError):
            return refusal(error, self.request_id)
        if isinstance(error, MethodNotAllowed):
            body = envelope("METHOD_NOT_ALLOWED", "This method is not offered here", self.request_id)
            return Response(body, status=405, headers={"Allow": ", ".join(sorted(TABLE[self.route]))})
        log.error("view_failed", route=self.route, exc_info=error)
        if isinstance(error, (InterfaceError, OperationalError)):
            return refusal(errors.Unavailable("The database does not answer"), self.request_id)
        return Response(envelope("INTERNAL_ERROR", "Something went wrong", self.request_id), status=500)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in (self.usage.headers if self.usage else {}).items():
            response.headers[name] = value
        return response
