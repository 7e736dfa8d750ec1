"""Durable readers of the log that tell other computers what streams tell browsers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from activity.catalogue import Kind
from activity.models import Event
from activity.readers import only_while
from webhooks.services import Happening, queue, somebody_listens

from .wire.sse import shaped

# The name of a frame → the event name that webhooks listen for. A change to a task is told by its story and,
# under the same name, by the task itself.
TASK_EVENTS = {
    "task.created": "activity.task_created",
    "task.updated": "activity.task_updated",
    "task.deleted": "activity.task_deleted",
    "task.status_changed": "activity.task_status_changed",
}


@only_while(somebody_listens)
def feed_webhooks(page: Sequence[Event]) -> None:
    """Queue a delivery for each webhook and event it wants, in the transaction that moves the cursor."""
    queue(happenings(page))


def happenings(page: Sequence[Event]) -> Iterator[Happening]:
    for event in page:
        names = event_names(event)
        if names and event.workspace_id is not None:
            yield Happening(
                event.id,
                event.workspace_id,
                names,
                partial(_data, event),
                event.at,
                request_id=event.request_id,
                traceparent=event.traceparent,
            )


def event_names(event: Event) -> tuple[str, ...]:
    """The names under which webhooks hear of it; none for what they do not hear of."""
    data = event.data or {}
    if event.kind == Kind.STORY:
        return (f"activity.{event.type}",)
    if event.kind == Kind.PIPELINE_NOTICE:
        return (f"activity.{data['type']}",)
    if event.kind == Kind.NOTIFICATION_CREATED:
        return (f"notification.{data['notification']['type']}",)
    if event.kind == Kind.AGENT_PRESENCE:
        return ("agent.status_change", "agent.error") if data["status"] == "error" else ("agent.status_change",)
    if event.kind == Kind.AUDIT_SECURITY:
        return (f"security.{data['action']}",)
    if event.kind == Kind.TASK_TRANSITIONED:
        return (TASK_EVENTS["task.updated" if "task" in data else "task.status_changed"],)
    return (TASK_EVENTS[event.kind],) if event.kind in TASK_EVENTS else ()


def _data(event: Event) -> dict[str, Any]:
    found = shaped(event)
    return found[1] if found else {}
