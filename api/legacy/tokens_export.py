"""Token reports as a file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from rest_framework.response import Response

from core.clock import iso
from core.money import MICRO
from tokens.statistics import Use

from .tokens_sums import of_model, of_session, record, stats, stats_by

CSV_HEADER = "timestamp,agentName,model,sessionId,operation,inputTokens,outputTokens,totalTokens,cost,duration"


def as_csv(uses: list[Use], *, name: str) -> HttpResponse:
    """Nothing is quoted, and nothing follows the last line, as clients have always read it."""
    body = "\n".join([CSV_HEADER, *map(_line, uses)])
    headers = {"Content-Type": "text/csv", "Content-Disposition": f"attachment; filename={name}.csv"}
    return HttpResponse(body, headers=headers)


def as_json(uses: list[Use], *, name: str) -> Response:
    body: dict[str, Any] = {
        "usage": [record(use) for use in uses],
        "summary": stats(uses),
        "models": stats_by(uses, of_model),
        "sessions": stats_by(uses, of_session),
    }
    return Response(body, headers={"Content-Disposition": f"attachment; filename={name}.json"})


def _line(use: Use) -> str:
    at = iso(datetime.fromtimestamp(use.at / 1000, UTC))
    figures = [use.input_tokens, use.output_tokens, use.tokens]
    cost, duration = f"{use.cost_microusd / MICRO:.4f}", f"{use.duration_ms or 0:.15g}"
    words = [at, use.agent_name, use.model, use.session_id, use.operation, *figures, cost, duration]
    return ",".join(str(word) for word in words)
