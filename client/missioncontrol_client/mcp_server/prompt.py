"""The permission prompt of agents that ask an MCP tool whether they may use another one."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from missioncontrol_client.aio import AsyncMissionControl
from missioncontrol_client.retry import Retry
from missioncontrol_client.runner.aio import drive
from missioncontrol_client.runner.asking import Wish, asking
from missioncontrol_client.runner.core import PATIENCE
from missioncontrol_client.wire import Caller

from .parameters import Parameter, checked

PROMPT = "permission_prompt"
PROMPT_PARAMETERS = (
    Parameter("tool_name", about="The tool that the agent wants to use", required=True),
    Parameter("input", "object", "What it wants to use it with", required=True),
    Parameter("tool_use_id"),
)
SHORTEST, LONGEST, USUAL = 10, 3600, 300


async def answer_prompt(caller: Caller, given: dict[str, Any]) -> dict[str, Any]:
    """Waits for the answer, in the form that agents expect. What goes wrong is a no."""
    wanted = checked(PROMPT_PARAMETERS, given)
    wish = Wish(
        wanted["tool_name"],
        wanted["input"],
        task_id=os.environ.get("MC_TASK_ID") or None,
        tool_use_id=wanted.get("tool_use_id"),
        timeout=_timeout(os.environ.get("MC_PERMISSION_TIMEOUT", "")),
    )
    patient = replace(caller, timeout=max(caller.timeout, PATIENCE), retry=Retry.never())
    async with AsyncMissionControl.of(patient) as client:
        decision = await drive(asking(wish), client.send)
    if decision.approved:
        return {"behavior": "allow", "updatedInput": decision.input}
    return {"behavior": "deny", "message": decision.reason or "Not permitted"}


def _timeout(text: str) -> int:
    return min(max(int(text), SHORTEST), LONGEST) if text.isdecimal() else USUAL
