"""Watching an agent work in a browser: its words appear, tools unfold and stay so, and it is told something."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.server import Server

from .conftest import Opener
from .test_accessibility import problems
from .test_steering import agent, opened, status_of, v1


def stream(server: Server, name: str, *events: dict[str, Any]) -> None:
    body = {"sessionKey": "nightly", "events": list(events)}
    headers = {"Content-Type": "application/json"}
    assert server.ask("POST", f"/api/v1/agents/{name}/stream", body, headers=headers)[0] == 202


def text(words: str) -> dict[str, Any]:
    return {"type": "agent_text", "text": words}


def page_of(visit: Opener, server: Server, name: str, **options: Any) -> Page:
    stream(server, name, text("I begin. "))
    page = visit(f"/agents/{name}/", **options)
    expect(page.locator(".said")).to_contain_text("I begin.")
    return page


USE = {"type": "agent_tool", "tool": "Bash", "input": {"command": "ls docs"}, "toolUseId": "u1"}
RESULT = {"type": "agent_tool_result", "tool": "Bash", "result": "guide.md", "toolUseId": "u1"}


def test_its_words_and_tools_appear_as_they_come(visit: Opener, server: Server) -> None:
    name = agent(server)
    page = page_of(visit, server, name)
    stream(server, name, text("I go on."), USE)
    expect(page.locator(".said li").first).to_have_text("I begin. I go on.")
    tool = page.locator(".said-tool")
    expect(tool).to_contain_text("running")
    tool.locator("summary").click()
    expect(tool.locator("pre").first).to_have_text("ls docs")
    stream(server, name, RESULT, {"type": "agent_todos", "todos": [{"content": "Read", "status": "in_progress"}]})
    expect(tool).to_contain_text("done")
    # What was unfolded stays so.
    expect(tool.locator("pre").last).to_have_text("guide.md")
    expect(page.locator(".todos")).to_contain_text("Read")


def test_what_is_typed_stays_while_it_speaks_and_is_sent(visit: Opener, server: Server) -> None:
    name = agent(server)
    page = page_of(visit, server, name)
    box = page.get_by_label(f"Message to {name}")
    box.fill("Leave the changelog")
    stream(server, name, text("More."))
    expect(page.locator(".said")).to_contain_text("More.")
    expect(box).to_have_value("Leave the changelog")
    box.press("Control+Enter")
    expect(page.locator(".said-user")).to_contain_text("Leave the changelog")
    expect(box).to_have_value("")
    inbox = v1(server, "GET", f"/agents/{name}/inbox")
    assert [message["text"] for message in inbox["messages"]] == ["Leave the changelog"]


def test_it_is_stopped_and_its_wish_answered_from_the_drawer(visit: Opener, server: Server) -> None:
    name = agent(server)
    stream(server, name, text("I begin."), {"type": "agent_spawn_request", "request": {"agents": [{"name": "Robin"}]}})
    page = visit(f"/agents/?q={name}")
    drawer = opened(page, name)
    expect(drawer.locator(".said")).to_contain_text("I begin.")
    drawer.locator(".wish").get_by_role("button", name="Approve").click()
    expect(drawer.locator(".wish")).to_have_count(0)
    requests = v1(server, "GET", f"/spawn-requests?agentId={name}")["requests"]
    assert [request["status"] for request in requests] == ["approved"]
    drawer.get_by_role("button", name="Stop").click()
    page.locator("#steering").get_by_role("button", name="Pause").click()
    expect(drawer.locator('[data-part="state"]')).to_contain_text("paused")
    assert status_of(server, name) == "PAUSED"


def test_whoever_reads_further_up_is_not_torn_away(visit: Opener, server: Server) -> None:
    name = agent(server)
    stream(server, name, *({"type": "agent_error", "error": f"trouble {n}"} for n in range(60)))
    page = page_of(visit, server, name)
    box = page.locator(".said-box")
    box.evaluate("box => box.scrollTop = 100")
    stream(server, name, text("News."))
    expect(page.locator(".said")).to_contain_text("News.")
    assert box.evaluate("box => box.scrollTop") == 100
    box.evaluate("box => box.scrollTop = box.scrollHeight")
    stream(server, name, *({"type": "agent_error", "error": f"more {n}"} for n in range(5)))
    expect(page.locator(".said")).to_contain_text("more 4")
    assert box.evaluate("box => box.scrollHeight - box.scrollTop - box.clientHeight") < 4


def test_it_can_be_read_by_everybody(visit: Opener, server: Server) -> None:
    name = agent(server)
    part = {"type": "delegation_update", "status": "running", "toRole": "tester"}
    wish = {"type": "agent_spawn_request", "request": {"agents": [{"name": "Robin"}], "reason": "Much to do"}}
    todos = {"type": "agent_todos", "todos": [{"content": "Read all of it " * 9, "status": "pending"}]}
    stream(
        server, name, USE, RESULT, todos, {**part, "delegationId": "d1"}, wish, {"type": "agent_error", "error": "x"}
    )
    for width in (1440, 390):
        for scheme in ("dark", "light"):
            page = page_of(visit, server, name, viewport={"width": width, "height": 844}, color_scheme=scheme)
            page.locator(".said-tool summary").click()
            assert problems(page) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
