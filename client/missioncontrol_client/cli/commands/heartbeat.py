"""`mc heartbeat`"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from missioncontrol_client.cli.arguments import Parser, json_object, numbered, one_of
from missioncontrol_client.cli.context import Context
from missioncontrol_client.cli.output import clean

if TYPE_CHECKING:
    from missioncontrol_client.answers import Heartbeat


def add_heartbeat(parser: Parser) -> None:
    parser.add_argument("--status", default="HEALTHY", **one_of(("HEALTHY", "BUSY", "IDLE")))
    parser.add_argument("--task", type=numbered("task"), metavar="ID", help="the task at hand")
    parser.add_argument("--session", metavar="KEY", help="session key (MC_SESSION_KEY)")
    parser.add_argument("--metadata", type=json_object, metavar="JSON")
    parser.set_defaults(run=heartbeat)


def heartbeat(ctx: Context, args: Namespace) -> int:
    found = ctx.client.agents.heartbeat(
        args.status,
        current_task_id=args.task,
        session_key=args.session,
        metadata=args.metadata,
        agent_id=ctx.me,
        idempotency_key=ctx.key,
    )
    if not ctx.json:
        for warning in found.get("warnings") or []:
            ctx.warn(warning)
    return ctx.answer(found, lambda: "\n".join(_lines(found)) or "HEARTBEAT_OK")


def _lines(found: Heartbeat) -> list[str]:
    lines = []
    if control := found.get("control"):
        lines.append(f"Control: {clean(control['action'])} ({clean(control.get('reason'))})")
    for note in found["pendingNotifications"]:
        about = f" {clean(note.get('taskId'))}" if note.get("taskId") else ""
        lines.append(f"Notification {clean(note['id'])} {clean(note['type'])}{about}: {clean(note['title'])}")
    for approval in found["pendingApprovals"]:
        summary = f"{clean(approval['riskLevel'])}: {clean(approval['actionSummary'])}"
        lines.append(f"Approval {clean(approval['id'])} {summary}")
    for task in found["assignedTasks"]:
        lines.append(f"Task {clean(task['id'])} {clean(task['status'])}: {clean(task['title'])}")
    return lines
