"""The environment, read in one way: `NAME`, or the file that `NAME_FILE` points to."""

from __future__ import annotations

import math
import os
from datetime import time
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from core import pins

_env = environ.FileAwareEnv()
TRUE = {"1", "true", "yes", "on"}
# What stands in the sample of existing deployments' configuration: whoever left it there has chosen no key.
SAMPLE_KEY = "generate-a-random-key"
# Every name that was asked for, so that one which nobody reads can be told of.
ASKED_FOR: set[str] = set()


def text(name: str, default: str = "") -> str:
    """An empty value counts as unset, as in a compose file that passes everything through."""
    ASKED_FOR.add(name)
    return str(_env.str(name, default=default)).strip() or default


def first(*names: str) -> str:
    """The first of these that is set: a name of today before those of older deployments."""
    return next(filter(None, map(text, names)), "")


def flag(name: str, default: bool = False) -> bool:
    word = text(name)
    return word.lower() in TRUE if word else default


def number(name: str, default: int) -> int:
    """Numbers that cannot be read fall back to the default, as existing deployments expect."""
    try:
        return int(text(name, str(default)))
    except ValueError:
        return default


def limit(name: str, default: int) -> int:
    """A number from 0 up; anything else falls back to the default."""
    wanted = number(name, default)
    return wanted if 0 <= wanted < 1_000_000 else default


def days(name: str, default: int) -> int:
    """How long something is kept: at most ten years, 0 is for ever."""
    wanted = number(name, default)
    return min(wanted, 3650) if wanted >= 0 else default


def real(name: str, default: float) -> float:
    """As `number`, with fractions."""
    try:
        value = float(text(name, str(default)))
    except ValueError:
        return default
    if not math.isfinite(value):
        return default
    return int(value) if value.is_integer() else value


def clock(name: str, default: str) -> time:
    """A time of day, `09:00`. What cannot be read falls back to the default."""
    try:
        return time.fromisoformat(text(name, default)).replace(tzinfo=None)
    except ValueError:
        return time.fromisoformat(default)


def dollars(name: str, default: float) -> int:
    """An amount of dollars, as micro-dollars; anything below 0 falls back to the default."""
    wanted = real(name, default)
    return round((wanted if 0 <= wanted <= 1_000_000_000 else default) * 1_000_000)


def words(name: str) -> list[str]:
    return [word.strip() for word in text(name).split(",") if word.strip()]


def pin(name: str) -> str:
    """The SHA-256 of a PIN, which nothing else is kept of; empty when there is none."""
    chosen = text(name)
    if chosen and not pins.is_allowed(chosen):
        raise ImproperlyConfigured(f"{name} {pins.RULE}.")
    return pins.token_of(chosen)


def networks(name: str) -> list[str]:
    """Addresses and networks, `10.1.0.0/16`. What cannot be read opens nothing."""
    return [word for word in words(name) if _is_network(word)]


def _is_network(word: str) -> bool:
    try:
        ip_network(word, strict=False)
    except ValueError:
        return False
    return True


def mail(url: str) -> dict[str, Any]:
    """Django's settings for a mail server, from `smtp+tls://user:password@host:587`; without one there is no mail."""
    if not url:
        return {}
    found: dict[str, Any] = environ.Env.email_url_config(url)
    usual = 465 if found.get("EMAIL_USE_SSL") else 587 if found.get("EMAIL_USE_TLS") else 25
    return {**found, "EMAIL_PORT": found["EMAIL_PORT"] or usual}


def api_key() -> str:
    """The administrator's key that somebody chose, or the empty text."""
    key = text("API_KEY")
    return "" if key == SAMPLE_KEY else key


def openclaw_home() -> Path:
    chosen = first("OPENCLAW_STATE_DIR", "CLAWDBOT_STATE_DIR", "OPENCLAW_HOME", "CLAWDBOT_HOME")
    beside_its_file = os.path.dirname(text("OPENCLAW_CONFIG_PATH"))
    return Path(os.path.expanduser(chosen or beside_its_file or "~/.openclaw"))


def data_dir() -> Path:
    chosen = text("MC_DATA_DIR") or text("MISSION_CONTROL_DATA_DIR") or ".data"
    return Path(os.path.expanduser(chosen)).resolve()
