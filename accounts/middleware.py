"""Sessions under the two cookie names of the contract, and the signed-in person as `request.actor`."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from core import tracing

from .credentials import Presented, resolve
from .models import User
from .scopes import presented_in

SECURE_NAME = "__Host-mc-session"


class CookieNames(SessionMiddleware):
    """`__Host-mc-session` on https, `mc-session` on http; the first is preferred when both arrive."""

    def process_request(self, request: HttpRequest) -> None:
        token = request.COOKIES.get(SECURE_NAME) or request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        request.session = self.SessionStore(token)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        cookie = response.cookies.get(settings.SESSION_COOKIE_NAME)
        secure = request.is_secure() if settings.COOKIE_SECURE is None else settings.COOKIE_SECURE
        if cookie is not None and cookie["max-age"] == 0:
            cookie["expires"] = ""
            cookie["httponly"] = True
        if cookie is not None and secure:
            cookie["secure"] = True
            if request.is_secure():
                response.cookies[SECURE_NAME] = cookie.value
                response.cookies[SECURE_NAME].update(cookie)
                del response.cookies[settings.SESSION_COOKIE_NAME]
        return response


class SignedIn:
    """Pages know their person as an actor, like every other surface."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith("/api/"):
            return self.get_response(request)  # programs are looked at by their own surface
        if settings.PROXY_AUTH_HEADER:
            _take_word_of_the_proxy(request)
        user = request.user
        actor = user.as_actor() if user.is_authenticated and user.may_sign_in else None
        if tracing.on and actor is not None:
            tracing.tag({"mc.workspace": actor.workspace_id})
        request.actor = actor  # type: ignore[attr-defined]
        return self.get_response(request)


def _take_word_of_the_proxy(request: HttpRequest) -> None:
    presented = presented_in(request)
    actor = resolve(Presented(person=presented.person)) if presented.person else None
    if actor is not None:
        request.user = User.objects.select_related("workspace").get(id=actor.id)
