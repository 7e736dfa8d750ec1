"""Tool calls: what agents report of what they did."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.limits import V1_EVENTS
from api.schemas import has
from core.errors import Denied, NotFound
from governance.services.tool_reports import report_tool_call, update_tool_call
from tokens.models import ToolCall

from .base import V1View
from .body import Moment, Shape, Text, Whole, Words
from .docs.schema import ref
from .docs.words import describe
from .ids import row_id
from .out_runs import tool_call_out
from .policy import find_own_agent
from .runs import Error, find_run, not_ahead
from .tasks import find_task

Status = Literal["PENDING", "RUNNING", "SUCCESS", "FAILED", "DENIED"]
Hash = Annotated[Text, Field(max_length=128)]


class PolicyResult(Shape):
    decision: Literal["ALLOW", "DENY", "NEEDS_APPROVAL"]
    reason: Annotated[Text, Field(max_length=2_000)] | None = None
    approval_id: Annotated[Text, Field(max_length=40)] | None = None


class NewToolCall(Shape):
    run_id: Text
    agent_id: Text
    tool_name: Annotated[Words, Field(max_length=200)]
    tool_version: Annotated[Text, Field(max_length=100)] | None = None
    risk_level: Literal["GREEN", "YELLOW", "RED"]
    started_at: Moment
    status: Status
    task_id: Text | None = None
    input_preview: Text | None = None
    input_hash: Hash | None = None
    policy_result: PolicyResult | None = None


class ToolCallChange(Shape):
    ended_at: Moment | None = None
    status: Status | None = None
    output_preview: Text | None = None
    output_hash: Hash | None = None
    error: Error | None = None
    retry_count: Annotated[Whole, Field(ge=0, le=1_000_000)] | None = None


class ToolCalls(V1View):
    route = "tool-calls"
    limit = V1_EVENTS

    @describe(
        "Report the use of a tool within a run.",
        body=NewToolCall,
        answers={201: has(toolCall=ref("ToolCall"))},
        codes="NOT_FOUND",
        note="An agent reports its own calls alone.",
    )
    def post(self, request: Request) -> Response:
        want = self.read(NewToolCall)
        agent = find_own_agent(self, want.agent_id)
        run = find_run(self, want.run_id)
        if run.agent_id != agent.pk:
            raise Denied("The run is another agent's")
        not_ahead(want.started_at, self.now)
        result = want.policy_result
        fields: dict[str, Any] = {
            "tool_name": want.tool_name,
            "tool_version": want.tool_version,
            "risk_level": want.risk_level,
            "started_at": want.started_at,
            "status": want.status,
            "task": find_task(self, want.task_id) if want.task_id is not None else None,
            "input_preview": want.input_preview,
            "input_hash": want.input_hash,
            "policy_result": result and result.model_dump(by_alias=True),
        }
        call = report_tool_call(run=run, fields=fields, actor=self.actor, now=self.now)
        return Response({"toolCall": tool_call_out(call)}, status=201)


class OneToolCall(V1View):
    route = "tool-call"
    limit = V1_EVENTS

    @describe(
        "Report how the use of a tool ended.",
        body=ToolCallChange,
        answers={200: has(toolCall=ref("ToolCall"))},
        codes="STATE_CONFLICT",
        note="An agent reports its own calls alone.",
    )
    def patch(self, request: Request, id: str) -> Response:
        call = self._find(id)
        given = self.read(ToolCallChange).given()
        changes = {name: value for name, value in given.items() if value is not None}
        call = update_tool_call(call=call, changes=changes, actor=self.actor, now=self.now)
        return Response({"toolCall": tool_call_out(call)})

    def _find(self, id: str) -> ToolCall:
        here = ToolCall.objects.in_workspace(self.actor.workspace_id).select_related("agent")
        call = here.filter(pk=row_id("tool", id)).first()
        if call is None:
            raise NotFound(f"There is no tool call {id[:80]}")
        if self.actor.kind == "agent" and call.agent_id != self.agent.pk:
            raise Denied("The tool call is another agent's", code="AGENT_MISMATCH")
        return call
