"""Jobs that set up tenants' installations and take them down: for those who run this server."""

from __future__ import annotations

import socket
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Tenant
from api.schemas import FLAG, FREE, TEXT, WHOLE, has, many
from core.clock import seconds
from core.errors import Invalid
from core.ids import LARGEST_ID
from provisioning import services
from provisioning.models import ProvisionEvent, ProvisionJob

from .answers_tenants import JOB_DETAIL, RAW_JOB
from .base import whole
from .docs import describe
from .super_view import SuperView, is_dry_run, json_text, of_type, one_of
from .workspaces import number_in

TYPES = [kind.value for kind in ProvisionJob.Type]


class Jobs(SuperView):
    route = "super-provision-jobs"

    @describe("Jobs, newest first.", query=("tenant_id", "status", "limit"), answers={200: has(jobs=many(JOB_DETAIL))})
    def get(self, request: Request) -> Response:
        limit, _ = self.page(default=100)
        jobs = ProvisionJob.objects.select_related("tenant").order_by("-id")
        if self.query("tenant_id"):
            id = whole(self.query("tenant_id"), 0)
            jobs = jobs.filter(tenant_id=id) if 0 < id <= LARGEST_ID else jobs.none()
        if status := self.query("status"):
            jobs = jobs.filter(status=status)
        return Response({"jobs": [{**job_out(job), **_of_tenant(job.tenant)} for job in jobs[:limit]]})

    @describe(
        "Queue a job with a plan of one's own.",
        body=has(
            "dry_run", "request_json", "plan_json",
            tenant_id=WHOLE, job_type={"type": "string", "enum": TYPES}, dry_run=FLAG,
            request_json=FREE, plan_json=many(FREE),
        ),
        answers={201: has(job=RAW_JOB)},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        sent = self.sent_object()
        id = sent.get("tenant_id")
        if type(id) is not int or id <= 0:
            raise Invalid("tenant_id is required")
        job = services.queue_job(
            tenant=services.find_tenant(id),
            type=one_of(sent, "job_type", TYPES),
            dry_run=is_dry_run(sent),
            request=of_type(sent, "request_json", dict) or {},
            plan=of_type(sent, "plan_json", list) or [],
            actor=self.actor,
            now=self.now,
            origin=self.origin,
        )
        raw = {"request_json": json_text(job.request), "plan_json": json_text(job.plan)}
        return Response({"job": {**job_out(job), **raw}}, status=201)


class OneJob(SuperView):
    route = "super-provision-job"

    @describe("One job with its events.", answers={200: has(job=JOB_DETAIL)})
    def get(self, request: Request, key: str) -> Response:
        return Response({"job": detail(services.find_job(number_in(key)))})

    @describe(
        "Approve, reject or cancel a job.",
        body=has("reason", action={"type": "string", "enum": list(services.ACTIONS)}, reason=TEXT),
        answers={200: has(job=JOB_DETAIL)},
    )
    def post(self, request: Request, key: str) -> Response:
        sent = self.sent_object()
        job, reason = services.find_job(number_in(key)), sent.get("reason")
        job = services.decide(
            job=job,
            action=one_of(sent, "action", tuple(services.ACTIONS), else_=services.BAD_ACTION),
            reason=reason[:2000] if isinstance(reason, str) else None,
            actor=self.actor,
            now=self.now,
            origin=self.origin,
        )
        return Response({"job": detail(job)})


class RunJob(SuperView):
    route = "super-provision-job-run"

    @describe("Run an approved job.", answers={200: has(job=JOB_DETAIL)})
    def post(self, request: Request, key: str) -> Response:
        job = services.find_job(number_in(key))
        host = socket.gethostname()[:200]
        services.run_job(job=job, host=host, actor=self.actor, now=self.now, origin=self.origin)
        return Response({"job": detail(services.find_job(job.pk))})


def job_out(job: ProvisionJob) -> dict[str, Any]:
    return {
        "id": job.pk,
        "tenant_id": job.tenant_id,
        "job_type": job.job_type,
        "status": job.status,
        "dry_run": int(job.dry_run),
        "requested_by": job.requested_by,
        "approved_by": job.approved_by,
        "runner_host": job.runner_host,
        "idempotency_key": job.idempotency_key,
        "request_json": job.request,
        "plan_json": job.plan,
        "result_json": job.result,
        "error_text": job.error_text,
        "started_at": seconds(job.started_at),
        "completed_at": seconds(job.completed_at),
        "created_at": seconds(job.created_at),
        "updated_at": seconds(job.updated_at),
    }


def _of_tenant(tenant: Tenant) -> dict[str, Any]:
    return {
        "tenant_slug": tenant.slug,
        "tenant_display_name": tenant.display_name,
        "linux_user": tenant.linux_user,
        "openclaw_home": tenant.openclaw_home,
        "workspace_root": tenant.workspace_root,
    }


def detail(job: ProvisionJob) -> dict[str, Any]:
    events = [_event(event) for event in job.events.order_by("id")]
    return {**job_out(job), **_of_tenant(job.tenant), "events": events}


def _event(event: ProvisionEvent) -> dict[str, Any]:
    return {
        "id": event.pk,
        "job_id": event.job_id,
        "level": event.level,
        "step_key": event.step_key,
        "message": event.message,
        "data": None if event.data is None else json_text(event.data),
        "created_at": seconds(event.created_at),
    }
