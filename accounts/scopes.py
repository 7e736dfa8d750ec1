"""What a connection presents, read from its ASGI scope. Django requests carry the same in `META`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from core.http import client_ip, cookie_in, header_map, key_in, text_of

from .credentials import Presented


def presented_by(scope: dict[str, Any]) -> Presented:
    headers = header_map(scope["headers"])
    return Presented(
        cookie=cookie_in(text_of(headers, b"cookie")),
        key=key_in(text_of(headers, b"x-api-key"), text_of(headers, b"authorization")),
        agent_name=text_of(headers, b"x-agent-name").strip(),
    )


def presented_in(request: HttpRequest) -> Presented:
    meta = request.META
    return Presented(
        cookie=cookie_in(meta.get("HTTP_COOKIE", "")),
        key=key_in(meta.get("HTTP_X_API_KEY", ""), meta.get("HTTP_AUTHORIZATION", "")),
        agent_name=meta.get("HTTP_X_AGENT_NAME", "").strip(),
    )


def ip_by(scope: dict[str, Any]) -> str:
    """The caller's address, by the rules of `core.http.client_ip`."""
    headers = header_map(scope["headers"])
    return client_ip(
        (scope.get("client") or ("unknown", 0))[0],
        forwarded_for=text_of(headers, b"x-forwarded-for"),
        real_ip=text_of(headers, b"x-real-ip"),
        trusted=settings.TRUSTED_PROXIES,
    )


def ip_in(request: HttpRequest) -> str:
    meta = request.META
    return client_ip(
        meta.get("REMOTE_ADDR") or "unknown",
        forwarded_for=meta.get("HTTP_X_FORWARDED_FOR", ""),
        real_ip=meta.get("HTTP_X_REAL_IP", ""),
        trusted=settings.TRUSTED_PROXIES,
    )
