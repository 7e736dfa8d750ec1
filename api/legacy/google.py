"""Sign-in with Google."""

from __future__ import annotations

from django.conf import settings
from django.contrib import auth
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import google, services
from accounts.access import limits
from api.schemas import TEXT, has
from core.errors import Denied, Unauthenticated

from .auth import BACKEND, user_out
from .base import LegacyView
from .docs import describe


class Google(LegacyView):
    route = "google"
    limit = limits.LOGIN
    limited = frozenset({"POST"})

    @describe(
        "Sign in with a Google ID token; whoever is not known yet waits for an administrator's approval.",
        body=has(credential=TEXT),
        answers={200: "UserAnswer"},
    )
    def post(self, request: Request) -> Response:
        sent = self.sent_object()
        credential = sent.get("credential")
        identity = google.identify(
            credential if isinstance(credential, str) else "",
            address=settings.GOOGLE_TOKENINFO_URL,
            audience=settings.GOOGLE_CLIENT_ID,
        )
        user = services.come_in_with_google(identity=identity, now=self.now, origin=self.origin)
        if user is None:
            raise Denied("Access request pending admin approval", code="PENDING_APPROVAL")
        auth.login(request._request, user, backend=BACKEND)
        return Response({"user": user_out(user.as_actor(), user.avatar_url)})


class GoogleDisconnect(LegacyView):
    route = "google-disconnect"

    @describe("Sign in with the password alone from now on.", answers={200: "Ok"})
    def post(self, request: Request) -> Response:
        if self.actor.kind != "user":
            raise Unauthenticated("Authentication required")
        user = services.find_self(self.actor)
        services.disconnect_google(user=user, now=self.now, origin=self.origin)
        return Response({"ok": True})
