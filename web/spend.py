"""Money for pages: sums of the roll-ups, never of single reports."""

from datetime import UTC, datetime

from django.db.models import Sum

from tokens.models import Rollup


def spent_today(workspace_id: int, now: datetime) -> int:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Rollup.objects.filter(
        workspace_id=workspace_id, dimension=Rollup.Dimension.TOTAL, starts__gte=int(midnight.timestamp())
    )
    return rows.aggregate(total=Sum("cost_microusd"))["total"] or 0
