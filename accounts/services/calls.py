"""Idempotency keys: the first call has the effect, the others get its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import IdempotentCall
from core.ages import remove_in_order
from core.errors import Conflict
from core.rows import ask, fresh, insert, places

# How long a call may run before its key is free again. Its effects and its answer are one transaction, so that of a
# caller who died in between nothing is left.
LONGEST_RUN = timedelta(seconds=60)


Name = tuple[str, str, str, str]
NAME = ("caller", "method", "route", "key")


@dataclass(frozen=True, slots=True)
class Call:
    """Who asked for what. `fingerprint` is the SHA-256 of method, path and canonical body."""

    caller: str
    method: str
    route: str
    key: str
    fingerprint: str

    @property
    def name(self) -> Name:
        return self.caller, self.method, self.route, self.key


def begin_call(call: Call, *, now: datetime) -> IdempotentCall:
    """The row of this key: with its answer when it has run before. Raises Conflict for another body, and while the
    first call is running."""
    names = {"caller": call.caller, "method": call.method, "route": call.route, "key": call.key}
    try:
        with transaction.atomic():
            return IdempotentCall.objects.create(**names, fingerprint=call.fingerprint, began_at=now)
    except IntegrityError:
        row = IdempotentCall.objects.filter(**names).first()
    if row is None:  # given back at this moment
        return begin_call(call, now=now)
    kept = timedelta(hours=settings.IDEMPOTENCY_TTL_HOURS) if row.status is not None else LONGEST_RUN
    if row.began_at <= now - kept:
        return _take_over(row, call, now)
    if row.fingerprint != call.fingerprint:
        raise Conflict("This idempotency key was used for another request", code="IDEMPOTENCY_CONFLICT")
    if row.status is None:
        raise _running()
    return row


def _take_over(row: IdempotentCall, call: Call, now: datetime) -> IdempotentCall:
    fresh = {"fingerprint": call.fingerprint, "began_at": now, "status": None, "answer": None}
    if not IdempotentCall.objects.filter(pk=row.pk, began_at=row.began_at).update(**fresh):
        raise _running()
    row.refresh_from_db()
    return row


def _running() -> Conflict:
    return Conflict("The first request with this idempotency key is still running", code="IDEMPOTENCY_IN_PROGRESS")


def finish_call(row: IdempotentCall, *, status: int, answer: str) -> None:
    """Keep the answer; in the transaction of the effects. Raises Conflict when somebody else has taken the key over."""
    mine = IdempotentCall.objects.filter(pk=row.pk, began_at=row.began_at, status=None)
    if not mine.update(status=status, answer=answer):
        raise _running()


def give_back_call(row: IdempotentCall) -> None:
    """The call failed: its key may be used for a corrected one."""
    IdempotentCall.objects.filter(pk=row.pk, began_at=row.began_at, status=None).delete()


def known_calls(calls: Sequence[Call]) -> set[Name]:
    """The names of those whose keys have been used, whatever for; perhaps of others, too."""
    if not calls:
        return set()
    columns = [sorted(set(column)) for column in zip(*(call.name for call in calls), strict=True)]
    among = " AND ".join(f'"{name}" IN ({places(column)})' for name, column in zip(NAME, columns, strict=True))
    # Written out: it is asked with every batch of reports.
    rows = ask(
        f'SELECT caller, method, route, "key" FROM {IdempotentCall._meta.db_table} WHERE {among}',
        [value for column in columns for value in column],
    )
    return {(caller, method, route, key) for caller, method, route, key in rows}


def keep_calls(answers: Sequence[tuple[Call, int, str]], *, now: datetime) -> None:
    """Many calls that begin and end in one transaction, with status and answer. Raises IntegrityError when somebody
    else has begun one of them."""
    insert(
        [
            fresh(
                IdempotentCall,
                caller=call.caller,
                method=call.method,
                route=call.route,
                key=call.key,
                fingerprint=call.fingerprint,
                status=status,
                answer=answer,
                began_at=now,
            )
            for call, status, answer in answers
        ]
    )


def forget_calls(*, now: datetime) -> int:
    """Remove the keys whose time is over; returns how many."""
    oldest = now - timedelta(hours=settings.IDEMPOTENCY_TTL_HOURS)
    return remove_in_order(IdempotentCall.objects.filter(began_at__lte=oldest).order_by("began_at"))
