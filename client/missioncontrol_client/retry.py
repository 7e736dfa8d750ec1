"""When to try again, and after how long."""

from __future__ import annotations

import random
from dataclasses import dataclass

from .errors import ApiError, Conflict, MissionControlError, NetworkError, RateLimited

_GATEWAY_TROUBLE = {502, 503, 504}


@dataclass(frozen=True, slots=True)
class Retry:
    """How often to try again. A call keeps its idempotency key, so that trying again never does a thing twice."""

    rate_limited: int = 3
    trouble: int = 2
    backoff: float = 0.5
    longest_wait: float = 120.0
    # What a 429 without Retry-After means.
    unsaid_wait: float = 60.0

    @classmethod
    def never(cls) -> Retry:
        return cls(rate_limited=0, trouble=0)


class Attempts:
    """The tries of one call."""

    def __init__(self, retry: Retry) -> None:
        self.retry = retry
        self.limited = 0
        self.troubled = 0

    def wait_after(self, error: MissionControlError) -> float | None:
        """Seconds to wait before the next try; None: give up."""
        if isinstance(error, RateLimited):
            self.limited += 1
            wait = self.retry.unsaid_wait if error.retry_after is None else error.retry_after
            if self.limited > self.retry.rate_limited or wait > self.retry.longest_wait:
                return None
            # Never earlier than told; a little later, so that a fleet does not come back as one.
            return wait + random.uniform(0, min(1.0, wait / 10))
        if not _is_passing(error):
            return None
        self.troubled += 1
        if self.troubled > self.retry.trouble:
            return None
        wait = self.retry.backoff * 2.0 ** (self.troubled - 1) * random.uniform(0.5, 1.5)
        told = error.retry_after if isinstance(error, ApiError) else None
        if told is not None and told > self.retry.longest_wait:
            return None
        return max(wait, told or 0.0)


def _is_passing(error: MissionControlError) -> bool:
    if isinstance(error, Conflict):
        return error.code == "IDEMPOTENCY_IN_PROGRESS"
    return isinstance(error, NetworkError) or (isinstance(error, ApiError) and error.status in _GATEWAY_TROUBLE)
