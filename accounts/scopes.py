"""What a connection presents, read from its ASGI scope. Django requests carry the same in `META`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from core.http import client_ip, cookie_in, headers_of, key_in, text_of

from . import proxy
from .credentials import Presented


def presented_by(scope: dict[str, Any]) -> Presented:
    headers = headers_of(scope)
    person = ""
    if settings.PROXY_AUTH_HEADER:
        named = text_of(headers, settings.PROXY_AUTH_HEADER.encode())
        person = proxy.person_of(_utf8(named), _peer_by(scope), ip_by(scope))
    return Presented(
        cookie=cookie_in(text_of(headers, b"cookie")),
        key=key_in(text_of(headers, b"x-api-key"), text_of(headers, b"authorization")),
        agent_name=text_of(headers, b"x-agent-name").strip(),
        person=person,
    )


def presented_in(request: HttpRequest) -> Presented:
    meta = request.META
    person = ""
    if settings.PROXY_AUTH_HEADER:
        named = meta.get(f"HTTP_{settings.PROXY_AUTH_HEADER.upper().replace('-', '_')}", "")
        person = proxy.person_of(_utf8(named), _peer_in(request), ip_in(request))
    return Presented(
        cookie=cookie_in(meta.get("HTTP_COOKIE", "")),
        key=key_in(meta.get("HTTP_X_API_KEY", ""), meta.get("HTTP_AUTHORIZATION", "")),
        agent_name=meta.get("HTTP_X_AGENT_NAME", "").strip(),
        person=person,
    )


def _utf8(header: str) -> str:
    """Headers arrive as Latin-1; names of people are mostly sent as UTF-8."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header


def _peer_by(scope: dict[str, Any]) -> str:
    return str((scope.get("client") or ("unknown", 0))[0])


def _peer_in(request: HttpRequest) -> str:
    return request.META.get("REMOTE_ADDR") or "unknown"


def ip_by(scope: dict[str, Any]) -> str:
    """The caller's address, by the rules of `core.http.client_ip`."""
    headers = headers_of(scope)
    return client_ip(
        _peer_by(scope),
        forwarded_for=text_of(headers, b"x-forwarded-for"),
        real_ip=text_of(headers, b"x-real-ip"),
        trusted=settings.TRUSTED_PROXIES,
    )


def ip_in(request: HttpRequest) -> str:
    meta = request.META
    return client_ip(
        _peer_in(request),
        forwarded_for=meta.get("HTTP_X_FORWARDED_FOR", ""),
        real_ip=meta.get("HTTP_X_REAL_IP", ""),
        trusted=settings.TRUSTED_PROXIES,
    )
