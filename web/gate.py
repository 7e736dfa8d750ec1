"""Who may open a page, and how a refusal of the domain looks in a browser."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.cache import patch_cache_control
from django_htmx.middleware import HtmxDetails

from activity.models import Event
from core.actors import Actor, Role
from core.errors import Conflict, Denied, DomainError, Invalid, NotFound

STATUS_OF: dict[type[DomainError], int] = {NotFound: 404, Denied: 403, Invalid: 400, Conflict: 409}

P = ParamSpec("P")
View = Callable[Concatenate["PageRequest", P], HttpResponse]
Plain = Callable[Concatenate[HttpRequest, P], HttpResponse]


class PageRequest(HttpRequest):
    """A request whose person is known."""

    actor: Actor
    htmx: HtmxDetails
    log_position: int


def page(role: Role = Role.VIEWER) -> Callable[[View[P]], Plain[P]]:
    """For signed-in people of at least this role; domain errors become answers."""

    def wrap(view: View[P]) -> Plain[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            actor = getattr(request, "actor", None)
            if actor is None:
                return ask_to_sign_in(request)
            # Taken before anything else is read: the page's stream goes on from here, so that it misses nothing.
            request.log_position = 0 if is_fragment(request) else log_position()  # type: ignore[attr-defined]
            try:
                if not actor.can(role):
                    raise Denied(f"This needs the role {role.word}.")
                answer = view(request, *args, **kwargs)  # type: ignore[arg-type]
            except DomainError as error:
                return refuse(request, error)
            patch_cache_control(answer, private=True, no_cache=True)
            return answer

        return guarded

    return wrap


def log_position() -> int:
    return Event.objects.settled().order_by("-id").values_list("id", flat=True).first() or 0


def is_fragment(request: HttpRequest) -> bool:
    return "HX-Request" in request.headers


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    if is_fragment(request):
        answer = HttpResponse("Signed out. Sign in again to go on.", status=401)
        answer["HX-Redirect"] = resolve_url(settings.LOGIN_URL)
        return answer
    return redirect_to_login(request.get_full_path())


def refuse(request: HttpRequest, error: DomainError) -> HttpResponse:
    if is_fragment(request):
        words = "; ".join(error.details) if isinstance(error, Invalid) and error.details else error.message
        return HttpResponse(words, status=STATUS_OF.get(type(error), 400), content_type="text/plain; charset=utf-8")
    if isinstance(error, NotFound):
        raise Http404(error.message) from error
    raise PermissionDenied(error.message) from error
