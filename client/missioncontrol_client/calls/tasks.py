"""Tasks, their transitions and their messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypedDict, Unpack

from .base import Call, Json, Many, Moment, Own, body, changes, query, segment

if TYPE_CHECKING:
    from missioncontrol_client import answers as a
    from missioncontrol_client import enums as e
    from missioncontrol_client import objects as o


class TaskChanges(TypedDict, total=False):
    """What `update_task` may change; what is absent stays, and None clears."""

    title: str
    description: str | None
    priority: e.TaskPriority
    assignee_ids: Sequence[str]
    labels: Sequence[str]
    due_at: Moment | None
    work_plan: o.WorkPlan | None
    deliverable: o.Deliverable | None
    metadata: Json
    reviewer_id: str | None
    estimated_cost: float | None


def list_tasks(
    *,
    status: Many | None = None,
    type: Many | None = None,
    assignee_id: str | None = None,
    creator_id: str | None = None,
    priority: int | Iterable[int] | None = None,
    parent_task_id: str | None = None,
    labels: Many | None = None,
    search: str | None = None,
    limit: int | None = None,
    offset: int | None = None,
    order_by: e.TaskOrder | None = None,
    order_dir: e.Direction | None = None,
) -> Call[a.TaskList]:
    """Tasks that match every filter. `assignee_id="me"` is the acting agent."""
    params = query(
        status=status,
        type=type,
        assignee_id=assignee_id,
        creator_id=creator_id,
        priority=priority,
        parent_task_id=parent_task_id,
        labels=labels,
        search=search,
        limit=limit,
        offset=offset,
        order_by=order_by,
        order_dir=order_dir,
    )
    return Call("GET", "/tasks", params=params)


def get_task(task_id: str) -> Call[a.TaskDetail]:
    return Call("GET", f"/tasks/{segment(task_id)}")


def create_task(
    title: str,
    type: e.TaskType,
    *,
    description: str | None = None,
    priority: e.TaskPriority | None = None,
    assignee_ids: Sequence[str] | None = None,
    parent_task_id: str | None = None,
    labels: Sequence[str] | None = None,
    due_at: Moment | None = None,
    estimated_cost: float | None = None,
    metadata: Json | None = None,
    idempotency_key: str | None = None,
) -> Call[a.TaskCreated]:
    sent = body(
        title=title,
        type=type,
        description=description,
        priority=priority,
        assignee_ids=assignee_ids,
        parent_task_id=parent_task_id,
        labels=labels,
        due_at=due_at,
        estimated_cost=estimated_cost,
        metadata=metadata,
    )
    return Call("POST", "/tasks", body=sent, idempotency_key=idempotency_key)


def update_task(
    task_id: str, *, idempotency_key: str | None = None, **fields: Unpack[TaskChanges]
) -> Call[a.TaskAnswer]:
    return Call("PATCH", f"/tasks/{segment(task_id)}", body=changes(fields), idempotency_key=idempotency_key)


def claim_task(task_id: str, *, idempotency_key: str | None = None) -> Call[a.TaskAnswer]:
    """Take a task from the inbox for the client's own agent."""
    path, sent = f"/tasks/{segment(task_id)}", {"assigneeIds": [Own.AGENT]}
    return Call("PATCH", path, body=sent, idempotency_key=idempotency_key)


def transition_task(
    task_id: str,
    to_status: e.TaskStatus,
    *,
    reason: str | None = None,
    work_plan: o.WorkPlan | None = None,
    deliverable: o.Deliverable | None = None,
    review_checklist: o.ReviewChecklist | None = None,
    assignee_ids: Sequence[str] | None = None,
    session_key: str | None = None,
    idempotency_key: str | None = None,
) -> Call[a.TransitionAnswer]:
    sent = body(
        to_status=to_status,
        reason=reason,
        work_plan=work_plan,
        deliverable=deliverable,
        review_checklist=review_checklist,
        assignee_ids=assignee_ids,
        session_key=session_key,
    )
    return Call("POST", f"/tasks/{segment(task_id)}/transition", body=sent, idempotency_key=idempotency_key)


def start_task(
    task_id: str,
    bullets: Sequence[str],
    *,
    estimated_cost: float | None = None,
    estimated_duration: str | None = None,
    dependencies: Sequence[str] | None = None,
    reason: str | None = None,
    session_key: str | None = None,
    idempotency_key: str | None = None,
) -> Call[a.TransitionAnswer]:
    """Begin work, with a plan of three to six bullets."""
    plan: o.WorkPlan = {"bullets": list(bullets)}
    if estimated_cost is not None:
        plan["estimatedCost"] = estimated_cost
    if estimated_duration is not None:
        plan["estimatedDuration"] = estimated_duration
    if dependencies is not None:
        plan["dependencies"] = list(dependencies)
    return transition_task(
        task_id,
        "IN_PROGRESS",
        work_plan=plan,
        reason=reason,
        session_key=session_key,
        idempotency_key=idempotency_key,
    )


def submit_task(
    task_id: str,
    content: str,
    *,
    artifacts: Sequence[o.Artifact] | None = None,
    summary: str | None = None,
    checklist: o.ReviewChecklist | None = None,
    reason: str | None = None,
    session_key: str | None = None,
    idempotency_key: str | None = None,
) -> Call[a.TransitionAnswer]:
    """Hand in what was made, for review."""
    deliverable: o.Deliverable = {"content": content, "artifacts": list(artifacts or ())}
    if summary is not None:
        deliverable["summary"] = summary
    return transition_task(
        task_id,
        "REVIEW",
        deliverable=deliverable,
        review_checklist=checklist,
        reason=reason,
        session_key=session_key,
        idempotency_key=idempotency_key,
    )


def list_transitions(task_id: str) -> Call[a.TransitionList]:
    return Call("GET", f"/tasks/{segment(task_id)}/transitions")


def list_messages(
    task_id: str, *, type: Many | None = None, limit: int | None = None, before: str | None = None
) -> Call[a.MessageList]:
    params = query(type=type, limit=limit, before=before)
    return Call("GET", f"/tasks/{segment(task_id)}/messages", params=params)


def post_message(
    task_id: str,
    content: str,
    *,
    type: e.PostedMessageType = "COMMENT",
    artifacts: Sequence[o.Artifact] | None = None,
    mentions: Sequence[str] | None = None,
    reply_to_id: str | None = None,
    idempotency_key: str | None = None,
) -> Call[a.MessagePosted]:
    sent = body(type=type, content=content, artifacts=artifacts, mentions=mentions, reply_to_id=reply_to_id)
    return Call("POST", f"/tasks/{segment(task_id)}/messages", body=sent, idempotency_key=idempotency_key)


def attach_artifact(
    task_id: str, artifact: o.Artifact, *, message: str | None = None, idempotency_key: str | None = None
) -> Call[a.MessagePosted]:
    text = message or f"Attached {artifact['name']}"
    return post_message(task_id, text, type="ARTIFACT", artifacts=[artifact], idempotency_key=idempotency_key)
