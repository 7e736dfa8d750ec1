"""Tenants with an installation of their own: for those who run this server."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Subquery
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Tenant
from api.schemas import FLAG, FREE, TEXT, WHOLE, has, many
from core.clock import seconds
from core.errors import Invalid
from provisioning import services
from provisioning.models import ProvisionJob

from .answers_tenants import JOB, LISTED_TENANT, RAW_TENANT, TENANT
from .docs import describe
from .provision_jobs import job_out
from .super_view import SuperView, is_dry_run, json_text, of_type
from .workspaces import number_in

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,30}[a-z0-9]\Z")
LINUX_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}\Z")


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
        sent = self.sent_object()
        tenant, job = services.create_tenant(
            want=_wanted(sent),
            dry_run=is_dry_run(sent),
            request=sent,
            actor=self.actor,
            now=self.now,
            origin=self.origin,
        )
        return Response({"tenant": _tenant(tenant), "job": job_out(job)}, status=201)


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
        sent = self.sent_object() if self.body.strip() else {}
        tenant = services.find_tenant(number_in(key))
        job = services.decommission_tenant(
            tenant=tenant, dry_run=is_dry_run(sent), request=sent, actor=self.actor, now=self.now, origin=self.origin
        )
        return Response(
            {"tenant": {**_tenant(tenant), "config": json_text(tenant.config)}, "job": job_out(job)}, status=201
        )


def _wanted(sent: dict[str, Any]) -> services.NewTenant:
    slug = sent.get("slug")
    if not isinstance(slug, str) or not SLUG.match(slug):
        raise Invalid("slug must be 3-32 characters: lowercase letters, digits and inner hyphens")
    name = of_type(sent, "display_name", str)
    if not name or not name.strip() or len(name) > 200:
        raise Invalid("display_name is required")
    user = of_type(sent, "linux_user", str) or f"oc-{slug}"
    if not LINUX_USER.match(user) or len(user) > 64:
        raise Invalid("linux_user is not a valid user name")
    gateway = _port(sent, "gateway_port")
    if gateway is None:
        raise Invalid("gateway_port is required")
    owner = of_type(sent, "owner_gateway", str) or settings.DEFAULT_OWNER_GATEWAY
    if len(owner) > 120:
        raise Invalid("owner_gateway must be at most 120 characters")
    return services.NewTenant(
        slug=slug,
        display_name=name.strip(),
        linux_user=user,
        plan_tier=(of_type(sent, "plan_tier", str) or "standard")[:64],
        gateway_port=gateway,
        dashboard_port=_port(sent, "dashboard_port"),
        config=of_type(sent, "config", dict) or {},
        owner_gateway=owner,
    )


def _port(sent: dict[str, Any], name: str) -> int | None:
    value = of_type(sent, name, int)
    if value is not None and not 1024 <= value <= 65535:
        raise Invalid(f"{name} must be between 1024 and 65535")
    return value


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
