"""Whether there is a newer release. Asks only when the deployment says where."""

from __future__ import annotations

import re
import threading
import time
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

import orjson
import structlog
from django.conf import settings

from . import machine

TIMEOUT = 3.0
LARGEST_ANSWER = 1024 * 1024
KNOWN_SECONDS, FAILED_SECONDS = 3600, 600
NUMBERS = re.compile(r"\d{1,9}(?:\.\d{1,9})*")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Release:
    version: str
    url: str
    notes: str


@dataclass(frozen=True, slots=True)
class Check:
    """`answer` in the words of the dialects; nobody need ask again for `seconds`."""

    answer: dict[str, Any]
    seconds: int


_lock = threading.Lock()
# Address → until when, and what was found there.
_known: dict[str, tuple[float, Release | None]] = {}


def check() -> Check:
    release = _latest(settings.RELEASES_URL) if settings.RELEASES_URL else None
    if release is None:
        return Check({"updateAvailable": False, "currentVersion": settings.VERSION}, FAILED_SECONDS)
    answer = {
        "updateAvailable": numbers(release.version) > numbers(settings.VERSION),
        "currentVersion": settings.VERSION,
        "latestVersion": release.version,
        "releaseUrl": release.url,
        "releaseNotes": release.notes,
        "deploymentMode": "docker" if machine.is_container() else "bare-metal",
    }
    return Check(answer, KNOWN_SECONDS)


def numbers(version: str) -> tuple[int, ...]:
    """`v1.20.0-rc1` → (1, 20): numeric parts, without the zeros at the end, so that 1.2 is 1.2.0."""
    found = NUMBERS.search(version)
    parts = [int(part) for part in found[0].split(".")] if found else []
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def forget() -> None:
    _known.clear()


def _latest(url: str) -> Release | None:
    """What is there now, remembered for an hour; a failure for ten minutes. One thread asks, the others wait."""
    with _lock:
        until, release = _known.get(url, (0.0, None))
        if time.monotonic() >= until:
            release = _ask(url)
            _known[url] = (time.monotonic() + (KNOWN_SECONDS if release else FAILED_SECONDS), release)
        return release


def _ask(url: str) -> Release | None:
    headers = {"Accept": "application/json", "User-Agent": f"MissionControl/{settings.VERSION}"}
    try:
        if not url.startswith(("http://", "https://")):
            raise ValueError("only http and https are asked")
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT) as answer:
            return _release(orjson.loads(answer.read(LARGEST_ANSWER)))
    except (OSError, HTTPException, ValueError) as error:
        log.info("release_check_failed", error=str(error))
        return None


def _release(body: Any) -> Release:
    tag = body.get("tag_name") if isinstance(body, dict) else None
    if not isinstance(tag, str) or not NUMBERS.search(tag):
        raise ValueError("the answer names no release")
    url, notes = body.get("html_url"), body.get("body")
    return Release(tag.removeprefix("v"), url if isinstance(url, str) else "", notes if isinstance(notes, str) else "")
