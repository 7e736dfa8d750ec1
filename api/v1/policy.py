"""The policy: may this agent do this, and what holds at all."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.limits import V1_POLICY
from agents.models import Agent
from api.schemas import TEXT, has, many
from core.errors import Denied, Invalid, NotFound
from governance.models import Policy
from governance.policy import Action, ActionType, Decision, Verdict
from governance.services.evaluating import Question, evaluate
from governance.services.policies import policy_at
from tasks.models import Task

from .base import V1View
from .body import Dollars, Shape, Text, micro
from .docs.schema import one_of, ref
from .docs.words import describe, text
from .listing import word
from .out import budget_out
from .out_approvals import policy_out
from .tasks import TYPES, find_task

Named = Annotated[Text, Field(max_length=4_096)]
Status = Literal["INBOX", "ASSIGNED", "IN_PROGRESS", "REVIEW", "NEEDS_APPROVAL", "BLOCKED", "DONE", "CANCELED"]
# The field of the action that must be there, and where else it may stand.
NEEDED = {"TOOL_CALL": "tool", "FILE_WRITE": "path", "NETWORK": "domain", "TRANSITION": "target_status"}
IN_ARGS = {"command": "command", "path": "path", "domain": "url"}


class ActionFields(Shape):
    type: Literal["TOOL_CALL", "FILE_WRITE", "NETWORK", "SPAWN", "TRANSITION"]
    tool: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    command: Annotated[Text, Field(max_length=10_000)] | None = None
    path: Named | None = None
    domain: Named | None = None
    target_status: Status | None = None
    estimated_cost: Dollars | None = None
    args: dict[str, Any] = {}

    @field_validator("args", mode="before")
    @classmethod
    def _none_is_empty(cls, value: Any) -> Any:
        return {} if value is None else value


class ContextFields(Shape):
    task_id: Text | None = None
    session_key: Annotated[Text, Field(max_length=128)] | None = None
    current_spend: Dollars | None = None
    approval_id: Text | None = None


class Evaluation(Shape):
    agent_id: Text
    action: ActionFields
    context: ContextFields | None = None


APPROVALS = ("TOOL_EXEC", "BUDGET_OVERRIDE", "STATE_TRANSITION", "SPAWN")
VERDICT = has(
    "violations",
    "approvalRequired",
    "budget",
    decision=one_of(("ALLOW", "DENY", "NEEDS_APPROVAL")),
    riskLevel=one_of(("GREEN", "YELLOW", "RED")),
    reason=TEXT,
    violations=many(TEXT),
    approvalRequired=has(type=one_of(APPROVALS), suggestedJustification=TEXT),
    budget=ref("Budget"),
)


class Evaluate(V1View):
    route = "policy-evaluate"
    limit = V1_POLICY

    @describe(
        "Ask whether an agent may do something; a refusal is an answer as well.",
        body=Evaluation,
        answers={200: VERDICT},
        codes="NOT_FOUND",
        note="An agent asks for itself alone.",
    )
    def post(self, request: Request) -> Response:
        """Always 200: a refusal is an answer as well."""
        want = self.read(Evaluation)
        agent = find_own_agent(self, want.agent_id)
        context = want.context or ContextFields()
        task = find_task(self, context.task_id) if context.task_id is not None else None
        question = Question(
            action=action_of(want.action, task),
            task=task,
            current_spend_microusd=micro(context.current_spend),
            approval_id=context.approval_id,
        )
        return Response(verdict_out(evaluate(agent=agent, question=question, actor=self.actor, now=self.now)))


def find_own_agent(view: V1View, slug: str) -> Agent:
    """The agent that is spoken of: the caller itself, or any for people. Raises Denied for another's, NotFound."""
    if view.actor.kind == "agent":
        if slug != view.agent.slug:
            raise Denied("An agent speaks for itself alone", code="AGENT_MISMATCH")
        return view.agent
    agent = Agent.objects.in_workspace(view.actor.workspace_id).filter(slug=slug).first()
    if agent is None:
        raise NotFound(f"There is no agent {slug[:80]}")
    return agent


def action_of(want: ActionFields, task: Task | None) -> Action:
    fields = {name: getattr(want, name) for name in ("command", "path", "domain")}
    for name, key in IN_ARGS.items():
        value = want.args.get(key)
        if fields[name] is None and isinstance(value, str):
            fields[name] = value
    needed = NEEDED.get(want.type)
    if needed and (fields.get(needed) or getattr(want, needed)) is None:
        raise Invalid.fields(f"action.{_camel(needed)}: is required for {want.type}")
    if want.type == "TRANSITION" and task is None:
        raise Invalid.fields("context.taskId: is required for TRANSITION")
    return Action(
        ActionType(want.type),
        tool=want.tool,
        target_status=want.target_status,
        estimated_cost=micro(want.estimated_cost),
        args=want.args,
        **fields,
    )


def _camel(name: str) -> str:
    return "targetStatus" if name == "target_status" else name


def verdict_out(verdict: Verdict) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "decision": verdict.decision.value,
        "riskLevel": verdict.risk.name,
        "reason": verdict.reason,
    }
    if verdict.decision == Decision.DENY:
        answer["violations"] = list(verdict.violations)
    if verdict.approval_required is not None:
        needed = verdict.approval_required
        answer["approvalRequired"] = {
            "type": needed.type.value,
            "suggestedJustification": needed.suggested_justification,
        }
    if verdict.budget is not None:
        answer["budget"] = budget_out(verdict.budget)
    return answer


class ActivePolicy(V1View):
    route = "policy-active"

    @describe(
        "The policy in force; where none is, the built-in one.",
        query={
            "scope": {**one_of(Policy.Scope.values), "default": "GLOBAL"},
            "scopeId": text("An agent's id or a type of tasks; needed unless the scope is GLOBAL."),
        },
        answers={200: has(policy=ref("Policy"))},
    )
    def get(self, request: Request) -> Response:
        query = request.query_params
        scope = word(query, "scope", Policy.Scope.values, Policy.Scope.GLOBAL)
        scope_id = query.get("scopeId", "")
        if scope == Policy.Scope.GLOBAL:
            scope_id = ""
        elif not scope_id:
            raise Invalid.fields(f"scopeId: is required for {scope}")
        elif scope == Policy.Scope.TASK_TYPE and scope_id not in TYPES:
            raise Invalid.fields(f"scopeId: {scope_id[:80]} is no type of tasks")
        return Response({"policy": policy_out(policy_at(self.actor.workspace_id, scope, scope_id[:64]))})
