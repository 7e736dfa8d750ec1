"""The keys under which tasks, moves and messages were made. They stay with the rows: nothing is made twice under one,
also when the answer that was kept of the call has long been forgotten.
"""

from __future__ import annotations

from typing import TypeVar

from tasks.models import Brief, Comment, Transition

K = TypeVar("K", bound=Brief | Transition | Comment)


def made_under(model: type[K], *, by: str, key: str) -> K | None:
    """`by` is the workspace and the caller."""
    found: K | None = model._base_manager.filter(keyed_by=by, idempotency_key=key).first()  # type: ignore[assignment]
    return found


def keep_key(row: Brief | Transition | Comment, *, by: str, key: str) -> None:
    """In the transaction that made the row. One that has its key already, because it is told again, keeps that."""
    rows = type(row)._base_manager.filter(pk=row.pk, idempotency_key=None)
    rows.update(keyed_by=by, idempotency_key=key)
