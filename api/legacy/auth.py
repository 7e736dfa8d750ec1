"""Sign-in, sign-out and the caller's own account."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.access import limits
from accounts.credentials import digest, resolve
from accounts.models import ApiKey, User
from accounts.scopes import presented_in
from core import pins
from core.actors import Actor
from core.errors import Denied, Invalid, Unauthenticated
from core.ratelimit import Limit
from system import pin

from .base import LegacyView
from .docs import describe

BACKEND = "django.contrib.auth.backends.ModelBackend"


def user_out(actor: Actor, avatar_url: str | None = None) -> dict[str, Any]:
    return {
        "id": actor.id,
        "username": actor.username,
        "display_name": actor.display_name,
        "role": actor.role.word,
        "provider": actor.provider,
        "email": actor.email,
        "avatar_url": avatar_url,
        "workspace_id": actor.workspace_id,
        "tenant_id": actor.tenant_id,
    }


class Login(LegacyView):
    route = "login"
    limit = limits.LOGIN
    limited = frozenset({"POST"})

    def check_rate(self, limit: Limit, key: str) -> None:
        """Of sign-ins by PIN only failures are limited, together with those of sockets."""
        if not _is_by_pin(self.sent()):
            super().check_rate(limit, key)

    @describe(
        "Sign in with user name and password, which sets the session cookie, or with the PIN of the WebSocket, which"
        " gives its token.",
        body="Login",
        answers={200: "LoginAnswer"},
    )
    def post(self, request: Request) -> Response:
        sent = self.sent_object()
        if _is_by_pin(sent):
            return self._by_pin(sent["pin"])
        username, password = sent.get("username"), sent.get("password")
        if "pin" in sent:
            raise Invalid("Send either a PIN, or a user name and password")
        if not (isinstance(username, str) and isinstance(password, str) and username and password):
            raise Invalid("Username and password are required")
        if not User.objects.exists():
            hint = "Create it with POST /api/setup, or restart the server with AUTH_USER and AUTH_PASS set."
            raise Unauthenticated("No admin account has been created yet", code="NO_USERS", hint=hint)
        user = auth.authenticate(request._request, username=username, password=password)
        if not isinstance(user, User) or not user.may_sign_in or user.provider != "local":
            services.note_failed_sign_in(username=username, now=self.now, origin=self.origin)
            raise Unauthenticated("Invalid credentials")
        auth.login(request._request, user, backend=BACKEND)
        services.note_sign_in(user=user, now=self.now, origin=self.origin)
        return Response({"user": user_out(user.as_actor(), user.avatar_url)})

    def _by_pin(self, sent: str) -> Response:
        if not pin.token():
            return Response({"token": None, "success": True, "pinRequired": False})
        token = pins.token_of(sent)
        if not pin.check(token, ip=self.ip, now=self.now):
            raise Unauthenticated("Invalid PIN")
        return Response({"token": token, "success": True})


def _is_by_pin(sent: Any) -> bool:
    return isinstance(sent, dict) and isinstance(sent.get("pin"), str) and "username" not in sent


class Logout(LegacyView):
    route = "logout"

    @describe("Sign out; ends the session of the cookie.", answers={200: "Ok"})
    def post(self, request: Request) -> Response:
        actor = resolve(presented_in(request._request))
        if actor is not None:
            services.note_sign_out(actor=actor, now=self.now, origin=self.origin)
        auth.logout(request._request)
        answer = Response({"ok": True})
        # Django drops only a cookie that came; existing clients are told in any case.
        answer.set_cookie(settings.SESSION_COOKIE_NAME, "", max_age=0, httponly=True, samesite="Strict")
        return answer


class Me(LegacyView):
    route = "me"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        try:
            super().initial(request, *args, **kwargs)
        except Unauthenticated:
            if request.method == "PATCH":
                raise Unauthenticated("Not authenticated") from None
            raise

    @describe("Who the credential belongs to.", answers={200: "UserAnswer"})
    def get(self, request: Request) -> Response:
        if self.actor.kind != "user":
            return Response({"user": {**user_out(self.actor), "id": self._key_id()}})
        user = User.objects.filter(id=self.actor.id).first()
        return Response({"user": user_out(self.actor, user.avatar_url if user else None)})

    def _key_id(self) -> int:
        """Below zero, so that no key is taken for a person; the global key is 0."""
        if self.actor.kind == "key":
            return -self.actor.id
        held = digest(presented_in(self.request._request).key)
        return -(ApiKey.objects.filter(digest=held).values_list("id", flat=True).first() or 0)

    @describe("Change one's display name or password.", body="ProfileChange", answers={200: "ProfileAnswer"})
    def patch(self, request: Request) -> Response:
        if self.actor.kind != "user":
            raise Denied("API key users cannot change passwords")
        sent = self.sent_object()
        user = services.find_self(self.actor)
        changes = self._changes(sent, user)
        user = services.change_profile(user=user, changes=changes, now=self.now, origin=self.origin)
        if "password" in changes:
            sign_in_afresh(request._request, user)
        return Response({"success": True, "user": user_out(user.as_actor(), user.avatar_url)})

    def _changes(self, sent: dict[str, Any], user: User) -> dict[str, Any]:
        """The order of these checks is the contract's."""
        changes: dict[str, Any] = {}
        new = sent.get("new_password")
        if new:
            self.check_rate(limits.PASSWORD, str(user.id))
            current = sent.get("current_password")
            if not isinstance(current, str) or not current:
                raise Invalid("Current password is required")
            if not isinstance(new, str) or len(new) < services.PASSWORD_LENGTH:
                raise Invalid(f"New password must be at least {services.PASSWORD_LENGTH} characters")
            services.check_password(user=user, password=current)
            changes["password"] = new
        if "display_name" in sent:
            name = sent["display_name"]
            if not isinstance(name, str) or not name.strip():
                raise Invalid("Display name cannot be empty")
            changes["display_name"] = name[:200]
        if not changes:
            raise Invalid("No updates provided")
        return changes


def sign_in_afresh(request: HttpRequest, user: User) -> None:
    """After all sessions of the person have ended: the one who asks goes on in a new one."""
    request.session.flush()
    auth.login(request, user, backend=BACKEND)
