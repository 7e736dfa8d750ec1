"""Whether people can be told outside of the dashboard. Nobody is told anything by this."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from smtplib import SMTPAuthenticationError, SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import get_connection

from notifications.channels import Outcome, scrubbed
from notifications.channels.calling import Answer, post
from notifications.models import Notification
from notifications.preferences import any_is_set_up, is_set_up

from .finding import Finding, Verdict, judged

Channel = Notification.Channel
LATELY = timedelta(days=1)
OUT_OF_REACH = "Let the server reach it: look at its network, its names and its proxy."
TOKEN = "Set MC_TELEGRAM_BOT_TOKEN to the token that the bot was made with."
CHAT = "Correct MC_TELEGRAM_CHAT_ID, and write to the bot once from that chat, or add it there."
SLACK = "Make a new incoming webhook in Slack, and set MC_SLACK_WEBHOOK_URL to it."


def examine(now: datetime) -> Iterator[Finding]:
    if not any_is_set_up():
        yield Finding("Channels", Verdict.GOOD, "none is set up: people are told by the dashboard alone")
        return
    if is_set_up(Channel.TELEGRAM):
        yield _telegram()
    if is_set_up(Channel.SLACK):
        yield _slack()
    if is_set_up(Channel.EMAIL):
        yield from _mail()
    failed = Notification.objects.filter(failed_at__gte=now - LATELY).count()
    yield judged(
        "Told outside",
        f"{failed} notifications could not be delivered since yesterday"
        if failed
        else "nothing failed since yesterday",
        unless=failed > 0,
        verdict=Verdict.DOUBTFUL,
        fix="Their errors stand beside them on the admin site; mend the channel, or the address that people gave.",
    )


def _telegram() -> Finding:
    answer = _ask("getMe", {})
    if isinstance(answer, Outcome):
        return _unreachable("Telegram", answer)
    if answer.status in (401, 404):
        return Finding("Telegram", Verdict.BAD, "the API does not know the bot's token", TOKEN)
    if not answer.content.get("ok"):
        return Finding("Telegram", Verdict.DOUBTFUL, f"the API answers {answer.status}", OUT_OF_REACH)
    if not settings.TELEGRAM_CHAT_ID:
        detail = "the bot is well; without MC_TELEGRAM_CHAT_ID it tells those alone who gave a chat of their own"
        return Finding("Telegram", Verdict.DOUBTFUL, detail, "Set MC_TELEGRAM_CHAT_ID to the operators' chat.")
    chat = _ask("getChat", {"chat_id": settings.TELEGRAM_CHAT_ID})
    if isinstance(chat, Outcome):
        return _unreachable("Telegram", chat)
    is_known = bool(chat.content.get("ok"))
    said = scrubbed(str(chat.content.get("description") or chat.status))
    return judged(
        "Telegram",
        "the bot and its chat are well" if is_known else f"the bot is well, and cannot write to its chat: {said}",
        unless=not is_known,
        fix=CHAT,
    )


def _ask(method: str, content: dict[str, Any]) -> Answer | Outcome:
    return asyncio.run(post(f"{settings.TELEGRAM_API_URL}/bot{settings.TELEGRAM_BOT_TOKEN}/{method}", content))


def _slack() -> Finding:
    """A message without a text is refused by a webhook that is well."""
    answer = asyncio.run(post(settings.SLACK_WEBHOOK_URL, {}))
    if isinstance(answer, Outcome):
        return _unreachable("Slack", answer)
    said = scrubbed(answer.body.decode("utf-8", "replace"))
    if answer.status == 400 and ("no_text" in said or "invalid_payload" in said):
        return Finding("Slack", Verdict.GOOD, "the webhook answers")
    if answer.status in (401, 403, 404, 410):
        return Finding("Slack", Verdict.BAD, f"the webhook is no more: {said or answer.status}", SLACK)
    return Finding("Slack", Verdict.DOUBTFUL, f"the webhook answers {answer.status}: {said}", SLACK)


def _mail() -> Iterator[Finding]:
    connection = get_connection()
    try:
        connection.open()
        connection.close()
    except SMTPAuthenticationError as error:
        fix = "Correct the name and the password in EMAIL_URL."
        yield Finding("Mail", Verdict.BAD, f"the mail server refuses the sign-in ({error.smtp_code})", fix)
        return
    except (SMTPException, OSError) as error:
        fix = "Look at host, port and encryption in EMAIL_URL: smtp+tls://name:password@host:587"
        yield Finding("Mail", Verdict.BAD, f"the mail server cannot be used: {type(error).__name__}", fix)
        return
    is_ours = settings.DEFAULT_FROM_EMAIL.endswith("@localhost")
    yield judged(
        "Mail",
        f"the mail server answers; letters come from {settings.DEFAULT_FROM_EMAIL}",
        unless=is_ours,
        verdict=Verdict.DOUBTFUL,
        fix="Set DEFAULT_FROM_EMAIL to an address of yours: mailboxes refuse letters from localhost.",
    )


def _unreachable(name: str, outcome: Outcome) -> Finding:
    return Finding(name, Verdict.BAD, f"out of reach: {outcome.error}", OUT_OF_REACH)
