"""Runs the jobs of the schedule, and keeps what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from activity.leases import lease
from activity.models import Lease
from core.errors import DomainError
from system.models import JobRecord
from system.schedule import JOBS, Job

# A job that runs longer than this is taken for dead.
LEASE_SECONDS = 3600
# How much earlier than due a tick may find a job.
SLACK = timedelta(seconds=1)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class Status:
    """A job as administrators see it."""

    job: Job
    running: bool
    next_run: datetime
    record: JobRecord | None


def statuses(*, now: datetime) -> list[Status]:
    records = JobRecord.objects.in_bulk(list(JOBS))
    held = set(Lease.objects.filter(until__gt=now, name__startswith="job:").values_list("name", flat=True))
    return [
        Status(job, _lease_name(job) in held, record.next_run if record else job.next_run(now), record)
        for job in JOBS.values()
        for record in [records.get(job.id)]
    ]


def run_by_hand(job: Job, *, now: datetime) -> Outcome:
    """Run it now, whether or not it is switched on. The schedule and its record stay as they are."""
    with lease(_lease_name(job), now=now, seconds=LEASE_SECONDS) as got:
        return _run(job, now=now) if got else Outcome(False, f"{job.name} is running already")


def run_due(*, now: datetime) -> list[str]:
    """Run what is due, one after the other; returns the ids of the jobs that ran. Any number of workers may ask."""
    records = JobRecord.objects.in_bulk(list(JOBS))
    return [job.id for job in JOBS.values() if _is_due(job, records.get(job.id), now=now) and _run_once(job, now=now)]


def _is_due(job: Job, record: JobRecord | None, *, now: datetime) -> bool:
    if record is None:
        JobRecord.objects.get_or_create(id=job.id, defaults={"next_run": job.next_run(now)})
        return False
    return now >= record.next_run - min(SLACK, timedelta(seconds=job.seconds / 2))


def _run_once(job: Job, *, now: datetime) -> bool:
    """True when it ran here: not when it is switched off, or another worker was quicker."""
    with lease(_lease_name(job), now=now, seconds=LEASE_SECONDS) as got:
        if not got or not _is_due(job, JobRecord.objects.get(id=job.id), now=now):
            return False
        # First of all, so that a job that kills its worker is not tried again at once.
        _write(job, next_run=job.next_run(now + SLACK))
        if not job.enabled:
            return False
        outcome = _run(job, now=now)
        _write(job, last_run=now, ok=outcome.ok, message=outcome.message, ended_at=timezone.now())
        return True


@transaction.atomic
def _write(job: Job, **fields: object) -> None:
    JobRecord.objects.filter(id=job.id).update(**fields)


def _run(job: Job, *, now: datetime) -> Outcome:
    try:
        return Outcome(True, job.run(now))
    except DomainError as error:
        return Outcome(False, error.message)
    except Exception:  # noqa: BLE001 - a job that fails is told as such, and the others go on
        log.exception("job_failed", job=job.id)
        return Outcome(False, f"{job.name} failed: the server's log says why")


def _lease_name(job: Job) -> str:
    return f"job:{job.id}"
