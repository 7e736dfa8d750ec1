"""What administrators look at first when something is wrong: how safely, and on what, this deployment runs."""

from __future__ import annotations

import os
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from accounts.models import User

SHORTEST_KEY = 16
ADMINS_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    passes: bool
    detail: str


def checks() -> list[Check]:
    """Settings that strangers could make use of. Says nothing of the secrets themselves."""
    return [
        _strong_key(),
        _few_admins(),
        Check(
            "Rate limits",
            not settings.RATE_LIMITS_OFF,
            "Switched off by MC_DISABLE_RATE_LIMIT" if settings.RATE_LIMITS_OFF else "Requests are limited",
        ),
        _hosts(),
        Check(
            "Secure cookie",
            settings.COOKIE_SECURE is not False,
            "MC_COOKIE_SECURE is off" if settings.COOKIE_SECURE is False else "Set whenever the request is HTTPS",
        ),
        Check(
            "Strict transport security",
            bool(settings.HSTS),
            "Sent behind TLS" if settings.HSTS else "Switched off by MC_DISABLE_HSTS",
        ),
        _private_folder(),
    ]


def score(results: list[Check]) -> int:
    """Percent of the checks that pass."""
    return round(100 * sum(check.passes for check in results) / len(results))


def writes_ahead() -> bool:
    """Whether SQLite keeps a write-ahead log; PostgreSQL always does."""
    if connection.vendor != "sqlite":
        return True
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        return str(cursor.fetchone()[0]).lower() == "wal"


def newest_migration() -> str | None:
    row = MigrationRecorder(connection).migration_qs.order_by("-id").values_list("app", "name").first()
    return f"{row[0]}.{row[1]}" if row else None


def _strong_key() -> Check:
    short = [role for role, key in settings.ENVIRONMENT_KEYS if len(key) < SHORTEST_KEY]
    detail = f"Shorter than {SHORTEST_KEY} characters: {', '.join(short)}" if short else "Long enough"
    return Check("API keys", not short, detail)


def _few_admins() -> Check:
    admins = User.objects.filter(role="admin", is_active=True).count()
    return Check("Administrators", 0 < admins <= ADMINS_AT_MOST, f"{admins} can sign in")


def _hosts() -> Check:
    limited = bool(settings.HOSTS_ALLOWED) and not settings.ALLOW_ANY_HOST
    detail = "Listed in MC_ALLOWED_HOSTS" if limited else "Any name is answered: set MC_ALLOWED_HOSTS"
    return Check("Host names", limited, detail)


def _private_folder() -> Check:
    open_to_others = bool(os.stat(settings.DATA_DIR).st_mode & 0o002)
    detail = "Everybody on the machine may write to it" if open_to_others else "Not writable for everybody"
    return Check("Data folder", not open_to_others, detail)
