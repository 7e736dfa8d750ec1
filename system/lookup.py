"""Settings as the rest of the product reads them: from memory, looked up again every few seconds."""

from __future__ import annotations

import contextlib
import time

from .definitions import definitions, given
from .models import Setting

# Seconds after which what another process has set is noticed.
SECONDS = 2.0
_known: tuple[float, dict[str, str]] | None = None


def value(key: str) -> str:
    """What was set, else the default, else the empty text."""
    chosen = _chosen().get(key)
    if chosen is not None:
        return chosen
    definition = definitions().get(key)
    return definition.default if definition else ""


def is_set(key: str) -> bool:
    """Whether somebody chose the value: an administrator, or who set the environment."""
    return key in _chosen() or bool(given(key))


def flag(key: str) -> bool:
    return value(key) == "true"


def number(key: str, *, low: int, high: int) -> int:
    """A whole number within bounds; what is none gives the default."""
    for text in (value(key), definitions()[key].default):
        with contextlib.suppress(ValueError):
            return min(max(int(text), low), high)
    return low


def forget() -> None:
    """Look at the table again: what this process has set counts at once."""
    global _known
    _known = None


def _chosen() -> dict[str, str]:
    global _known
    now = time.monotonic()
    if _known is None or now - _known[0] > SECONDS:
        _known = now, dict(Setting.objects.values_list("key", "value"))
    return _known[1]
