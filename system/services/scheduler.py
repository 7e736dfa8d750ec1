"""Runs the jobs of the schedule: each in one process at a time, and again when that one died. Keeps what came of it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.services import open_default_workspace
from activity.leases import kept_lease
from activity.models import Lease
from core import cause, tracing
from core.actors import Actor, system
from core.cause import Cause, because_of
from core.errors import DomainError
from core.metrics import JOBS as MEASURED
from governance.models import Alert
from governance.services.alerts import Trouble, open_alert
from system.models import JobRecord, JobRun
from system.schedule import JOBS, Job

from .settings import set_settings

# How much earlier than due a tick may find a job.
SLACK = timedelta(seconds=1)
# A tick that took longer leaves the rest to the next one, which asks for the time anew.
TICK_SECONDS = 1.0
# Whatever keeps killing its worker waits for its next turn after so many deaths in a row.
DEATHS_AT_MOST = 3
TELL_AT = 3
RUNS_KEPT = 100
DIED = "The worker died while it ran"
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


def statuses(*, now: datetime, jobs: Iterable[Job] = JOBS.values()) -> list[Status]:
    records, held = JobRecord.objects.in_bulk(list(JOBS)), _held(now)
    return [
        Status(job, job.id in held, _next_run(job, record, now) if record else job.next_run(now), record)
        for job in jobs
        for record in [records.get(job.id)]
    ]


def _next_run(job: Job, record: JobRecord, now: datetime) -> datetime:
    """What runs only when there is something to do may be overdue, and wait."""
    return max(record.next_run, now) if job.wanted else record.next_run


def _held(now: datetime) -> set[str]:
    names = Lease.objects.filter(until__gt=now, name__startswith="job:").values_list("name", flat=True)
    return {name.removeprefix("job:") for name in names}


def switch(jobs: Iterable[Job], *, on: bool, actor: Actor, now: datetime) -> None:
    """Counts from their next turn on, in every process within seconds."""
    set_settings(actor=actor, now=now, values={job.setting: "true" if on else "false" for job in jobs})


def enter_jobs(*, now: datetime) -> dict[str, JobRecord]:
    """The records of all jobs; one that is new has its first turn an interval from now."""
    records = JobRecord.objects.in_bulk(list(JOBS))
    new = [JobRecord(id=job.id, next_run=job.next_run(now)) for job in JOBS.values() if job.id not in records]
    if new:
        JobRecord.objects.bulk_create(new, ignore_conflicts=True)
    return {**{record.id: record for record in new}, **records}


def run_by_hand(job: Job, *, now: datetime) -> Outcome:
    """Run it now, whether or not it is switched on. The schedule and its record stay as they are."""
    with _lease(job, now) as got:
        if not got:
            return Outcome(False, f"{job.name} is running already")
        outcome = _run(job, now=now)
        _keep(job, outcome, began=now, by_hand=True)
        return outcome


def run_due(*, now: datetime) -> list[str]:
    """Run what is due, one after the other; returns the ids of the jobs that ran. Any number of workers may ask."""
    began, ran = time.monotonic(), []
    records, held = enter_jobs(now=now), _held(now)
    for job in JOBS.values():
        if job.id not in held and _is_due(job, records[job.id], now=now) and _run_once(job, now=now):
            ran.append(job.id)
            if time.monotonic() - began > TICK_SECONDS:
                break
    return ran


def _is_due(job: Job, record: JobRecord, *, now: datetime) -> bool:
    if record.running_since is not None:
        return True
    if now < record.next_run - min(SLACK, timedelta(seconds=job.seconds / 2)):
        return False
    return job.wanted is None or job.wanted(now)


def _run_once(job: Job, *, now: datetime) -> bool:
    """True when it ran here: not when it is switched off, or another worker was quicker."""
    with _lease(job, now) as got:
        if not got:
            return False
        record = JobRecord.objects.get(id=job.id)
        if not _is_due(job, record, now=now):
            return False
        deaths = record.deaths + 1 if record.running_since else 0
        if record.running_since:
            _note_death(job, record, now=now)
        on = job.enabled and (deaths < DEATHS_AT_MOST or now >= record.next_run)
        # A turn that was missed counts once, however often it was missed.
        next_run = record.next_run if deaths and record.next_run > now else job.next_run(now + SLACK)
        _write(job, next_run=next_run, running_since=now if on else None, deaths=deaths if on else 0)
        if not on:
            return False
        outcome = _run(job, now=now)
        _end(job, outcome, began=now)
        return True


def _note_death(job: Job, record: JobRecord, *, now: datetime) -> None:
    assert record.running_since is not None
    log.warning("job_died", job=job.id, since=record.running_since.isoformat())
    _end(job, Outcome(False, DIED), began=record.running_since)


@transaction.atomic
def _end(job: Job, outcome: Outcome, *, began: datetime) -> None:
    """Unless somebody has taken it over: whoever was silent for so long was taken for dead."""
    record = JobRecord.objects.select_for_update().filter(id=job.id, running_since=began).first()
    if record is None:
        return
    ended = _keep(job, outcome, began=began)
    record.last_run, record.ok, record.message, record.ended_at = began, outcome.ok, outcome.message, ended
    record.running_since, record.failures = None, 0 if outcome.ok else record.failures + 1
    record.deaths = record.deaths if outcome.message == DIED else 0
    record.save()
    if record.failures >= TELL_AT:
        _alarm(job, record, now=ended)


def _keep(job: Job, outcome: Outcome, *, began: datetime, by_hand: bool = False) -> datetime:
    ended = max(timezone.now(), began)
    run = JobRun.objects.create(
        job=job.id, started_at=began, ended_at=ended, ok=outcome.ok, message=outcome.message, by_hand=by_hand
    )
    if run.pk % 10 == 0:
        oldest = (
            JobRun.objects.filter(job=job.id).order_by("-id").values_list("id", flat=True)[RUNS_KEPT : RUNS_KEPT + 1]
        )
        JobRun.objects.filter(job=job.id, id__lte=oldest[0] if oldest else 0).delete()
    return ended


def _alarm(job: Job, record: JobRecord, *, now: datetime) -> None:
    """From the third failure in a row on; an alert that is still open counts the others."""
    trouble = Trouble(
        "SYSTEM_ERROR",
        Alert.Severity.CRITICAL,
        f"The worker failed {record.failures} times in a row: {job.name}",
        f"{record.message}. The worker's log says more.",
        metadata={"job": job.id},
    )
    open_alert(trouble=trouble, actor=system(open_default_workspace().pk), now=now)


@transaction.atomic
def _write(job: Job, **fields: object) -> None:
    JobRecord.objects.filter(id=job.id).update(**fields)


def _run(job: Job, *, now: datetime) -> Outcome:
    """Under an id of its own, which the log's lines and the events that it records carry; run by hand, under that of
    the request."""
    with tracing.span(f"job {job.id}", {"mc.job": job.id}) as span:
        why = cause.current() or Cause(f"job-{uuid.uuid4()}", span.traceparent)
        with because_of(why):
            outcome = _tried(job, now=now)
            if settings.LOG_REQUESTS:
                log.info("job", job=job.id, ok=outcome.ok, message=outcome.message)
        span.tell({"mc.request_id": why.request_id})
        if not outcome.ok:
            span.fail("failed")
    return outcome


def _tried(job: Job, *, now: datetime) -> Outcome:
    began = time.perf_counter()
    try:
        outcome = Outcome(True, job.run(now))
    except DomainError as error:
        outcome = Outcome(False, error.message)
    except Exception:  # noqa: BLE001 - a job that fails is told as such, and the others go on
        log.exception("job_failed", job=job.id)
        outcome = Outcome(False, f"{job.name} failed: the server's log says why")
    MEASURED.labels(job.id, "success" if outcome.ok else "failure").observe(time.perf_counter() - began)
    return outcome


def _lease(job: Job, now: datetime) -> AbstractContextManager[bool]:
    return kept_lease(f"job:{job.id}", now=now, seconds=settings.JOB_LEASE_SECONDS)
