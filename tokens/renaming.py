"""A new name for one who spends."""

from __future__ import annotations

from django.db import transaction

from .models import Rollup, TokenUsage
from .services import Sums

D = Rollup.Dimension


@transaction.atomic
def rename_spender(*, workspace_id: int, old: str, new: str) -> None:
    """Its reports and what they add up to are under the new name. Sessions keep the names that they were reported
    under: whoever goes on to report under one of those is somebody else."""
    TokenUsage.objects.in_workspace(workspace_id).filter(agent_name=old).update(agent_name=new)
    found = Rollup.objects.filter(workspace_id=workspace_id, dimension__in=[D.AGENT, D.SESSION], key=old)
    rows = list(found.select_for_update().order_by("dimension", "starts", "part"))
    sums = Sums()
    for row in rows:
        part = f"?{old}{row.part}" if row.dimension == D.SESSION and not row.part.startswith("?") else row.part
        slot = (workspace_id, row.dimension, row.starts, new, part)
        sums.put(slot, [row.input_tokens, row.output_tokens, row.cost_microusd, row.requests], last=row.last)
    Rollup.objects.filter(pk__in=[row.pk for row in rows]).delete()
    sums.save()
