"""Long polls of this dialect: `wait=<seconds>` on a GET, answered as soon as there is something to tell."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import QueryDict

from api.schemas import Schema
from core.errors import Invalid
from realtime.waiting import LONGEST, wait_for

from .base import COUNTED, V1View

WAIT: Schema = {
    "type": "integer",
    "minimum": 0,
    "maximum": LONGEST,
    "default": 0,
    "description": "Seconds to wait for news before answering; the answer comes as soon as there is some.",
}


def seconds_in(query: QueryDict) -> int:
    text = query.get("wait", "")
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= LONGEST):
        raise Invalid.fields(f"wait: must be a whole number of seconds from 0 to {LONGEST}")
    return int(text)


def hold(view: V1View, *, kinds: Iterable[str], subject: str, seconds: float) -> None:
    """Keep this view's answer back until such an event of the subject; then the view is asked again."""
    scope = getattr(view.request._request, "scope", None)
    if scope is not None and seconds > 0:
        # Counted once, however often it is looked at anew.
        scope[COUNTED] = view.usage
        wait_for(scope, kinds=kinds, subject=subject, seconds=seconds)
