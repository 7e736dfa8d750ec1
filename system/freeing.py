"""What was under way in a database that has been put elsewhere, or back: nobody is at it any more."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import IdempotentCall
from activity.models import Lease
from system.models import JobRecord
from webhooks.models import Delivery


@transaction.atomic
def let_go(*, now: datetime) -> None:
    """Leases, runs of jobs, claimed deliveries and unanswered calls, as if each had never begun."""
    Lease.objects.all().update(holder="", until=now)
    JobRecord.objects.exclude(running_since=None).update(running_since=None, deaths=0)
    Delivery.objects.filter(is_done=False).exclude(claimed_until=None).update(claimed_until=None)
    IdempotentCall.objects.filter(status=None).delete()
