"""The permission prompt of agents that ask over MCP, answered by a person on a real server."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters, stdio_client

from tests.contract.v1 import Fleet, until
from tests.runner.agents import MC, Bench
from tests.server import Server


@pytest.fixture
def bench(server: Server, tmp_path: Path) -> Bench:
    fleet = Fleet(server)
    return Bench(fleet, tmp_path, fleet.agent())


async def prompted(bench: Bench, **given: Any) -> Any:
    parameters = StdioServerParameters(command=MC, args=["mcp"], env=bench.environment)
    async with stdio_client(parameters) as (incoming, outgoing), ClientSession(incoming, outgoing) as session:
        await session.initialize()
        result = await session.call_tool("permission_prompt", given)
    return json.loads(result.content[0].text)


def answering(bench: Bench, answer: dict[str, Any]) -> threading.Thread:
    waiting = f"/permissions?status=PENDING&agentId={bench.agent}"

    def answer_it() -> None:
        until(lambda: bench.fleet.done("GET", waiting)["permissions"])
        (asked,) = bench.fleet.done("GET", waiting)["permissions"]
        bench.fleet.done("POST", f"/permissions/{asked['requestId']}/respond", answer)

    thread = threading.Thread(target=answer_it)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("answer", "heard"),
    [
        ({"approved": False, "reason": "not now"}, {"behavior": "deny", "message": "not now"}),
        ({"approved": True}, {"behavior": "allow", "updatedInput": {"command": "git push"}}),
    ],
)
def test_a_person_answers_it(bench: Bench, answer: dict[str, Any], heard: dict[str, Any]) -> None:
    person = answering(bench, answer)
    asked = prompted(bench, tool_name="Bash", input={"command": "git push"}, tool_use_id="use_1")
    assert asyncio.run(asked) == heard
    person.join()
