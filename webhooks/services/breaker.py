"""The circuit breaker of an endpoint: after some failures in a row it is left alone, then tried with one request."""

from __future__ import annotations

from datetime import datetime, timedelta

from webhooks.models import Webhook
from webhooks.posting import Outcome

# Failures in a row that open it.
STRIKES = 5
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=5)


def is_half_open(webhook: Webhook) -> bool:
    """Open, and its pause is over: one request shall tell how the endpoint is."""
    return webhook.strikes >= STRIKES


def close(webhook: Webhook) -> None:
    webhook.strikes, webhook.paused_until = 0, None


def strike(webhook: Webhook, outcome: Outcome, *, now: datetime) -> None:
    """Count a failed request. Those that were under way together with the one that opened it count once."""
    if webhook.paused_until is None or webhook.paused_until <= now:
        webhook.strikes += 1
        pause = pause_after(webhook.strikes)
        if pause is not None:
            webhook.paused_until = now + pause
    if outcome.retry_after:
        asked = now + timedelta(seconds=outcome.retry_after)
        webhook.paused_until = max(asked, webhook.paused_until or asked)


def pause_after(strikes: int) -> timedelta | None:
    if strikes < STRIKES:
        return None
    return min(FIRST_PAUSE * (1 << min(strikes - STRIKES, 10)), LONGEST_PAUSE)
