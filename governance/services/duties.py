"""Work that the clock asks for: one process does it at a time, and people hear of it when it keeps failing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime

import structlog

from accounts.services import open_default_workspace
from activity.leases import lease
from core.actors import system
from governance.models import Alert

from .alerts import Trouble, open_alert

# Work that takes longer than this is taken for dead, and begun again.
LEASE_SECONDS = 300
TELL_AT = 3
Duty = Callable[[datetime], int]
failures: Counter[str] = Counter()
log = structlog.get_logger(__name__)


def do_alone(name: str, duty: Duty, *, now: datetime) -> int:
    """What the duty returns; 0 when another process is at it, and when it failed."""
    with lease(f"duty:{name}", now=now, seconds=LEASE_SECONDS) as got:
        if not got:
            return 0
        try:
            done = duty(now)
        except Exception as error:  # noqa: BLE001 - one duty that fails must not stop the worker
            log.exception("duty_failed", duty=name)
            note_failure(name, error, now)
            return 0
    note_success(name)
    return done


def note_success(name: str) -> None:
    failures.pop(name, None)


def note_failure(name: str, error: BaseException, now: datetime) -> None:
    """Told from the third in a row on; an alert that is still open counts the others."""
    failures[name] += 1
    if failures[name] < TELL_AT:
        return
    trouble = Trouble(
        "SYSTEM_ERROR",
        Alert.Severity.CRITICAL,
        f"The worker failed {failures[name]} times in a row: {name}",
        f"{type(error).__name__}: the worker's log says more.",
        metadata={"job": name},
    )
    open_alert(trouble=trouble, actor=system(open_default_workspace().pk), now=now)
