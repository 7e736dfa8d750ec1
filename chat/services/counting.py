"""The counts of who speaks with whom, made anew from those of each conversation."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max, Sum

from chat.models import Line, Pair

COLUMNS = ("workspace_id", "from_agent", "to_agent", "is_between_agents")


@transaction.atomic
def count_lines() -> None:
    """After conversations came from elsewhere with their counts."""
    sums = Pair.objects.values(*COLUMNS).annotate(said=Sum("message_count"), last=Max("last_message_at")).order_by()
    Line.objects.all().delete()
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
