"""What strangers could make use of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from ipaddress import ip_address

from django.conf import settings

from accounts.models import User
from accounts.passwords import COMMON
from system import diagnostics

from .finding import Finding, Verdict, judged

ADMINS_LOOKED_AT = 10
FIXES = {
    "API keys": "Set API_KEY and MC_API_KEYS to random texts of at least 16 characters.",
    "Administrators": "Keep one to five: people who only watch or decide are viewers and operators.",
    "Rate limits": "Unset MC_DISABLE_RATE_LIMIT.",
    "Host names": "Set MC_ALLOWED_HOSTS to the names that this server is reached by.",
    "Secure cookie": "Unset MC_COOKIE_SECURE, or set it to 1 behind TLS.",
    "Strict transport security": "Unset MC_DISABLE_HSTS.",
}


def examine(now: datetime) -> Iterator[Finding]:
    yield _passwords()
    yield _address()
    yield judged(
        "Debugging",
        "pages of errors show the code and its settings" if settings.DEBUG else "off",
        unless=settings.DEBUG,
        fix="Set DEBUG to False.",
    )
    for check in diagnostics.checks():
        if fix := FIXES.get(check.name):
            yield judged(check.name, check.detail, unless=not check.passes, verdict=Verdict.DOUBTFUL, fix=fix)


def _passwords() -> Finding:
    """Looks at administrators alone: trying a password takes as long as it takes those who guess."""
    admins = User.objects.filter(role="admin", is_active=True).order_by("id")[:ADMINS_LOOKED_AT]
    weak = [user.username for user in admins if any(user.check_password(word) for word in {*COMMON, user.username})]
    return judged(
        "Passwords",
        f"everybody's first guess opens {', '.join(weak)}" if weak else "no administrator has one that is tried first",
        unless=bool(weak),
        fix="Change it on the admin site, or with `manage.py changepassword`.",
    )


def _address() -> Finding:
    is_open = not _is_loopback(settings.HOST)
    is_proxied = bool(settings.TRUSTED_PROXIES)
    return judged(
        "Address",
        f"listens on {settings.HOST}" + (", behind a proxy" if is_open and is_proxied else ""),
        unless=is_open and not is_proxied,
        verdict=Verdict.DOUBTFUL,
        fix="Keys and pages travel in the clear: put a proxy with TLS in front and name it in MC_TRUSTED_PROXIES.",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
