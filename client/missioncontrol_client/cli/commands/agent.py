"""`mc agent ...`"""

from __future__ import annotations

import time
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from missioncontrol_client.calls import work
from missioncontrol_client.cli.arguments import Parser, amount, count, leaf, numbered, one_of, repeated, words
from missioncontrol_client.cli.context import Context
from missioncontrol_client.cli.local import text_or_stdin
from missioncontrol_client.cli.output import clean, facts, table, usd
from missioncontrol_client.enums import AgentRole, ControlAction
from missioncontrol_client.enums import words as values

if TYPE_CHECKING:
    from missioncontrol_client.answers import AgentDetail
    from missioncontrol_client.watching import LogEntry

COLUMNS = ("id", "status", "role", "health", "spendToday", "budgetDaily", "currentTaskId", "name")


def add_agent(parser: Parser) -> None:
    sub = parser.choices()
    _add_register(leaf(sub, "register", register, "make an agent known"))
    showing = leaf(sub, "status", status, "show an agent and its budget")
    showing.add_argument("id", metavar="ID", nargs="?", help="default: the agent that acts")
    listing = leaf(sub, "list", list_, "list agents")
    listing.add_argument("--status", **repeated(words))
    listing.add_argument("--role", **repeated(words))
    controlling = leaf(sub, "control", control, "pause, resume, drain, quarantine or restart an agent")
    controlling.add_argument("id", metavar="ID")
    controlling.add_argument("action", **{**one_of(values(ControlAction)), "metavar": "ACTION"})
    controlling.add_argument("--reason")
    controlling.add_argument("--duration", help="resume after this time, such as 30m or 2h")
    saying = leaf(sub, "say", say, "say something to whoever runs an agent")
    saying.add_argument("id", metavar="ID")
    saying.add_argument("text", metavar="TEXT", help="- reads standard input")
    reading = leaf(sub, "log", log, "read what an agent said and did, the newest last")
    reading.add_argument("id", metavar="ID", nargs="?", help="default: the agent that acts")
    reading.add_argument("--limit", type=count, metavar="N")
    reading.add_argument("--before", metavar="ENTRY", help="only what came before this entry")


def _add_register(parser: Parser) -> None:
    parser.add_argument("--id", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--emoji")
    parser.add_argument("--role", default="SPECIALIST", **one_of(values(AgentRole)))
    parser.add_argument("--workspace", metavar="PATH", help="its directory (MC_WORKSPACE; default: this one)")
    parser.add_argument("--task-types", help="default: all", **repeated(words))
    parser.add_argument("--budget-daily", type=amount, metavar="USD")
    parser.add_argument("--budget-per-run", type=amount, metavar="USD")
    parser.add_argument("--can-spawn", action="store_true", default=None)
    parser.add_argument("--parent", metavar="AGENT", help="the agent that spawns it")
    parser.add_argument("--parent-task", type=numbered("task"), metavar="ID", help="the task it is spawned for")
    parser.add_argument("--purpose", metavar="TEXT", help="what it is spawned for")
    parser.add_argument("--issue-token", action="store_true", help="also issue a token, and print it this once")


def register(ctx: Context, args: Namespace) -> int:
    found: dict[str, Any] = dict(
        ctx.client.agents.register(
            args.id,
            args.name,
            role=args.role,
            workspace_path=args.workspace or ctx.settings.workspace,
            emoji=args.emoji,
            allowed_task_types=args.task_types,
            budget_daily=args.budget_daily,
            budget_per_run=args.budget_per_run,
            can_spawn=args.can_spawn,
            parent_agent_id=args.parent,
            parent_task_id=args.parent_task,
            purpose=args.purpose,
            idempotency_key=ctx.key,
        )
    )
    if args.issue_token:
        found |= ctx.client.tokens.issue(agent_id=args.id, idempotency_key=ctx.key)
    agent = found["agent"]

    def human() -> str:
        text = f"Registered {clean(agent['id'])} ({clean(agent['role'])}): {clean(agent['name'])}"
        return f"{text}\nToken: {found['token']}\nExpires: {clean(found['expiresAt'])}" if args.issue_token else text

    return ctx.answer(found, human)


def status(ctx: Context, args: Namespace) -> int:
    found = ctx.client.agents.get(args.id or ctx.me)
    agent = found["agent"]
    left = round(agent["budgetDaily"] - agent["spendToday"], 6)
    return ctx.answer({**agent, "remaining": left}, lambda: _detail(found, left))


def _detail(found: AgentDetail, left: float) -> str:
    agent, stats = found["agent"], found["stats"]
    return facts(
        [
            ("Agent", f"{agent['id']} ({agent['name']})"),
            ("Role", agent["role"]),
            ("Status", agent["status"]),
            ("Because", agent.get("statusReason")),
            ("Until", agent.get("statusUntil")),
            ("Spent today", f"{usd(agent['spendToday'])} of {usd(agent['budgetDaily'])}"),
            ("Remaining", usd(left)),
            ("Per run", usd(agent["budgetPerRun"])),
            ("Task", agent.get("currentTaskId")),
            ("Tasks", f"{stats['tasksInProgress']} in progress, {stats['tasksCompleted']} completed"),
            ("Error streak", agent["errorStreak"] or None),
            ("Last error", agent.get("lastError")),
            ("Last heartbeat", agent.get("lastHeartbeatAt")),
        ]
    )


def list_(ctx: Context, args: Namespace) -> int:
    found = ctx.client.agents.list(status=args.status, role=args.role)
    return ctx.answer(found, lambda: table(found["agents"], COLUMNS, empty="No agents"))


def control(ctx: Context, args: Namespace) -> int:
    found = ctx.client.agents.control(
        args.id, args.action, reason=args.reason, duration=args.duration, idempotency_key=ctx.key
    )
    agent, tasks = found["agent"], found.get("affectedTasks") or []

    def human() -> str:
        lines = [f"{clean(agent['id'])} is {clean(agent['status'])}"]
        lines += [f"Task {clean(task['id'])} is {clean(task['status'])}: {clean(task['title'])}" for task in tasks]
        return "\n".join(lines)

    return ctx.answer(found, human)


def say(ctx: Context, args: Namespace) -> int:
    sent = work.say(args.id, text_or_stdin(args.text), idempotency_key=ctx.key)
    found = ctx.client.send(sent)
    return ctx.answer(found, lambda: f"Told {clean(args.id)}")


def log(ctx: Context, args: Namespace) -> int:
    found = ctx.client.send(work.log(agent_id=args.id or ctx.me, limit=args.limit, before=args.before))
    return ctx.answer(found, lambda: "\n".join(map(_entry, found["entries"])) or "The log is empty")


def _entry(entry: LogEntry) -> str:
    at = time.strftime("%H:%M:%S", time.localtime(entry["ts"] / 1000))
    who = entry.get("tool") or entry.get("author") or ""
    text = clean(entry["text"].strip())
    return (
        f"{at}  {entry['kind']:<11}  {clean(who) + ': ' if who else ''}{text if len(text) < 400 else text[:399] + '…'}"
    )
