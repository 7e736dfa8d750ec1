"""What goes out, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

LONGEST_ERROR = 300


@dataclass(frozen=True, slots=True)
class Message:
    """`type` is the v1 dialect's word, `address` a chat or a mailbox."""

    id: int
    channel: str
    address: str
    type: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """An error that may pass is worth another attempt, not before `patience` seconds."""

    error: str | None = None
    passing: bool = False
    external_id: str | None = None
    patience: int = 0


def cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def scrubbed(text: str) -> str:
    """Fit to be stored and shown: short, and without what only this deployment may know."""
    for secret in (settings.TELEGRAM_BOT_TOKEN, settings.SLACK_WEBHOOK_URL, settings.EMAIL_HOST_PASSWORD):
        if secret:
            text = text.replace(secret, "[redacted]")
    return cut(" ".join(text.replace("\0", " ").split()), LONGEST_ERROR)
