"""Tenants and jobs, as JSON Schema."""

from __future__ import annotations

from api.schemas import FREE, TEXT, WHOLE, Schema, has, many, maybe
from provisioning.models import ProvisionJob

_TENANT: dict[str, Schema] = {
    "id": WHOLE,
    "slug": TEXT,
    "display_name": TEXT,
    "linux_user": maybe(TEXT),
    "plan_tier": TEXT,
    "status": TEXT,
    "openclaw_home": TEXT,
    "workspace_root": TEXT,
    "gateway_port": maybe(WHOLE),
    "dashboard_port": maybe(WHOLE),
    "config": FREE,
    "created_by": TEXT,
    "owner_gateway": maybe(TEXT),
    "created_at": WHOLE,
    "updated_at": WHOLE,
}
_LATEST = {"latest_job_id": maybe(WHOLE), "latest_job_status": maybe(TEXT), "latest_job_created_at": maybe(WHOLE)}
TENANT = has(**_TENANT)
RAW_TENANT = has(**{**_TENANT, "config": TEXT})
LISTED_TENANT = has(**_TENANT, **_LATEST)

_JOB: dict[str, Schema] = {
    "id": WHOLE,
    "tenant_id": WHOLE,
    "job_type": {"type": "string", "enum": [kind.value for kind in ProvisionJob.Type]},
    "status": {"type": "string", "enum": [status.value for status in ProvisionJob.Status]},
    "dry_run": WHOLE,
    "requested_by": TEXT,
    "approved_by": maybe(TEXT),
    "runner_host": maybe(TEXT),
    "idempotency_key": maybe(TEXT),
    "request_json": FREE,
    "plan_json": {"type": "array"},
    "result_json": maybe(FREE),
    "error_text": maybe(TEXT),
    "started_at": maybe(WHOLE),
    "completed_at": maybe(WHOLE),
    "created_at": WHOLE,
    "updated_at": WHOLE,
}
_OF_TENANT = {
    "tenant_slug": TEXT,
    "tenant_display_name": TEXT,
    "linux_user": maybe(TEXT),
    "openclaw_home": TEXT,
    "workspace_root": TEXT,
}
EVENT = has(id=WHOLE, job_id=WHOLE, level=TEXT, step_key=maybe(TEXT), message=TEXT, data=maybe(TEXT), created_at=WHOLE)
JOB = has(**_JOB)
RAW_JOB = has(**{**_JOB, "request_json": TEXT, "plan_json": TEXT})
# Lists leave the events out.
JOB_DETAIL = has("events", **_JOB, **_OF_TENANT, events=many(EVENT))
