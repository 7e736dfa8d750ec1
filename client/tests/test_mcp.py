"""`mc mcp` by the official SDK's client, over stdio."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from contract_server import ContractServer, Trouble
from mcp import ClientSession, StdioServerParameters, stdio_client
from process import MC, Mc

from missioncontrol_client import AsyncMissionControl, Settings
from missioncontrol_client.mcp_server.server import perform

ACTIONS = [
    "heartbeat",
    "task_list",
    "task_get",
    "task_claim",
    "task_start",
    "task_comment",
    "task_submit",
    "task_artifact",
    "approval_request",
    "approval_check",
    "policy_check",
    "report_run",
    "report_tool_call",
]


@asynccontextmanager
async def connected(environment: dict[str, str]) -> AsyncIterator[ClientSession]:
    parameters = StdioServerParameters(command=MC, args=["mcp"], env=environment)
    async with stdio_client(parameters) as (incoming, outgoing), ClientSession(incoming, outgoing) as session:
        await session.initialize()
        yield session


async def told(session: ClientSession, name: str, /, **given: Any) -> tuple[bool, Any]:
    result = await session.call_tool(name, given)
    (block,) = result.content
    assert block.type == "text"
    return bool(result.is_error), json.loads(block.text)


async def test_one_tool_has_every_action_and_each_is_a_tool_too(environment: dict[str, str]) -> None:
    async with connected(environment) as session:
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
    assert list(tools) == ["mission_control", *ACTIONS, "permission_prompt"]
    joint = tools["mission_control"].input_schema
    assert joint["type"] == "object" and joint["required"] == ["action"]
    assert joint["properties"]["action"] == {"type": "string", "enum": ACTIONS}
    assert joint["properties"]["taskId"]["type"] == joint["properties"]["content"]["type"] == "string"
    assert tools["task_submit"].input_schema["required"] == ["taskId", "content", "checklist"]
    assert tools["task_get"].annotations.read_only_hint and not tools["task_claim"].annotations.read_only_hint


async def test_an_agent_works_through_a_task(environment: dict[str, str], server: ContractServer) -> None:
    server.world.add_task("Post")
    checklist = {"type": "CONTENT", "items": [{"label": "ok", "checked": True}]}
    async with connected(environment) as session:
        assert (await told(session, "mission_control", action="task_claim", taskId="task_1"))[1]["task"]["assigneeIds"]
        started = await told(session, "task_start", taskId="task_1", content="1. A\n2. B\n3. C")
        assert started[1]["task"]["workPlan"] == {"bullets": ["A", "B", "C"]}
        posted = await told(session, "task_comment", taskId="task_1", content="Half done", mentions=["casey"])
        assert posted[1]["notifications"] == [{"agentId": "casey", "queued": True}]
        attached = await told(session, "task_artifact", taskId="task_1", name="a.txt", content="text")
        assert attached[1]["message"]["content"] == "Attached a.txt"
        failed, answer = await told(
            session, "mission_control", action="task_submit", taskId="task_1", content="# Post", checklist=checklist
        )
        assert not failed and answer["task"]["status"] == "REVIEW"
        assert (await told(session, "task_list", status="REVIEW"))[1]["total"] == 1
        assert (await told(session, "heartbeat"))[1]["acknowledged"] is True
    writes = [asked for asked in server.asked if asked.method != "GET"]
    assert len({asked.headers["x-idempotency-key"] for asked in writes}) == len(writes) == 6
    assert writes[1].body["sessionKey"] == "cli:jordan"


async def test_runs_tool_calls_and_policy(environment: dict[str, str], server: ContractServer) -> None:
    async with connected(environment) as session:
        run = (await told(session, "report_run", model="m-1"))[1]["run"]
        assert (run["status"], run["agentId"]) == ("RUNNING", "jordan")
        await told(session, "report_run", runId=run["id"], status="COMPLETED", costUsd=0.45)
        assert server.asked[-1].body == {"costUsd": 0.45, "status": "COMPLETED"}
        call = await told(session, "report_tool_call", runId=run["id"], toolName="exec", riskLevel="YELLOW")
        await told(session, "report_tool_call", toolCallId=call[1]["toolCall"]["id"], status="SUCCESS")
        assert server.asked[-1].body == {"status": "SUCCESS"}
        decision = await told(session, "policy_check", actionType="TOOL_CALL", tool="exec", command="rm -rf /tmp/test")
        assert decision[1]["decision"] == "DENY" and decision[1]["violations"] == ["shell_blocklist:rm -rf"]


async def test_a_permission_prompt_is_answered_as_agents_expect(
    environment: dict[str, str], server: ContractServer
) -> None:
    server.world.decide["Bash"] = {"status": "APPROVED", "updatedInput": {"command": "ls -l"}}
    server.world.decide["Write"] = {"status": "DENIED", "reason": "not there"}
    asked = {"input": {"command": "ls"}, "tool_use_id": "use_1"}
    async with connected({**environment, "MC_TASK_ID": "task_7", "MC_PERMISSION_TIMEOUT": "60"}) as session:
        allowed = await told(session, "permission_prompt", tool_name="Bash", **asked)
        refused = await told(session, "permission_prompt", tool_name="Write", input={"path": "/etc/passwd"})
        assert (await told(session, "permission_prompt", tool_name="Write"))[0]
    assert allowed == (False, {"behavior": "allow", "updatedInput": {"command": "ls -l"}})
    assert refused == (False, {"behavior": "deny", "message": "not there"})
    known = {"agentId": "jordan", "tool": "Bash", "taskId": "task_7", "toolUseId": "use_1", "timeoutSeconds": 60}
    assert server.calls("POST", "/permissions")[0].body == {**known, "input": {"command": "ls"}}


async def test_no_answer_to_a_permission_prompt_is_a_no(environment: dict[str, str], server: ContractServer) -> None:
    server.trouble.append(Trouble(400))
    async with connected(environment) as session:
        _, answer = await told(session, "permission_prompt", tool_name="Bash", input={})
    assert answer["behavior"] == "deny" and "not now" in answer["message"]


async def test_approvals(environment: dict[str, str]) -> None:
    asked = {"actionType": "TOOL_EXEC", "actionSummary": "Deploy", "riskLevel": "RED", "justification": "Release"}
    async with connected(environment) as session:
        made = (await told(session, "mission_control", action="approval_request", **asked))[1]
        found = await told(session, "approval_check", approvalId=made["approval"]["id"])
    assert found == (False, made["approval"])


async def test_what_the_api_refuses(environment: dict[str, str], server: ContractServer) -> None:
    server.world.add_task("Post", status="REVIEW", assigneeIds=["casey"])
    server.trouble.append(Trouble(403, body=b'{"error": {"code": "POLICY_VIOLATION", "message": "ask first"}}'))
    async with connected(environment) as session:
        refused = await told(session, "task_comment", taskId="task_1", content="x")
        assert refused == (False, {"needsApproval": True, "reason": "ask first"})
        assert await told(session, "task_claim", taskId="task_1") == (False, {"alreadyProcessed": True})
        failed, answer = await told(session, "task_get", taskId="task_99")
        assert failed and answer["error"]["code"] == "NOT_FOUND" and answer["error"]["requestId"]


@pytest.mark.parametrize(
    ("tool", "given", "named"),
    [
        ("mission_control", {}, "action"),
        ("mission_control", {"action": "dance"}, "dance"),
        ("dance", {}, "dance"),
        ("task_get", {}, "taskId"),
        ("task_get", {"taskId": 5}, "taskId"),
        ("task_get", {"taskId": ".."}, ".."),
        ("task_start", {"taskId": "task_1"}, "bullets"),
        ("task_start", {"taskId": "task_1", "bullets": [1, 2, 3]}, "bullets"),
        ("task_submit", {"taskId": "task_1", "content": "x"}, "checklist"),
        ("heartbeat", {"status": "SLEEPY"}, "status"),
        ("report_run", {}, "model"),
        ("report_tool_call", {"runId": "run_1", "toolName": "x"}, "riskLevel"),
        ("policy_check", {"actionType": "TOOL_CALL", "estimatedCost": True}, "estimatedCost"),
    ],
)
async def test_bad_arguments_are_named_and_never_sent(tool: str, given: dict[str, Any], named: str) -> None:
    async with AsyncMissionControl("http://localhost:1", agent_id="jordan") as client:
        result = await perform(client, Settings(agent_id="jordan"), tool, given)
    error = json.loads(result.content[0].text)["error"]
    assert result.is_error and named in error["message"] and error["code"] in ("INVALID_ARGUMENTS", "CONFIG")


async def test_a_bad_call_leaves_the_server_standing(environment: dict[str, str], server: ContractServer) -> None:
    async with connected(environment) as session:
        failed, answer = await told(session, "mission_control", action="task_get")
        assert failed and "taskId" in answer["error"]["message"]
        assert not (await told(session, "task_list"))[0]
    assert len(server.asked) == 1


async def test_an_unreachable_server_is_told(environment: dict[str, str]) -> None:
    async with connected({**environment, "MC_API_URL": "http://127.0.0.1:1"}) as session:
        failed, answer = await told(session, "task_list")
    assert failed and answer["error"]["code"] == "NETWORK_ERROR"


def test_a_wrong_configuration_ends_with_2(mc: Mc) -> None:
    assert mc("mcp", MC_API_URL="localhost").code == 2
