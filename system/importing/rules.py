"""What people set up: webhooks, alert rules, workflows and pipelines."""

from __future__ import annotations

from typing import Any

from alerts.models import AlertRule
from webhooks.models import Webhook
from workflows.models import Pipeline, WorkflowTemplate

from .people import home_of
from .transfer import Transfer
from .values import json, json_text, maybe_text, moment, text, whole

LARGEST_INT = 2**31 - 1
WEBHOOKS = (
    "id", "name", "url", "secret", "events", "enabled", "last_fired_at", "last_status", "created_by", "created_at",
    "updated_at", "consecutive_failures", "workspace_id",
)  # fmt: skip


def bring_webhooks(transfer: Transfer) -> None:
    """With their secrets, so that receivers go on believing them."""
    rows = transfer.new_rows("webhooks", WEBHOOKS)
    transfer.add("webhooks", ((row["id"], _webhook(transfer, row)) for row in rows))


def _webhook(transfer: Transfer, row: dict[str, Any]) -> Webhook:
    return Webhook(
        workspace_id=home_of(transfer, row),
        name=text(row["name"]),
        url=text(row["url"]),
        secret=maybe_text(row["secret"], 64) or None,
        events=[name for name in json(row["events"], []) if isinstance(name, str)] or ["*"],
        enabled=row["enabled"] in (1, None),
        last_fired_at=moment(row["last_fired_at"]),
        last_status=None if row["last_status"] is None else whole(row["last_status"], low=-1, high=999),
        consecutive_failures=whole(row["consecutive_failures"], high=LARGEST_INT),
        created_by=text(row["created_by"], 200) or "system",
        **_times(transfer, row),
    )


ALERTS = (
    "id", "name", "description", "enabled", "entity_type", "condition_field", "condition_operator", "condition_value",
    "action_type", "action_config", "cooldown_minutes", "last_triggered_at", "trigger_count", "created_by",
    "created_at", "updated_at", "workspace_id",
)  # fmt: skip


def bring_alerts(transfer: Transfer) -> None:
    rows = transfer.new_rows("alert_rules", ALERTS)
    transfer.add("alert_rules", ((row["id"], _alert(transfer, row)) for row in rows))


def _alert(transfer: Transfer, row: dict[str, Any]) -> AlertRule:
    return AlertRule(
        workspace_id=home_of(transfer, row),
        name=text(row["name"]),
        description=maybe_text(row["description"]),
        enabled=row["enabled"] in (1, None),
        entity_type=text(row["entity_type"]),
        condition_field=text(row["condition_field"]),
        condition_operator=text(row["condition_operator"]),
        condition_value=text(row["condition_value"]),
        action_type=text(row["action_type"]) or "notification",
        action_config=json_text(row["action_config"]) or "{}",
        cooldown_minutes=whole(row["cooldown_minutes"], high=LARGEST_INT, default=60),
        last_triggered_at=moment(row["last_triggered_at"]),
        trigger_count=whole(row["trigger_count"], high=LARGEST_INT),
        created_by=text(row["created_by"], 200) or "system",
        **_times(transfer, row),
    )


WORKFLOWS = (
    "id", "name", "description", "model", "task_prompt", "timeout_seconds", "agent_role", "tags", "created_by",
    "created_at", "updated_at", "last_used_at", "use_count", "workspace_id",
)  # fmt: skip


def bring_workflows(transfer: Transfer) -> None:
    rows = transfer.new_rows("workflow_templates", WORKFLOWS)
    transfer.add("workflow_templates", ((row["id"], _workflow(transfer, row)) for row in rows))


def _workflow(transfer: Transfer, row: dict[str, Any]) -> WorkflowTemplate:
    return WorkflowTemplate(
        workspace_id=home_of(transfer, row),
        name=text(row["name"]),
        description=maybe_text(row["description"]),
        model=text(row["model"]) or "sonnet",
        task_prompt=text(row["task_prompt"]),
        timeout_seconds=whole(row["timeout_seconds"], high=LARGEST_INT, default=300),
        agent_role=maybe_text(row["agent_role"]),
        tags=json(row["tags"], []),
        created_by=text(row["created_by"], 200) or "system",
        last_used_at=moment(row["last_used_at"]),
        use_count=whole(row["use_count"], high=LARGEST_INT),
        **_times(transfer, row),
    )


PIPELINES = (
    "id", "name", "description", "steps", "created_by", "created_at", "updated_at", "use_count", "last_used_at",
    "workspace_id",
)  # fmt: skip


def bring_pipelines(transfer: Transfer) -> None:
    rows = transfer.new_rows("workflow_pipelines", PIPELINES)
    transfer.add("workflow_pipelines", ((row["id"], _pipeline(transfer, row)) for row in rows))


def _pipeline(transfer: Transfer, row: dict[str, Any]) -> Pipeline:
    steps = [step for step in json(row["steps"], []) if isinstance(step, dict)]
    for step in steps:
        here = transfer.here("workflow_templates", step.get("template_id"))
        step["template_id"] = here or step.get("template_id")
    return Pipeline(
        workspace_id=home_of(transfer, row),
        name=text(row["name"]),
        description=maybe_text(row["description"]),
        steps=steps,
        created_by=text(row["created_by"], 200) or "system",
        use_count=whole(row["use_count"], high=LARGEST_INT),
        last_used_at=moment(row["last_used_at"]),
        **_times(transfer, row),
    )


def _times(transfer: Transfer, row: dict[str, Any]) -> dict[str, Any]:
    born = moment(row["created_at"]) or transfer.now
    return {"created_at": born, "updated_at": moment(row["updated_at"]) or born}
