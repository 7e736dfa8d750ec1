"""The ways out: one module for each, all bounded in time and size."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from notifications.models import Notification

from . import mail, slack, telegram
from .message import Message, Outcome, scrubbed

Send = Callable[[Message], Awaitable[Outcome]]
SENDERS: dict[str, Send] = {
    Notification.Channel.TELEGRAM: telegram.send,
    Notification.Channel.SLACK: slack.send,
    Notification.Channel.EMAIL: mail.send,
}
AT_ONCE = 10
log = structlog.get_logger(__name__)


def send_all(messages: Sequence[Message]) -> list[Outcome]:
    """What became of each; some at once, so that one that keeps silent does not keep the others waiting."""
    return asyncio.run(_send_all(messages))


async def _send_all(messages: Sequence[Message]) -> list[Outcome]:
    places = asyncio.Semaphore(AT_ONCE)

    async def send(message: Message) -> Outcome:
        async with places:
            try:
                return await SENDERS[message.channel](message)
            except Exception as error:  # noqa: BLE001 - whatever one of them does must not stop the others
                log.error("notification_not_sent", channel=message.channel, error=type(error).__name__)
                return Outcome(error=f"Cannot be sent: {type(error).__name__}")

    return list(await asyncio.gather(*map(send, messages)))


__all__ = ["Message", "Outcome", "scrubbed", "send_all"]
