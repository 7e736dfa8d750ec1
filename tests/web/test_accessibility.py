"""Every page in both themes, wide and on a phone: axe finds nothing, nothing scrolls sideways, the policy is kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.server import Server

from .conftest import WIDE, Opener
from .looking import card

Make = Callable[..., dict[str, Any]]
AXE = (Path(__file__).parent / "vendor/axe/axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async (rules) => (await axe.run(document, { runOnly: rules })).violations.map(
  (found) => `${found.id}: ${found.nodes.map((node) => node.target.join(" ")).slice(0, 4).join(", ")}`)"""
PHONE = {"width": 360, "height": 780}
PAGES = (
    "/",
    "/?q=matches-nothing-at-all",
    "/agents/",
    "/agents/?q=nobody",
    "/approvals/",
    "/permissions/",
    "/costs/",
    "/costs/?span=today",
    "/activity/",
    "/styleguide/",
    "/no-such-page",
)


def problems(page: Page) -> list[str]:
    page.evaluate(AXE)
    return list(page.evaluate(RUN, RULES))


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_every_page(visit: Opener, make_task: Make, server: Server, theme: str, size: dict[str, int]) -> None:
    task = make_task(description="Something to look at", priority="critical")
    server.ask("POST", f"/api/tasks/{task['id']}/comments", {"content": "Said"})
    server.ask("POST", "/api/connect", {"tool_name": "axe", "agent_name": "axe", "agent_role": "tester"})
    page = visit("/", color_scheme=theme, viewport=size)
    found = {}
    for path in (*PAGES, f"/tasks/{task['id']}/", "/agents/axe/"):
        page.goto(f"{server.url}{path}")
        page.wait_for_timeout(150)
        found[path] = problems(page) + ["scrolls sideways"] * scrolls_sideways(page)
    page.goto(f"{server.url}/login/")
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_what_opens_on_the_board(visit: Opener, make_task: Make, project: int, theme: str) -> None:
    task = make_task(project_id=project)
    page = visit(f"/?project={project}", color_scheme=theme)
    card(page, task).locator("a").click()
    expect(page.locator("#drawer").get_by_role("heading", name=task["title"])).to_be_visible()
    found = {"drawer": problems(page)}
    page.get_by_role("button", name="Edit").click()
    expect(page.locator("#edit-title")).to_be_focused()
    found["edit"] = problems(page)
    page.get_by_role("button", name="Cancel").click()
    page.keyboard.press("Escape")
    for name, key in (("new", "n"), ("keys", "?"), ("move", "m")):
        page.keyboard.press(key)
        found[name] = problems(page)
        page.keyboard.press("Escape")
        card(page, task).locator("a").focus()
    page.get_by_role("button", name="Activity panel").click()
    found["feed"] = problems(page)
    assert {place: wrong for place, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_signing_in(visit: Opener, theme: str) -> None:
    page = visit("/login/", stranger=True, color_scheme=theme, viewport=PHONE)
    assert problems(page) == []
    assert not scrolls_sideways(page)


def test_the_chosen_theme_outlives_a_reload(visit: Opener) -> None:
    page = visit("/", color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.get_by_role("button", name="Change the theme").click()
    light = page.evaluate(ground)
    assert light != dark
    page.reload()
    assert page.evaluate(ground) == light


def test_the_policy_allows_nothing_inline(visit: Opener, server: Server) -> None:
    """Violations reach the console, which every test watches; here it is seen that the policy stands at all."""
    _, headers, body = server.ask_raw("GET", "/login/", key=None)
    policy = (
        headers["content-security-policy"]
        if "content-security-policy" in headers
        else headers["Content-Security-Policy"]
    )
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert b" style=" not in body
    assert b" onclick=" not in body
