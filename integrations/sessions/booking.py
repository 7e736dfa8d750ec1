"""What local sessions used, in the cost panels: each message once, in the hour in which it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from accounts.models import DEFAULT_WORKSPACE
from core.rows import fresh, insert
from integrations.models import CountedMessage
from tokens.models import LONGEST_SESSION, TokenUsage
from tokens.prices import priced, rates
from tokens.services import Sums

from .tally import Usage

OPERATION = "local session"
UNKNOWN_MODEL = "unknown"
AT_ONCE = 500


def book(usages: Sequence[Usage], *, agent: str, tool: str) -> int:
    """Book what is not booked yet, as one row for each model and hour; in the caller's transaction. Returns how many
    rows."""
    new = _uncounted(usages)
    hours: dict[datetime, dict[str, list[Usage]]] = defaultdict(lambda: defaultdict(list))
    for usage in new:
        hours[usage.at.replace(minute=0, second=0, microsecond=0)][usage.model or UNKNOWN_MODEL].append(usage)
    sums, n = Sums(), 0
    for hour in sorted(hours):
        rows = [_row(model, some, agent, tool) for model, some in sorted(hours[hour].items())]
        insert(rows)
        sums.add(rows, max(row.at for row in rows))
        n += len(rows)
    if n:
        sums.save()
    return n


def _row(model: str, usages: Sequence[Usage], agent: str, tool: str) -> TokenUsage:
    read, written = sum(each.cache_read for each in usages), sum(each.cache_write for each in usages)
    plain, output = sum(each.input for each in usages), sum(each.output for each in usages)
    return fresh(
        TokenUsage,
        workspace_id=DEFAULT_WORKSPACE,
        model=model,
        session_id=f"{agent}:{tool}"[:LONGEST_SESSION],
        agent_name=agent,
        input_tokens=plain + read + written,
        output_tokens=output,
        cost_microusd=priced(rates(model), input=plain, output=output, cache_read=read, cache_write=written),
        operation=OPERATION,
        duration_ms=None,
        task_id=None,
        project_id=None,
        at=max(each.at for each in usages),
    )


def _uncounted(usages: Iterable[Usage]) -> list[Usage]:
    """Those that nobody has counted, and now somebody has."""
    by_digest = {usage.digest: usage for usage in usages}
    digests = list(by_digest)
    known: set[int] = set()
    for start in range(0, len(digests), AT_ONCE):
        some = digests[start : start + AT_ONCE]
        known.update(CountedMessage.objects.filter(pk__in=some).values_list("pk", flat=True))
    new = [usage for digest, usage in by_digest.items() if digest not in known]
    CountedMessage.objects.bulk_create([CountedMessage(usage.digest, usage.at) for usage in new], batch_size=AT_ONCE)
    return new
