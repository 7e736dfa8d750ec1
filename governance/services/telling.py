"""What the log tells of approvals."""

from __future__ import annotations

from typing import Any

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, story
from core.actors import Actor
from core.ids import ref
from governance.models import Approval


def told(
    kind: Kind, approval: Approval, *, actor: Actor, by: str, description: str, data: dict[str, Any]
) -> list[Event]:
    """The sentence for people, and what machines act on."""
    about: dict[str, Any] = {
        "subject": ref("approval", approval.pk),
        "agent_id": approval.requestor_id,
        "task_id": approval.task_id,
    }
    return [
        story(
            kind.value.replace(".", "_"),
            by=by,
            workspace_id=approval.workspace_id,
            description=description,
            data=data,
            **about,
        ),
        fact(kind, actor=actor, data={"approval": approval.facts()}, **about),
    ]
