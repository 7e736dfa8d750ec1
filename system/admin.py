"""The schedule in the admin site: what runs when, what came of it, and switches."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from core.actors import Actor

from .models import JobRecord, JobRun
from .schedule import JOBS, Job
from .services.scheduler import enter_jobs, run_by_hand, statuses, switch


class ReadOnly(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(JobRecord)
class JobAdmin(ReadOnly):
    list_display = ("name", "does", "rhythm", "is_on", "running", "last_run", "next_run", "ok", "message")
    # Rows lead to nothing: all there is to know of a job stands in its own.
    list_display_links = None
    actions = ("switch_on", "switch_off", "run_now")
    ordering = ("id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[JobRecord]:
        enter_jobs(now=timezone.now())
        return super().get_queryset(request).filter(id__in=list(JOBS))

    @admin.display(description="job")
    def name(self, record: JobRecord) -> str:
        return JOBS[record.id].name

    @admin.display(description="what it does")
    def does(self, record: JobRecord) -> str:
        return JOBS[record.id].what

    @admin.display(description="when")
    def rhythm(self, record: JobRecord) -> str:
        return JOBS[record.id].rhythm + (", when there is something to do" if JOBS[record.id].wanted else "")

    @admin.display(description="on", boolean=True)
    def is_on(self, record: JobRecord) -> bool:
        return JOBS[record.id].enabled

    @admin.display(description="running", boolean=True)
    def running(self, record: JobRecord) -> bool:
        [status] = statuses(now=timezone.now(), jobs=[JOBS[record.id]])
        return status.running

    @admin.action(description="Switch the selected jobs on")
    def switch_on(self, request: HttpRequest, records: QuerySet[JobRecord]) -> None:
        self._switch(request, records, on=True)

    @admin.action(description="Switch the selected jobs off")
    def switch_off(self, request: HttpRequest, records: QuerySet[JobRecord]) -> None:
        self._switch(request, records, on=False)

    def _switch(self, request: HttpRequest, records: QuerySet[JobRecord], *, on: bool) -> None:
        jobs = _jobs(records)
        switch(jobs, on=on, actor=_actor(request), now=timezone.now())
        messages.success(request, f"Switched {'on' if on else 'off'}: {', '.join(job.name for job in jobs)}.")

    @admin.action(description="Run the selected jobs now")
    def run_now(self, request: HttpRequest, records: QuerySet[JobRecord]) -> None:
        for job in _jobs(records):
            outcome = run_by_hand(job, now=timezone.now())
            messages.add_message(
                request, messages.SUCCESS if outcome.ok else messages.ERROR, f"{job.name}: {outcome.message}."
            )


@admin.register(JobRun)
class JobRunAdmin(ReadOnly):
    list_display = ("job", "started_at", "ended_at", "ok", "by_hand", "message")
    list_display_links = None
    list_filter = ("job", "ok", "by_hand")
    ordering = ("-id",)


def _jobs(records: QuerySet[JobRecord]) -> list[Job]:
    return [JOBS[record.id] for record in records]


def _actor(request: HttpRequest) -> Actor:
    assert isinstance(request.user, User)
    return request.user.as_actor()
