"""An agent that has nothing but the `mc` command."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .hands import SESSION, Action, Badge, Body, Refused, Work
from .process import run

MC = Path(sys.executable).with_name("mc")
# What a policy check ends with besides 0: the decision is no failure.
DENIED, NEEDS_APPROVAL, TAKEN = 10, 11, 6


class ByMc:
    way = "mc"

    def __init__(self, badge: Badge, folder: Path) -> None:
        self.badge = badge
        self.folder = folder
        self.environment = {
            "HOME": str(folder), "MC_API_URL": badge.url, "MC_AGENT_ID": badge.id, "MC_AGENT_TOKEN": badge.token,
            "MC_SESSION_KEY": SESSION,
        }  # fmt: skip

    async def mc(self, *words: str, fine: Sequence[int] = (0,)) -> Any:
        ended = await run(str(MC), *words, "--json", environment=self.environment)
        try:
            body = json.loads(ended.out)
        except ValueError:
            body = {"error": {"code": f"EXIT_{ended.code}", "message": ended.err.strip() or ended.out}}
        if ended.code not in fine:
            error = body["error"]
            raise Refused(self.badge.id, f"mc {' '.join(words[:2])}", error["code"], error["message"])
        return body

    async def beat(self, task: str | None = None) -> Body:
        return dict(await self.mc("heartbeat", "--status", "BUSY" if task else "IDLE", *_named(task=task)))

    async def open_tasks(self, type: str) -> list[Body]:
        return list((await self.mc("task", "list", "--status", "INBOX", "--type", type))["tasks"])

    async def task(self, id: str) -> Body:
        return dict(await self.mc("task", "get", id))

    async def claim(self, id: str) -> bool:
        return "task" in await self.mc("task", "claim", id, fine=(0, TAKEN))

    async def start(self, id: str, bullets: Sequence[str], estimate: float) -> Body:
        # As shells pass it: the two characters, not a line break.
        plan = r"\n".join(f"{n}. {bullet}" for n, bullet in enumerate(bullets, start=1))
        return dict(await self.mc("task", "start", id, "--plan", plan, "--estimated-cost", str(estimate)))

    async def say(self, id: str, words: str, mentions: Sequence[str] = ()) -> Body:
        named = [word for name in mentions for word in ("--mention", name)]
        return dict(await self.mc("task", "comment", id, words, "--type", "PROGRESS", *named))

    async def judge(self, action: Action, task: str) -> Body:
        asked = ("--action-type", "TOOL_CALL", "--tool", "exec", "--args", json.dumps({"command": action.command}))
        return dict(await self.mc("policy", "check", *asked, "--task", task, fine=(0, DENIED, NEEDS_APPROVAL)))

    async def ask(self, action: Action, task: str) -> Body:
        asked = {
            "task": task, "action-type": "TOOL_EXEC", "summary": action.summary, "risk": "RED",
            "justification": action.why, "payload": json.dumps(action.payload),
        }  # fmt: skip
        return dict((await self.mc("approval", "request", *_named(**asked)))["approval"])

    async def approval(self, id: str) -> Body:
        return dict(await self.mc("approval", "check", id))

    async def begin_run(self, task: str, model: str) -> str:
        return str((await self.mc("run", "start", "--model", model, "--task", task))["run"]["id"])

    async def end_run(self, id: str, cost: float, read: int, written: int) -> Body:
        figures = _named(**{"cost": str(cost), "input-tokens": str(read), "output-tokens": str(written)})
        return dict(await self.mc("run", "end", id, *figures))

    async def begin_call(self, run: str, task: str, action: Action, verdict: Body) -> str:
        told = {
            "run": run, "task": task, "tool": "exec", "risk": verdict["riskLevel"], "input-preview": action.command,
            "policy-result": json.dumps(verdict["result"]),
        }  # fmt: skip
        return str((await self.mc("tool-call", "start", *_named(**told)))["toolCall"]["id"])

    async def end_call(self, id: str, output: str) -> Body:
        return dict((await self.mc("tool-call", "end", id, "--output-preview", output))["toolCall"])

    async def submit(self, id: str, work: Work) -> Body:
        text, ticks = self.folder / f"{id}.md", self.folder / f"{id}.json"
        text.write_text(work.content)
        ticks.write_text(json.dumps(work.checklist))
        files = _named(deliverable=str(text), checklist=str(ticks), summary=work.summary)
        return dict((await self.mc("task", "submit", id, *files))["task"])


def _named(**flags: str | None) -> list[str]:
    return [word for name, value in flags.items() if value is not None for word in (f"--{name}", value)]
