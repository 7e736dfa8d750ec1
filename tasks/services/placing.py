"""Places on the board: a card's position between its neighbours."""

from __future__ import annotations

from django.db import connection, transaction

from core.rows import places
from tasks.models import COLUMN_OF, Task


@transaction.atomic
def place_between(*, workspace_id: int, above: int | None, below: int | None) -> float | None:
    """The position half way between two cards, by their ids; None when neither is there any more.

    Halving runs out after some fifty drops on one spot; the column is then spread out again, in the same order.
    """
    top, bottom = _positions(workspace_id, above, below)
    if top is None or bottom is None:
        return _beside(top, bottom)
    if not top < (top + bottom) / 2 < bottom:
        _spread_out(workspace_id, above or 0)
        top, bottom = _positions(workspace_id, above, below)
        if top is None or bottom is None:
            return _beside(top, bottom)
    return (top + bottom) / 2


def _positions(workspace_id: int, above: int | None, below: int | None) -> tuple[float | None, float | None]:
    neighbours = Task.objects.in_workspace(workspace_id).filter(id__in=[id for id in (above, below) if id])
    found: dict[int, float] = dict(neighbours.values_list("id", "position"))
    return found.get(above or 0), found.get(below or 0)


def _beside(top: float | None, bottom: float | None) -> float | None:
    if top is not None:
        return top + 1
    return None if bottom is None else bottom - 1


def _spread_out(workspace_id: int, id: int) -> None:
    """Give the cards of this card's column whole steps of one, from the top card's position downwards."""
    column = COLUMN_OF[Task.objects.values_list("status", flat=True).get(id=id)]
    statuses = [str(status) for status, where in COLUMN_OF.items() if where == column]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tasks_task SET position = spread.position FROM (SELECT id, min(position) OVER () - 1"
            " + row_number() OVER (ORDER BY position, id) AS position FROM tasks_task"
            f" WHERE workspace_id = %s AND status IN ({places(statuses)})) AS spread WHERE tasks_task.id = spread.id",
            [workspace_id, *statuses],
        )
