"""What the database knows at the moment it is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, Sum
from prometheus_client.core import GaugeMetricFamily, Metric

from activity.models import Event, Reader
from activity.vitals import worker_is_alive
from agents.models import Agent
from governance.models import Alert, Approval
from missioncontrol.health import OK, checks
from missioncontrol.settings import VERSION
from tasks.models import Tally
from webhooks.models import Delivery


class Figures:
    """A collector in the sense of the library: asked once, it yields families of samples."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def collect(self) -> Iterator[Metric]:
        yield _family("mc_build_info", "The version that runs", [("version", VERSION, 1)])
        yield from self._log()
        yield _family("mc_worker_alive", "Whether a worker was seen within a minute", worker_is_alive(now=self.now))
        parts = [("part", part, told == OK) for part, told in checks(now=self.now).items()]
        yield _family("mc_part_up", "What /readyz says of each part: 0 is away, or not seen for a minute", parts)
        tasks = Tally.objects.values_list("status").annotate(n=Sum("n"))
        yield _family("mc_tasks", "Tasks by status", [("status", status, n) for status, n in tasks])
        agents = Agent.objects.values_list("status").annotate(n=Count("id"))
        yield _family("mc_agents", "Agents by status", [("status", status, n) for status, n in agents])
        approvals = Approval.objects.pending().filter(expires_at__gt=self.now).count()
        yield _family("mc_approvals_pending", "Approvals that wait for a decision", approvals)
        alerts = Alert.objects.filter(status=Alert.Status.OPEN).values_list("severity").annotate(n=Count("id"))
        yield _family("mc_alerts_open", "Open alerts by severity", [("severity", level, n) for level, n in alerts])
        yield _family("mc_webhook_deliveries_waiting", "Deliveries that are not done", self._deliveries())

    def _log(self) -> Iterator[Metric]:
        position = Event.objects.order_by("-id").values_list("id", flat=True).first() or 0
        yield _family("mc_log_position", "Id of the newest event", position)
        readers = Reader.objects.filter(position__gt=0).values_list("name", "position")
        behind = [("reader", name, max(0, position - at)) for name, at in readers]
        yield _family("mc_log_reader_lag_events", "Events that a reader of the log has yet to see", behind)

    def _deliveries(self) -> Iterable[tuple[str, str, float]]:
        waiting = Delivery.objects.filter(is_done=False)
        counted = waiting.aggregate(
            due=Count("id", Q(due_at__lte=self.now, claimed_until=None)),
            claimed=Count("id", Q(claimed_until__gt=self.now)),
            later=Count("id", Q(due_at__gt=self.now)),
        )
        return [("state", state, n) for state, n in counted.items()]


def _family(name: str, told: str, values: Any) -> GaugeMetricFamily:
    """`values` is one figure, or (label, its value, figure) of each sample."""
    if not isinstance(values, list):
        return GaugeMetricFamily(name, told, value=float(values))
    family = GaugeMetricFamily(name, told, labels=[values[0][0]] if values else [])
    for _, value, figure in values:
        family.add_metric([str(value)], float(figure))
    return family
