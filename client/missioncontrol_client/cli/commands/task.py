"""`mc task ...`"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from missioncontrol_client.cli.arguments import Parser, amount, count, leaf, names, numbered, one_of, repeated, words
from missioncontrol_client.cli.context import Context
from missioncontrol_client.cli.local import text_or_stdin
from missioncontrol_client.cli.output import block, clean, facts, table, usd
from missioncontrol_client.enums import Direction, PostedMessageType, TaskOrder, TaskType
from missioncontrol_client.enums import words as values

from . import task_work

if TYPE_CHECKING:
    from missioncontrol_client.answers import TaskDetail

COLUMNS = ("id", "status", "priority", "type", "title")


def add_task(parser: Parser) -> None:
    sub = parser.choices()
    _add_list(leaf(sub, "list", list_, "find tasks"))
    leaf(sub, "get", get, "show a task with its history").add_argument("id", type=numbered("task"), metavar="ID")
    _add_create(leaf(sub, "create", create, "put a task into the inbox"))
    leaf(sub, "claim", claim, "take a task from the inbox").add_argument("id", type=numbered("task"), metavar="ID")
    task_work.add_start(leaf(sub, "start", task_work.start, "begin work, with a plan"))
    _add_comment(leaf(sub, "comment", comment, "say something about a task"))
    task_work.add_artifact(leaf(sub, "artifact", task_work.artifact, "attach a file or an address to a task"))
    task_work.add_submit(leaf(sub, "submit", task_work.submit, "hand in the work for review"))
    task_work.add_transition(leaf(sub, "transition", task_work.transition, "move a task to another status"))


def _add_list(parser: Parser) -> None:
    parser.add_argument("--status", **repeated(words))
    parser.add_argument("--type", **repeated(words))
    parser.add_argument("--limit", type=count, metavar="N")
    parser.add_argument("--offset", type=count, metavar="N")
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument("--mine", action="store_true", help="only those of the agent that acts")
    whose.add_argument("--assignee", metavar="AGENT")
    parser.add_argument("--priority", **repeated(names))
    parser.add_argument("--label", help="tasks that have all of these", **repeated(names))
    parser.add_argument("--search", metavar="TEXT")
    parser.add_argument("--order-by", choices=values(TaskOrder))
    parser.add_argument("--order-dir", choices=values(Direction))


def list_(ctx: Context, args: Namespace) -> int:
    assignee = (ctx.settings.agent_id or "me") if args.mine else args.assignee
    found = ctx.client.tasks.list(
        status=args.status,
        type=args.type,
        assignee_id=assignee,
        priority=args.priority,
        labels=args.label,
        search=args.search,
        limit=args.limit,
        offset=args.offset,
        order_by=args.order_by,
        order_dir=args.order_dir,
    )

    def human() -> str:
        text = table(found["tasks"], COLUMNS, empty="No tasks")
        return f"{text}\n{len(found['tasks'])} of {found['total']}; see --offset" if found["hasMore"] else text

    return ctx.answer(found, human)


def get(ctx: Context, args: Namespace) -> int:
    found = ctx.client.tasks.get(args.id)
    return ctx.answer(found, lambda: _detail(found))


def _detail(found: TaskDetail) -> str:
    task: Any = found["task"]
    parts = [
        f"{clean(task['id'])}  {clean(task['title'])}",
        facts(
            [
                ("Status", task["status"]),
                ("Blocked", task.get("blockedReason")),
                ("Type", task["type"]),
                ("Priority", task["priority"]),
                ("Assignees", task["assigneeIds"]),
                ("Labels", task["labels"]),
                ("Due", task["dueAt"]),
                ("Cost", usd(task["actualCost"])),
                ("Plan", (task["workPlan"] or {}).get("bullets")),
            ]
        ),
    ]
    if task["description"]:
        parts.append(block(task["description"]))
    for message in found["messages"]:
        author = clean(message["authorAgentId"] or message["authorUserId"] or "system")
        head = f"{clean(message['createdAt'])}  {clean(message['id'])}  {clean(message['type'])}  {author}"
        parts.append(f"{head}\n{block(message['content'])}")
    approvals = [approval for approval in found["approvals"] if approval["status"] == "PENDING"]
    if approvals:
        parts.append(table(approvals, ("id", "status", "riskLevel", "actionSummary"), empty=""))
    return "\n\n".join(parts)


def _add_create(parser: Parser) -> None:
    parser.add_argument("--title", required=True)
    parser.add_argument("--type", required=True, **one_of(values(TaskType)))
    parser.add_argument("--description", help="its text; - reads standard input")
    parser.add_argument("--priority", type=int, choices=(1, 2, 3, 4), help="1 is critical, 4 is low")
    parser.add_argument("--assign", help="agents", **repeated(names))
    parser.add_argument("--label", **repeated(names))
    parser.add_argument("--due", metavar="TIME", help="ISO 8601 with a time zone")
    parser.add_argument("--estimated-cost", type=amount, metavar="USD")
    parser.add_argument("--parent", type=numbered("task"), metavar="ID", help="the task it belongs to")


def create(ctx: Context, args: Namespace) -> int:
    found = ctx.client.tasks.create(
        args.title,
        args.type,
        description=None if args.description is None else text_or_stdin(args.description),
        priority=args.priority,
        assignee_ids=args.assign,
        parent_task_id=args.parent,
        labels=args.label,
        due_at=args.due,
        estimated_cost=args.estimated_cost,
        idempotency_key=ctx.key,
    )
    task = found["task"]
    verb = "Created" if found["created"] else "Was created before:"
    return ctx.answer(found, lambda: f"{verb} {clean(task['id'])} ({clean(task['status'])}): {clean(task['title'])}")


def claim(ctx: Context, args: Namespace) -> int:
    ctx.me  # noqa: B018 - without an agent there is nothing to ask
    found = ctx.client.tasks.claim(args.id, idempotency_key=ctx.key)
    task = found["task"]
    return ctx.answer(found, lambda: f"Claimed {clean(task['id'])} ({clean(task['status'])}): {clean(task['title'])}")


def _add_comment(parser: Parser) -> None:
    parser.add_argument("id", type=numbered("task"), metavar="ID")
    parser.add_argument("text", metavar="TEXT", help="what to say; - reads standard input")
    parser.add_argument("--type", default="COMMENT", **one_of(values(PostedMessageType)))
    parser.add_argument("--mention", help="agents", **repeated(names))
    parser.add_argument("--reply-to", type=numbered("msg"), metavar="MESSAGE")


def comment(ctx: Context, args: Namespace) -> int:
    found = ctx.client.tasks.comment(
        args.id,
        text_or_stdin(args.text),
        type=args.type,
        mentions=args.mention,
        reply_to_id=args.reply_to,
        idempotency_key=ctx.key,
    )

    def human() -> str:
        told = [item["agentId"] for item in found["notifications"] if item["queued"]]
        text = f"Posted {clean(found['message']['id'])} ({clean(found['message']['type'])})"
        return f"{text}; told {clean(told)}" if told else text

    return ctx.answer(found, human)
