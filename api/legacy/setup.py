"""The first administrator, made by whoever comes first."""

from __future__ import annotations

import re

from django.contrib import auth
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.models import User
from api.schemas import FLAG, TEXT, WHOLE, has
from core.errors import Denied

from .auth import BACKEND
from .base import LegacyView
from .docs import describe
from .fields import BAD, Shape, Text

NAME = re.compile(r"[a-z0-9_.-]{2,64}\Z")


class Name(Text):
    def to_internal_value(self, data: object) -> str:
        text = super().to_internal_value(data)
        if not NAME.match(text):
            raise serializers.ValidationError(BAD)
        return text


class SetupFields(Shape):
    username = Name(2, 64, required=True)
    password = Text(
        services.PASSWORD_LENGTH,
        required=True,
        empty=f"Password must be at least {services.PASSWORD_LENGTH} characters",
    )
    displayName = Text(0, 200)


SETUP = SetupFields()


class Setup(LegacyView):
    route = "setup"

    @describe("Whether the first administrator is still to be made.", answers={200: has(needsSetup=FLAG)})
    def get(self, request: Request) -> Response:
        return Response({"needsSetup": not User.objects.exists()})

    @describe(
        "Make the first administrator and sign them in.",
        body=SetupFields,
        answers={200: has(user=has(id=WHOLE, username=TEXT, display_name=TEXT, role=TEXT))},
    )
    def post(self, request: Request) -> Response:
        if User.objects.exists():
            raise Denied(services.SETUP_IS_OVER)
        want = self.read(SETUP)
        user = services.set_up(
            username=want["username"],
            password=want["password"],
            display_name=want.get("displayName", ""),
            now=self.now,
            origin=self.origin,
        )
        auth.login(request._request, user, backend=BACKEND)
        shown = {"id": user.id, "username": user.username, "display_name": user.display_name, "role": user.role}
        return Response({"user": shown})
