"""Tenants with an installation of their own, and the jobs that set it up and take it down."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.models import Tenant
from activity.audit import Origin, record_audit
from core.actors import Actor
from core.errors import Conflict, Invalid
from core.rows import find

from . import plans
from .models import ProvisionEvent, ProvisionJob

Status = ProvisionJob.Status
NO_RUNNER = "The step runner is not configured on this server: no step was run"
# Action → the state it leads to, and the states it may start from.
ACTIONS: dict[str, tuple[str, set[str]]] = {
    "approve": (Status.APPROVED, {Status.QUEUED, Status.REJECTED, Status.FAILED}),
    "reject": (Status.REJECTED, {Status.QUEUED, Status.APPROVED, Status.FAILED}),
    "cancel": (Status.CANCELLED, {Status.QUEUED, Status.APPROVED, Status.FAILED, Status.REJECTED}),
}
BAD_ACTION = "Invalid action. Use approve, reject, or cancel."


@dataclass(frozen=True, slots=True)
class NewTenant:
    slug: str
    display_name: str
    linux_user: str
    plan_tier: str
    gateway_port: int
    dashboard_port: int | None
    config: dict[str, Any]
    owner_gateway: str


def check_template() -> str:
    """The path of the configuration that new tenants get. Raises Invalid when the settings name none."""
    if not settings.SUPER_TEMPLATE:
        raise Invalid("Missing required environment variable MC_SUPER_TEMPLATE_OPENCLAW_JSON")
    return str(settings.SUPER_TEMPLATE)


def find_tenant(id: int) -> Tenant:
    return find(Tenant.objects.all(), id, "Tenant not found")


def find_job(id: int) -> ProvisionJob:
    return find(ProvisionJob.objects.select_related("tenant"), id, "Job not found")


@transaction.atomic
def create_tenant(
    *, want: NewTenant, dry_run: bool, request: dict[str, Any], actor: Actor, now: datetime, origin: Origin
) -> tuple[Tenant, ProvisionJob]:
    """Add the tenant and queue the job that sets it up. Raises Conflict when slug or Linux user are taken."""
    template = check_template()
    if Tenant.objects.filter(Q(slug=want.slug) | Q(linux_user=want.linux_user)).exists():
        raise Conflict("Tenant slug or linux user already exists")
    home = f"{settings.TENANT_HOME_ROOT}/{want.linux_user}"
    tenant = Tenant.objects.create(
        slug=want.slug,
        display_name=want.display_name,
        status=Tenant.Status.PENDING,
        linux_user=want.linux_user,
        plan_tier=want.plan_tier,
        openclaw_home=f"{home}/.openclaw",
        workspace_root=f"{home}/{settings.TENANT_WORKSPACE_DIRNAME}",
        gateway_port=want.gateway_port,
        dashboard_port=want.dashboard_port,
        config=want.config,
        owner_gateway=want.owner_gateway,
        created_by=actor.username,
        created_at=now,
    )
    plan = plans.bootstrap(tenant, template=template)
    job = queue_job(
        tenant=tenant, type=ProvisionJob.Type.BOOTSTRAP, dry_run=dry_run, request=request, plan=plan, actor=actor,
        now=now, origin=origin,
    )  # fmt: skip
    return tenant, job


@transaction.atomic
def decommission_tenant(
    *, tenant: Tenant, dry_run: bool, request: dict[str, Any], actor: Actor, now: datetime, origin: Origin
) -> ProvisionJob:
    plan = plans.decommission(
        tenant,
        remove_user=request.get("remove_linux_user") is True,
        remove_state=request.get("remove_state_dirs") is True,
    )
    return queue_job(
        tenant=tenant, type=ProvisionJob.Type.DECOMMISSION, dry_run=dry_run, request=request, plan=plan, actor=actor,
        now=now, origin=origin,
    )  # fmt: skip


@transaction.atomic
def queue_job(
    *,
    tenant: Tenant,
    type: str,
    dry_run: bool,
    request: dict[str, Any],
    plan: list[Any],
    actor: Actor,
    now: datetime,
    origin: Origin,
) -> ProvisionJob:
    job = ProvisionJob.objects.create(
        tenant=tenant,
        job_type=type,
        dry_run=dry_run,
        requested_by=actor.username,
        idempotency_key=str(uuid.uuid4()),
        request=request,
        plan=plan,
        created_at=now,
        updated_at=now,
    )
    _note(job, "Job queued", now=now, data={"requested_by": actor.username, "dry_run": dry_run})
    leaves = type == ProvisionJob.Type.DECOMMISSION
    action = "tenant_decommission_requested" if leaves else "tenant_bootstrap_requested"
    detail = {"tenant": tenant.slug, "job_id": job.pk, "job_type": type, "dry_run": dry_run}
    record_audit(action, actor=actor, at=now, target=("tenant", tenant.pk), detail=detail, origin=origin)
    return job


@transaction.atomic
def decide(
    *, job: ProvisionJob, action: str, reason: str | None, actor: Actor, now: datetime, origin: Origin
) -> ProvisionJob:
    """Approve, reject or cancel a job that waits."""
    if action not in ACTIONS:
        raise Invalid(BAD_ACTION)
    to, allowed = ACTIONS[action]
    values: dict[str, Any] = {"status": to, "updated_at": now}
    if action == "approve":
        values |= {"approved_by": actor.username, "error_text": None}
    if not ProvisionJob.objects.filter(pk=job.pk, status__in=allowed).update(**values):
        status = ProvisionJob.objects.values_list("status", flat=True).get(pk=job.pk)
        raise Invalid(f"Cannot {action} a job in status {status}")
    job = find_job(job.pk)
    _note(job, f"Job {to}", now=now, data={"by": actor.username, "reason": reason})
    detail = {"tenant": job.tenant.slug, "job_type": job.job_type, "reason": reason}
    audited = f"provision_job_{job.status}"
    record_audit(audited, actor=actor, at=now, target=("provision_job", job.pk), detail=detail, origin=origin)
    return job


def run_job(*, job: ProvisionJob, host: str, actor: Actor, now: datetime, origin: Origin) -> None:
    """Raises Invalid when the job may not run; as no runner is configured, one that may has failed afterwards."""
    if job.status != Status.APPROVED:
        raise Invalid("Job must be approved before it can run")
    if not job.dry_run:
        if len({job.requested_by, job.approved_by, actor.username}) < 3:
            raise Invalid("Live jobs need three people: one who requests, one who approves, one who runs")
        if not settings.SUPER_PROVISION_EXEC:
            raise Invalid("Live jobs are switched off; set MC_SUPER_PROVISION_EXEC=true")
    _fail(job, host=host, actor=actor, now=now, origin=origin)
    raise Invalid(NO_RUNNER)


@transaction.atomic
def _fail(job: ProvisionJob, *, host: str, actor: Actor, now: datetime, origin: Origin) -> None:
    waiting = ProvisionJob.objects.filter(pk=job.pk, status=Status.APPROVED)
    if not waiting.update(
        status=Status.FAILED, error_text=NO_RUNNER, runner_host=host, started_at=now, completed_at=now, updated_at=now
    ):
        raise Invalid("Job must be approved before it can run")
    _note(job, NO_RUNNER, now=now, level=ProvisionEvent.Level.ERROR, data={"by": actor.username})
    detail = {"tenant": job.tenant.slug, "error": NO_RUNNER}
    target = ("provision_job", job.pk)
    record_audit("provision_job_failed", actor=actor, at=now, target=target, detail=detail, origin=origin)


def _note(
    job: ProvisionJob,
    message: str,
    *,
    now: datetime,
    level: str = ProvisionEvent.Level.INFO,
    data: dict[str, Any] | None = None,
) -> None:
    ProvisionEvent.objects.create(job=job, level=level, message=message, data=data, created_at=now)
