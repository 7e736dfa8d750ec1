"""An agent that has nothing but the MCP server of `mc mcp`, spoken to by the official SDK."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from mcp import ClientSession, StdioServerParameters, stdio_client

from .by_mc import MC
from .hands import SESSION, Action, Badge, Body, Refused, Work


@asynccontextmanager
async def by_mcp(badge: Badge, folder: Path) -> AsyncIterator[ByMcp]:
    """The server lives as long as the agent. Its errors go into a file: the terminal belongs to the story."""
    environment = {
        "HOME": str(folder), "MC_API_URL": badge.url, "MC_AGENT_ID": badge.id, "MC_AGENT_TOKEN": badge.token,
        "MC_SESSION_KEY": SESSION,
    }  # fmt: skip
    parameters = StdioServerParameters(command=str(MC), args=["mcp"], env=environment)
    async with AsyncExitStack() as stack:
        log = stack.enter_context((folder / "mcp.log").open("w"))
        incoming, outgoing = await stack.enter_async_context(stdio_client(parameters, errlog=log))
        session = await stack.enter_async_context(ClientSession(incoming, outgoing))
        await session.initialize()
        yield ByMcp(badge, session)


class ByMcp:
    way = "MCP"

    def __init__(self, badge: Badge, session: ClientSession) -> None:
        self.badge = badge
        self.session = session

    async def tool(self, action: str, **given: Any) -> Any:
        """Through the one tool that has every action, as the contract names it."""
        sent = {name: value for name, value in given.items() if value is not None}
        result = await self.session.call_tool("mission_control", {"action": action, **sent})
        body = json.loads("".join(block.text for block in result.content if block.type == "text"))
        if result.is_error:
            raise Refused(self.badge.id, action, body["error"]["code"], body["error"]["message"])
        if body.get("needsApproval"):
            raise Refused(self.badge.id, action, "POLICY_VIOLATION", body["reason"])
        return body

    async def beat(self, task: str | None = None) -> Body:
        return dict(await self.tool("heartbeat", status="BUSY" if task else "IDLE", currentTaskId=task))

    async def open_tasks(self, type: str) -> list[Body]:
        return list((await self.tool("task_list", status="INBOX", type=type))["tasks"])

    async def task(self, id: str) -> Body:
        return dict(await self.tool("task_get", taskId=id))

    async def claim(self, id: str) -> bool:
        return "alreadyProcessed" not in await self.tool("task_claim", taskId=id)

    async def start(self, id: str, bullets: Sequence[str], estimate: float) -> Body:
        return dict(await self.tool("task_start", taskId=id, bullets=list(bullets), estimatedCost=estimate))

    async def say(self, id: str, words: str, mentions: Sequence[str] = ()) -> Body:
        said = {"taskId": id, "content": words, "messageType": "PROGRESS", "mentions": list(mentions)}
        return dict(await self.tool("task_comment", **said))

    async def judge(self, action: Action, task: str) -> Body:
        asked = {"actionType": "TOOL_CALL", "tool": "exec", "command": action.command, "taskId": task}
        return dict(await self.tool("policy_check", **asked))

    async def ask(self, action: Action, task: str) -> Body:
        asked = {
            "taskId": task, "actionType": "TOOL_EXEC", "actionSummary": action.summary, "riskLevel": "RED",
            "justification": action.why, "actionPayload": action.payload,
        }  # fmt: skip
        return dict((await self.tool("approval_request", **asked))["approval"])

    async def approval(self, id: str) -> Body:
        return dict(await self.tool("approval_check", approvalId=id))

    async def begin_run(self, task: str, model: str) -> str:
        return str((await self.tool("report_run", model=model, taskId=task))["run"]["id"])

    async def end_run(self, id: str, cost: float, read: int, written: int) -> Body:
        told = {"runId": id, "status": "COMPLETED", "costUsd": cost, "inputTokens": read, "outputTokens": written}
        return dict(await self.tool("report_run", **told))

    async def begin_call(self, run: str, task: str, action: Action, verdict: Body) -> str:
        told = {
            "runId": run, "taskId": task, "toolName": "exec", "riskLevel": verdict["riskLevel"],
            "inputPreview": action.command, "status": "RUNNING",
        }  # fmt: skip
        return str((await self.tool("report_tool_call", **told))["toolCall"]["id"])

    async def end_call(self, id: str, output: str) -> Body:
        told = {"toolCallId": id, "status": "SUCCESS", "outputPreview": output}
        return dict((await self.tool("report_tool_call", **told))["toolCall"])

    async def submit(self, id: str, work: Work) -> Body:
        handed = {"taskId": id, "content": work.content, "summary": work.summary, "checklist": work.checklist}
        return dict((await self.tool("task_submit", **handed))["task"])
