"""What the log tells of permissions, and what the audit log keeps of their decisions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from activity.audit import Origin, record_audit
from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record
from core.actors import Actor
from core.ids import ref
from governance.models import Permission

from .inputs import shortened

# An event of the log holds 64 KiB, two inputs of that size among others.
LARGEST = 24 * 1024
CUTS = (4_000, 1_000, 200)


def told(kind: Kind, permission: Permission, actor: Actor) -> Event:
    data = permission.facts()
    data["input"], cut = fitting(permission.input)
    data["updated_input"], cut_too = fitting(permission.updated_input)
    if cut or cut_too:
        # Those who want all of it read it from the permission itself.
        data["truncated"] = True
    return fact(
        kind,
        actor=actor,
        subject=ref("permission", permission.pk),
        agent_id=permission.agent_id,
        task_id=permission.task_id,
        workspace_id=permission.workspace_id,
        data={"permission": data},
    )


def fitting(input: dict[str, Any] | None) -> tuple[dict[str, Any] | None, bool]:
    """The input, or as much of it as fits into an event; and whether it was cut."""
    if input is None or _size(input) <= LARGEST:
        return input, False
    for longest in CUTS:
        if _size(cut := shortened(input, longest)) <= LARGEST:
            return cut, True
    return {"…": f"{_size(input)} bytes"}, True


def _size(value: Any) -> int:
    return len(orjson.dumps(value))


def resolved(permission: Permission, actor: Actor, now: datetime, *, origin: Origin | None = None) -> None:
    """Tell of its end, and keep who ended it, how and with which inputs."""
    record(told(Kind.PERMISSION_RESOLVED, permission, actor), at=now)
    record_audit(
        "permission_decided",
        actor=actor,
        at=now,
        target=("permission", permission.pk),
        detail={
            "status": permission.status,
            "agent": permission.agent_slug,
            "tool": permission.tool,
            "input": fitting(permission.input)[0],
            "updated_input": fitting(permission.updated_input)[0],
            "reason": permission.reason,
            "channel": permission.channel,
        },
        origin=origin,
    )
