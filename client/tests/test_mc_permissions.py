"""Permission requests by `mc` and by the library; secrets that never left are put back."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from contract_server import ContractServer
from process import Mc

from missioncontrol_client import AsyncMissionControl, MissionControl
from missioncontrol_client.secrets import put_back

SECRET, MARK = "ghp_secret", "[REDACTED]"


def ask(server: ContractServer, tool: str = "Bash", **input: Any) -> str:
    with MissionControl(api_url=server.url, token="mc_agt_jordan", agent_id="jordan") as client:
        return client.permissions.request(tool, input or {"command": "ls docs"})["requestId"]


def answer_soon(server: ContractServer, **answer: Any) -> threading.Thread:
    """Decides what is asked next."""
    before = len(server.world.permissions)

    def decide() -> None:
        until = time.monotonic() + 30
        while len(server.world.permissions) == before and time.monotonic() < until:
            time.sleep(0.01)
        list(server.world.permissions.values())[-1].update(answer)

    thread = threading.Thread(target=decide)
    thread.start()
    return thread


def test_what_waits_is_listed_read_and_answered(mc: Mc, server: ContractServer) -> None:
    first, second = ask(server), ask(server, "Read", file_path="a.txt")
    listed = mc("permissions", "list").out.splitlines()
    assert listed[0].split() == ["REQUEST", "ID", "STATUS", "RISK", "LEVEL", "AGENT", "ID", "TOOL", "EXPIRES", "AT",
                                 "ABOUT"]  # fmt: skip
    assert "ls docs" in listed[1] and "a.txt" in listed[2]
    shown = mc("permissions", "show", "1").out
    assert '"command": "ls docs"' in shown and "PENDING" in shown
    assert mc("permissions", "approve", first, "--reason", "Go on").out == f"{first}: APPROVED\n"
    assert mc("permissions", "deny", "2", "--reason", "Not now").out == f"{second}: DENIED\n"
    sent = server.calls("POST", f"/permissions/{second}/respond")[0]
    assert sent.body == {"approved": False, "reason": "Not now"}
    assert sent.headers["user-agent"].endswith(" mc")
    assert mc("permissions", "list").out == "Nobody waits for permission\n"
    assert len(mc("permissions", "list", "--status", "approved,denied").out.splitlines()) == 3
    done = mc("permissions", "approve", first)
    assert (done.code, "already" in done.err) == (6, True)


def test_another_input_goes_with_the_answer(mc: Mc, server: ContractServer) -> None:
    id = ask(server)
    assert mc("permissions", "approve", id, "--input", '{"command": "ls"}').code == 0
    assert server.world.permissions[id]["updatedInput"] == {"command": "ls"}
    assert "Used instead" in mc("permissions", "show", id).out
    assert mc("permissions", "approve", id, "--input", "[1]").code == 2


@pytest.mark.parametrize(("status", "code"), [("APPROVED", 0), ("DENIED", 13), ("EXPIRED", 14), ("CANCELED", 14)])
def test_scripts_ask_and_wait(mc: Mc, server: ContractServer, status: str, code: int) -> None:
    thread = answer_soon(server, status=status, approved=status == "APPROVED", reason="Because")
    done = mc("permissions", "ask", "Bash", "--command", "ls docs", "--task", "7", "--tool-use", "t1")
    thread.join()
    assert (done.code, done.out) == (code, f"perm_1: {status}\nReason: Because\n")
    body = server.calls("POST", "/permissions")[0].body
    assert body == {
        "agentId": "jordan", "tool": "Bash", "input": {"command": "ls docs"}, "taskId": "task_7", "toolUseId": "t1",
        "timeoutSeconds": 300,
    }  # fmt: skip


def test_scripts_need_not_wait(mc: Mc, server: ContractServer) -> None:
    done = mc("permissions", "ask", "Bash", "--no-wait")
    assert (done.code, done.out) == (12, "perm_1: PENDING\n")


def test_a_script_gets_the_input_to_use_with_its_own_secrets(mc: Mc, server: ContractServer) -> None:
    given = {"command": f"curl -H {SECRET} a.example", "token": SECRET}
    kept = {"command": f"curl -H {MARK} a.example", "token": MARK}
    instead = {"command": f"curl -I -H {MARK} a.example"}
    thread = answer_soon(server, status="APPROVED", approved=True, input=kept, updatedInput=instead)
    done = mc("--json", "permissions", "ask", "Bash", "--input", json.dumps(given))
    thread.join()
    assert json.loads(done.out)["updatedInput"] == {"command": f"curl -I -H {SECRET} a.example"}
    thread = answer_soon(server, status="APPROVED", approved=True, input=kept, updatedInput={"other": MARK})
    done = mc("permissions", "ask", "Bash", "--input", json.dumps(given))
    thread.join()
    assert (done.code, done.out) == (1, "") and "cannot be used" in done.err


def test_secrets_go_back_to_where_they_were() -> None:
    own = {"a": f"x {SECRET} y", "b": ["p", f"{SECRET}1 and {SECRET}2"], "c": 3}
    shown = {"a": f"x {MARK} y", "b": ["p", f"{MARK} and {MARK}"], "c": 3}
    updated = {"a": f"{MARK} only", "b": ["q", f"{MARK}, {MARK}"], "c": 4, "d": "new"}
    assert put_back(updated, shown, own) == {
        "a": f"{SECRET} only", "b": ["q", f"{SECRET}1, {SECRET}2"], "c": 4, "d": "new",
    }  # fmt: skip
    # Written so by the agent itself.
    assert put_back({"a": f"say {MARK}"}, {"a": f"echo {MARK}"}, {"a": f"echo {MARK}"}) == {"a": f"say {MARK}"}
    for wrong in ({"d": MARK}, {"a": f"{MARK}{MARK}"}, {"b": [f"{MARK}"]}, {"c": MARK}):
        with pytest.raises(ValueError, match="secret"):
            put_back(wrong, shown, own)


async def test_the_asynchronous_client_has_the_same(server: ContractServer) -> None:
    async with AsyncMissionControl(api_url=server.url, token="mc_agt_jordan", agent_id="jordan") as client:
        asked = await client.permissions.request("Bash", {"command": "ls"})
        await client.permissions.respond(asked["requestId"], True, reason="Fine")
        assert (await client.permissions.get(asked["requestId"], wait=1))["reason"] == "Fine"
        assert (await client.permissions.list(status="APPROVED"))["total"] == 1
        assert (await client.permissions.withdraw(asked["requestId"]))["status"] == "CANCELED"
