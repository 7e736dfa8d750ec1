"""One task with all that belongs to it, and changes of it."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import has, many
from core.errors import Invalid
from governance.models import Approval
from governance.services import deciding
from governance.services.planning import plan_task
from tasks.models import Task

from .base import V1View
from .body import Bag, Dollars, Moment, Shape, Text, micro
from .docs.schema import ref
from .docs.words import describe
from .out import document_out, message_out, slugs_of, task_out, transition_out
from .out_approvals import Reader, approvals_out
from .out_runs import run_out
from .pieces import Deliverable, WorkPlan, kept
from .tasks import Description, Labels, Priority, Slugs, Title, find_agents, find_task

LAST, LAST_MESSAGES = 20, 100


class TaskFields(Shape):
    """Null clears what may be empty."""

    title: Title = ""
    description: Description | None = None
    priority: Priority = 3
    assignee_ids: Slugs = []
    labels: Labels = []
    due_at: Moment | None = None
    work_plan: WorkPlan | None = None
    deliverable: Deliverable | None = None
    metadata: Bag = {}
    reviewer_id: Text | None = None
    estimated_cost: Dollars | None = None


class OneTask(V1View):
    route = "task"

    @describe(
        "Change a task, or claim it.",
        body=TaskFields,
        answers={200: has(task=ref("Task"))},
        codes="POLICY_VIOLATION AGENT_PAUSED STATE_CONFLICT ALREADY_CLAIMED CONFLICT",
        note="Which fields an agent may change depends on its role and on whose task it is.",
    )
    def patch(self, request: Request, id: str) -> Response:
        task = find_task(self, id)
        if "status" in self.sent:
            raise Invalid.fields("status: move the task with POST /tasks/{id}/transition")
        task = plan_task(
            task=task,
            actor=self.actor,
            agent=self.acting_agent,
            now=self.now,
            fields=self._fields(),
        )
        return Response({"task": task_out(task)})

    def _fields(self) -> dict[str, Any]:
        fields = self.read(TaskFields).given()
        if "assignee_ids" in fields:
            fields["assignees"] = find_agents(self, fields.pop("assignee_ids"), "assigneeIds")
        if "reviewer_id" in fields:
            slug = fields.pop("reviewer_id")
            fields["reviewer"] = None if slug is None else find_agents(self, [slug], "reviewerId")[0]
        if "estimated_cost" in fields:
            fields["estimated_cost_microusd"] = micro(fields.pop("estimated_cost"))
        for name in ("work_plan", "deliverable"):
            if fields.get(name) is not None:
                fields[name] = kept(fields[name])
        return fields

    @describe(
        "One task with all that belongs to it.",
        answers={
            200: has(
                task=ref("Task"),
                transitions=many(ref("TaskTransition")),
                messages=many(ref("Message")),
                documents=many(ref("Document")),
                runs=many(ref("Run")),
                approvals=many(ref("Approval")),
            )
        },
    )
    def get(self, request: Request, id: str) -> Response:
        task = find_task(self, id)
        if deciding.expire_due(now=self.now, task_id=task.pk):
            task = find_task(self, id)
        moves = list(task.transitions.order_by("at", "id"))
        said = list(task.comments.order_by("-id")[:LAST_MESSAGES])[::-1]
        slugs = slugs_of([*(row.actor for row in moves), *(row.actor for row in said)])
        return Response(
            {
                "task": task_out(task),
                "transitions": [transition_out(row, slugs) for row in moves],
                "messages": [message_out(row, slugs) for row in said],
                "documents": [
                    document_out(row) for row in task.documents.filter(next=None).select_related("agent").order_by("id")
                ],
                "runs": [run_out(row) for row in task.runs.select_related("agent").order_by("-id")[:LAST]],
                "approvals": approvals_out(self._approvals(task), self._reader()),
            }
        )

    def _reader(self) -> Reader:
        is_agent = self.actor.kind == "agent"
        return Reader(self.actor, self.agent, self.mandate) if is_agent else Reader(self.actor)

    @staticmethod
    def _approvals(task: Task) -> list[Approval]:
        """What waits, and what was decided last."""
        rows = Approval.objects.filter(task=task).select_related("task", "requestor", "decided_by_agent")
        over = rows.exclude(status=Approval.Status.PENDING).order_by("-id")[:LAST]
        return sorted([*rows.pending(), *over], key=lambda row: -row.pk)
