"""What happens, for the webhooks of this dialect: a durable reader of the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from activity.catalogue import Kind
from activity.models import Event
from activity.readers import only_while
from webhooks.models import EVERYTHING, Webhook
from webhooks.services import Happening, queue, somebody_listens

EVENTS = (
    "task.created", "task.updated", "task.transitioned", "task.deleted", "message.posted", "document.created",
    "approval.requested", "approval.decided", "approval.expired", "agent.registered", "agent.updated",
    "agent.status_changed", "agent.control", "run.started", "run.completed", "tool_call.recorded",
    "permission.requested", "permission.resolved", "notification.created", "alert.opened", "alert.resolved",
    "budget.warning", "budget.exceeded", "loop.detected",
)  # fmt: skip
# What a webhook may ask for: single events, all of a kind, everything.
KNOWN = frozenset({*EVENTS, *(f"{event.partition('.')[0]}.*" for event in EVENTS), EVERYTHING})
# A claim from the other dialect's queue is a move like any other.
TOLD_AS: dict[str, str] = {Kind.TASK_CLAIMED: "task.transitioned"}
V1 = Webhook.Dialect.V1


@only_while(partial(somebody_listens, V1))
def feed_webhooks(page: Sequence[Event]) -> None:
    """Queue a delivery for each webhook and event it wants, in the transaction that moves the cursor."""
    queue(happenings(page))


def happenings(page: Sequence[Event]) -> Iterator[Happening]:
    for event in page:
        name = TOLD_AS.get(event.kind, event.kind)
        if name in EVENTS and event.workspace_id is not None:
            yield Happening(
                event.id,
                event.workspace_id,
                (name,),
                partial(_data, event),
                event.at,
                V1,
                request_id=event.request_id,
                traceparent=event.traceparent,
            )


def _data(event: Event) -> dict[str, Any]:
    # Only where somebody listens: the shapes take memory that a worker can do without.
    from .told import objects_of

    return {**objects_of(event), "workspaceId": f"workspace_{event.workspace_id}"}
