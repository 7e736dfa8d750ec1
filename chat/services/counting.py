"""The counts of who speaks with whom, made anew from those of each conversation."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max, Sum

from chat.models import Line, Pair

COLUMNS = ("workspace_id", "from_agent", "to_agent", "is_between_agents")


@transaction.atomic
def count_lines(*, workspace_id: int | None = None) -> None:
    """After conversations came from elsewhere with their counts: in one workspace, or in all."""
    pairs, lines = Pair.objects.all(), Line.objects.all()
    if workspace_id is not None:
        pairs, lines = pairs.filter(workspace_id=workspace_id), lines.filter(workspace_id=workspace_id)
    sums = pairs.values(*COLUMNS).annotate(said=Sum("message_count"), last=Max("last_message_at")).order_by()
    lines.delete()
    Line.objects.bulk_create(
        (
            Line(
                **{column: row[column] for column in COLUMNS},
                message_count=row["said"],
                last_message_at=row["last"],
            )
            for row in sums
        ),
        batch_size=500,
    )
