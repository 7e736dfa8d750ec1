"""Runs and tool calls as the dialect shows them."""

from __future__ import annotations

from typing import Any

from tokens.models import Run, ToolCall

from .ids import shown
from .out import moment, usd


def run_out(row: Run) -> dict[str, Any]:
    """`agent` is best selected with the row."""
    return {
        "id": shown("run", row.pk),
        "agentId": row.agent.slug,
        "taskId": shown("task", row.task_id),
        "sessionKey": row.session_key,
        "model": row.model,
        "startedAt": moment(row.started_at),
        "endedAt": moment(row.ended_at),
        "durationMs": row.duration_ms,
        "inputTokens": row.input_tokens,
        "outputTokens": row.output_tokens,
        "cacheReadTokens": row.cache_read_tokens,
        "cacheWriteTokens": row.cache_write_tokens,
        "costUsd": usd(row.cost_microusd),
        "costSource": row.cost_source,
        "status": row.status,
        "error": row.error,
        "metadata": row.metadata,
        "createdAt": moment(row.created_at),
    }


def tool_call_out(row: ToolCall) -> dict[str, Any]:
    """`agent` is best selected with the row."""
    return {
        "id": shown("tool", row.pk),
        "runId": shown("run", row.run_id),
        "agentId": row.agent.slug,
        "taskId": shown("task", row.task_id),
        "toolName": row.tool_name,
        "toolVersion": row.tool_version,
        "riskLevel": row.risk_level,
        "policyResult": row.policy_result,
        "inputPreview": row.input_preview,
        "outputPreview": row.output_preview,
        "inputHash": row.input_hash,
        "outputHash": row.output_hash,
        "startedAt": moment(row.started_at),
        "endedAt": moment(row.ended_at),
        "durationMs": row.duration_ms,
        "status": row.status,
        "error": row.error,
        "retryCount": row.retry_count,
        "redactedFields": row.redacted_fields,
        "createdAt": moment(row.created_at),
    }
