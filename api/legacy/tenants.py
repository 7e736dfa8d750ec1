"""Tenants with an installation of their own, and the jobs that set it up: for those who run this server."""

from __future__ import annotations

import re
import socket
from typing import Any, TypeVar

import orjson
from django.conf import settings
from django.db.models import OuterRef, Subquery
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Tenant
from core.clock import seconds
from core.errors import Invalid
from core.ids import LARGEST_ID
from provisioning import services
from provisioning.models import ProvisionEvent, ProvisionJob
from provisioning.workspaces import deny_tenant

from .answers import FLAG, FREE, TEXT, WHOLE, has, many
from .answers_tenants import JOB, JOB_DETAIL, LISTED_TENANT, RAW_JOB, RAW_TENANT, TENANT
from .base import LegacyView, whole
from .docs import describe
from .workspaces import number_in

HOST_TENANT = 1
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,30}[a-z0-9]\Z")
LINUX_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}\Z")
TYPES = [kind.value for kind in ProvisionJob.Type]
T = TypeVar("T")


class SuperView(LegacyView):
    """What concerns all tenants: administrators of any but the tenant that runs this server are kept out."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method != "OPTIONS" and self.actor.tenant_id != HOST_TENANT:
            deny_tenant(self.actor, route=self.route, origin=self.origin, now=self.now)

    def fields(self, *, optional: bool = False) -> dict[str, Any]:
        sent = self.sent()
        if isinstance(sent, dict):
            return sent
        if optional and not self.body.strip():
            return {}
        raise Invalid("Invalid request body")


class Tenants(SuperView):
    route = "super-tenants"

    @describe("Tenants, each with its latest job.", answers={200: has(tenants=many(LISTED_TENANT))})
    def get(self, request: Request) -> Response:
        latest = ProvisionJob.objects.filter(tenant=OuterRef("pk")).order_by("-id")
        rows = Tenant.objects.order_by("id").annotate(latest_job=Subquery(latest.values("id")[:1]))
        jobs = ProvisionJob.objects.in_bulk([row.latest_job for row in rows if row.latest_job])
        return Response({"tenants": [{**_tenant(row), **_latest(jobs.get(row.latest_job))} for row in rows]})

    @describe(
        "Add a tenant, and the job that sets up its installation.",
        body=has(
            "linux_user", "plan_tier", "dashboard_port", "config", "owner_gateway", "dry_run",
            slug=TEXT, display_name=TEXT, linux_user=TEXT, plan_tier=TEXT, gateway_port=WHOLE, dashboard_port=WHOLE,
            config=FREE, owner_gateway=TEXT, dry_run=FLAG,
        ),
        answers={201: has(tenant=TENANT, job=JOB)},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        services.check_template()
        sent = self.fields()
        tenant, job = services.create_tenant(
            want=_wanted(sent), dry_run=_dry(sent), request=sent, actor=self.actor, now=self.now, origin=self.origin
        )
        return Response({"tenant": _tenant(tenant), "job": _job(job)}, status=201)


class Decommission(SuperView):
    route = "super-tenant-decommission"

    @describe(
        "Queue the job that takes a tenant's installation down.",
        body=has(
            "dry_run", "remove_linux_user", "remove_state_dirs", "reason",
            dry_run=FLAG, remove_linux_user=FLAG, remove_state_dirs=FLAG, reason=TEXT,
        ),
        answers={201: has(tenant=RAW_TENANT, job=JOB)},
    )  # fmt: skip
    def post(self, request: Request, key: str) -> Response:
        sent = self.fields(optional=True)
        tenant = services.find_tenant(number_in(key))
        job = services.decommission_tenant(
            tenant=tenant, dry_run=_dry(sent), request=sent, actor=self.actor, now=self.now, origin=self.origin
        )
        return Response({"tenant": {**_tenant(tenant), "config": _text(tenant.config)}, "job": _job(job)}, status=201)


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
        return Response({"jobs": [{**_job(job), **_of_tenant(job.tenant)} for job in jobs[:limit]]})

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
        sent = self.fields()
        id = sent.get("tenant_id")
        if type(id) is not int or id <= 0:
            raise Invalid("tenant_id is required")
        job = services.queue_job(
            tenant=services.find_tenant(id),
            type=_one_of(sent, "job_type", TYPES),
            dry_run=_dry(sent),
            request=_of_type(sent, "request_json", dict) or {},
            plan=_of_type(sent, "plan_json", list) or [],
            actor=self.actor,
            now=self.now,
            origin=self.origin,
        )
        raw = {"request_json": _text(job.request), "plan_json": _text(job.plan)}
        return Response({"job": {**_job(job), **raw}}, status=201)


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
        sent = self.fields()
        job, reason = services.find_job(number_in(key)), sent.get("reason")
        job = services.decide(
            job=job,
            action=_one_of(sent, "action", list(services.ACTIONS), else_=services.BAD_ACTION),
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


def _wanted(sent: dict[str, Any]) -> services.NewTenant:
    slug = sent.get("slug")
    if not isinstance(slug, str) or not SLUG.match(slug):
        raise Invalid("slug must be 3-32 characters: lowercase letters, digits and inner hyphens")
    name = _of_type(sent, "display_name", str)
    if not name or not name.strip() or len(name) > 200:
        raise Invalid("display_name is required")
    user = _of_type(sent, "linux_user", str) or f"oc-{slug}"
    if not LINUX_USER.match(user) or len(user) > 64:
        raise Invalid("linux_user is not a valid user name")
    gateway = _port(sent, "gateway_port")
    if gateway is None:
        raise Invalid("gateway_port is required")
    owner = _of_type(sent, "owner_gateway", str) or settings.DEFAULT_OWNER_GATEWAY
    if len(owner) > 120:
        raise Invalid("owner_gateway must be at most 120 characters")
    return services.NewTenant(
        slug=slug,
        display_name=name.strip(),
        linux_user=user,
        plan_tier=(_of_type(sent, "plan_tier", str) or "standard")[:64],
        gateway_port=gateway,
        dashboard_port=_port(sent, "dashboard_port"),
        config=_of_type(sent, "config", dict) or {},
        owner_gateway=owner,
    )


def _port(sent: dict[str, Any], name: str) -> int | None:
    value = _of_type(sent, name, int)
    if value is not None and not 1024 <= value <= 65535:
        raise Invalid(f"{name} must be between 1024 and 65535")
    return value


def _of_type(sent: dict[str, Any], name: str, kind: type[T]) -> T | None:
    value = sent.get(name)
    if value is not None and type(value) is not kind:
        raise Invalid(f"{name} is invalid")
    return value


def _one_of(sent: dict[str, Any], name: str, words: list[str], else_: str = "") -> str:
    value = sent.get(name)
    if not isinstance(value, str) or value not in words:
        raise Invalid(else_ or f"{name} must be one of {', '.join(words)}")
    return value


def _dry(sent: dict[str, Any]) -> bool:
    """Nothing is done for real unless it was asked for in so many words."""
    return sent.get("dry_run") is not False and sent.get("dry_run") != 0


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _tenant(row: Tenant) -> dict[str, Any]:
    names = (
        "id", "slug", "display_name", "linux_user", "plan_tier", "status", "openclaw_home", "workspace_root",
        "gateway_port", "dashboard_port", "config", "created_by", "owner_gateway",
    )  # fmt: skip
    times = {"created_at": seconds(row.created_at), "updated_at": seconds(row.updated_at)}
    return {**{name: getattr(row, name) for name in names}, **times}


def _latest(job: ProvisionJob | None) -> dict[str, Any]:
    return {
        "latest_job_id": job and job.pk,
        "latest_job_status": job and job.status,
        "latest_job_created_at": job and seconds(job.created_at),
    }


def _job(job: ProvisionJob) -> dict[str, Any]:
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
    return {**_job(job), **_of_tenant(job.tenant), "events": events}


def _event(event: ProvisionEvent) -> dict[str, Any]:
    return {
        "id": event.pk,
        "job_id": event.job_id,
        "level": event.level,
        "step_key": event.step_key,
        "message": event.message,
        "data": None if event.data is None else _text(event.data),
        "created_at": seconds(event.created_at),
    }
