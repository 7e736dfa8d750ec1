"""Agents steered in a browser: by mouse, by keyboard, and seen by everybody who looks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.server import Server, unique

from .conftest import Opener
from .test_accessibility import problems

PHONE = {"width": 390, "height": 844}


def v1(server: Server, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    status, answer = server.ask(method, f"/api/v1{path}", body, headers={"Content-Type": "application/json"})
    assert status in (200, 201), answer
    return dict(answer)


def agent(server: Server, role: str = "SPECIALIST", **fields: Any) -> str:
    name = unique("pilot").lower()
    v1(server, "POST", "/agents", {"id": name, "name": name, "role": role, "workspacePath": "/srv/agent", **fields})
    return name


def order(server: Server, name: str, action: str, **more: str) -> None:
    v1(server, "POST", f"/agents/{name}/control", {"action": action, **more})


def spend(server: Server, name: str, dollars: float) -> None:
    run = {"agentId": name, "sessionKey": f"agent:{name}:main", "model": "claude-sonnet-4-5", "status": "COMPLETED"}
    v1(server, "POST", "/events/run", {**run, "startedAt": datetime.now(UTC).isoformat(), "costUsd": dollars})


def status_of(server: Server, name: str) -> str:
    return str(v1(server, "GET", f"/agents/{name}")["agent"]["status"])


def strip(page: Page, name: str) -> Locator:
    return page.locator(f'.fleet .strip[data-name="{name}"]')


def opened(page: Page, name: str) -> Locator:
    strip(page, name).get_by_role("link", name=name).click()
    drawer = page.locator("#agent-drawer")
    expect(drawer.get_by_role("heading", name=name)).to_be_visible()
    return drawer


def test_an_agent_opens_beside_the_fleet_and_gives_the_focus_back(visit: Opener, server: Server) -> None:
    name = agent(server)
    page = visit(f"/agents/?q={name}")
    link = strip(page, name).get_by_role("link", name=name)
    link.focus()
    page.keyboard.press("Enter")
    drawer = page.locator("#agent-drawer")
    expect(drawer.get_by_role("heading", name=name)).to_be_focused()
    address = page.url
    assert address.removeprefix(server.url).split("/")[1] == "agents"
    expect(page).to_have_title(f"{name} · Mission Control")
    for words in ("No task in hand", "It waits for no approval", "No runs today", "Created agent"):
        expect(drawer).to_contain_text(words)
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(page).to_have_url(f"{server.url}/agents/?q={name}")
    expect(link).to_be_focused()
    page.goto(address)
    expect(page.locator(".agent-page").get_by_role("heading", name=name)).to_be_visible()
    page.goto(f"{server.url}/agents/{name}/")
    expect(page).to_have_url(address)


def test_back_from_a_page_that_was_read_again_leads_to_the_fleet(visit: Opener, server: Server) -> None:
    name = agent(server)
    page = visit(f"/agents/?q={name}")
    opened(page, name)
    page.reload()
    expect(page.locator(".agent-page").get_by_role("heading", name=name)).to_be_visible()
    page.go_back()
    expect(strip(page, name)).to_be_visible()


def test_a_task_opens_on_top_and_closes_first(visit: Opener, server: Server) -> None:
    name = agent(server)
    task = v1(server, "POST", "/tasks", {"title": unique("work"), "type": "DOCS", "assigneeIds": [name]})["task"]
    spend_on = {"agentId": name, "sessionKey": "s", "model": "m", "status": "COMPLETED", "taskId": task["id"]}
    v1(server, "POST", "/events/run", {**spend_on, "startedAt": datetime.now(UTC).isoformat(), "costUsd": 0.1})
    page = visit(f"/agents/?q={name}")
    drawer = opened(page, name)
    drawer.locator(".runs .callsign").click()
    expect(page.locator("#drawer").get_by_role("heading", name=task["title"])).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    expect(drawer).to_be_visible()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(page).to_have_url(f"{server.url}/agents/?q={name}")


def test_pausing_with_a_reason_and_taking_it_back(visit: Opener, server: Server) -> None:
    name = agent(server)
    page, other = visit(f"/agents/?q={name}"), visit(f"/agents/?q={name}")
    drawer = opened(page, name)
    drawer.get_by_role("button", name="Pause").click()
    page.get_by_label("Reason").fill("Waits for the new prices")
    page.get_by_label("For how long").select_option("4 hours")
    page.keyboard.press("Enter")
    expect(page.locator("#steering")).to_be_hidden()
    expect(drawer).to_contain_text("Paused: Waits for the new prices")
    expect(drawer.get_by_role("button", name="Pause")).to_be_disabled()
    expect(strip(other, name)).to_contain_text("paused")
    expect(strip(other, name)).to_contain_text("Waits for the new prices, 3 h left")
    page.get_by_role("status").get_by_role("button", name="Resume").click()
    expect(drawer.get_by_role("button", name="Pause")).to_be_enabled()
    expect(strip(other, name)).not_to_contain_text("paused")
    assert status_of(server, name) == "ACTIVE"
    expect(drawer).to_contain_text(f"{name} is paused now")


def test_draining_says_first_what_it_takes_along(visit: Opener, server: Server) -> None:
    name = agent(server)
    for _ in range(2):
        v1(server, "POST", "/tasks", {"title": unique("work"), "type": "DOCS", "assigneeIds": [name]})
    page = visit(f"/agents/?q={name}")
    drawer = opened(page, name)
    drain = drawer.get_by_role("button", name="Drain")
    drain.click()
    asked = page.get_by_role("dialog", name=f"Drain {name}?")
    expect(asked).to_contain_text("2 tasks not begun will go to other assignees, or back to the inbox.")
    page.keyboard.press("Escape")
    expect(asked).to_be_hidden()
    expect(drain).to_be_focused()
    expect(drawer).to_be_visible()
    assert status_of(server, name) == "ACTIVE"
    drain.click()
    asked.get_by_role("button", name="Drain").click()
    expect(page.get_by_role("status").filter(has_text="2 tasks changed")).to_be_visible()
    expect(drain).to_be_disabled()
    assert status_of(server, name) == "DRAINED"


def test_the_menu_of_a_strip_by_keyboard(visit: Opener, server: Server) -> None:
    name = agent(server)
    page = visit(f"/agents/?q={name}")
    button = strip(page, name).get_by_role("button", name=f"Control {name}")
    button.focus()
    page.keyboard.press("Enter")
    menu = page.get_by_role("menu")
    expect(menu.get_by_role("menuitem", name="Pause")).to_be_focused()
    expect(menu.get_by_role("menuitem", name="Resume")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("It deletes files")
    page.keyboard.press("Enter")
    expect(strip(page, name)).to_contain_text("quarantined")
    expect(strip(page, name)).to_contain_text("It deletes files")
    expect(strip(page, name).get_by_role("button", name=f"Control {name}")).to_be_focused()
    page.keyboard.press("Enter")
    expect(menu.get_by_role("menuitem", name="Pause")).to_be_disabled()
    expect(menu.get_by_role("menuitem", name="Resume")).to_be_focused()
    page.keyboard.press("Enter")
    expect(strip(page, name)).not_to_contain_text("quarantined")
    assert status_of(server, name) == "ACTIVE"


def test_who_comes_too_late_is_told_in_place(visit: Opener, server: Server) -> None:
    name = agent(server)
    page = visit(f"/agents/?q={name}")
    opened(page, name).get_by_role("button", name="Pause").click()
    page.get_by_label("Reason").fill("My own reason")
    order(server, name, "PAUSE", reason="Somebody else's")
    page.locator("#steering").get_by_role("button", name="Pause").click()
    expect(page.locator("#steering").get_by_role("alert")).to_have_text("Nothing was changed. It is paused already.")
    expect(page.get_by_label("Reason")).to_have_value("My own reason")
    page.keyboard.press("Escape")
    expect(page.locator("#agent-drawer")).to_contain_text("Paused: Somebody else's")


def test_orders_by_the_api_appear_on_open_pages(visit: Opener, server: Server) -> None:
    name = agent(server)
    page = visit(f"/agents/?q={name}")
    drawer = opened(page, name)
    order(server, name, "QUARANTINE", reason="It loops")
    expect(drawer).to_contain_text("Quarantined: It loops")
    expect(strip(page, name)).to_contain_text("quarantined")
    order(server, name, "RESTART")
    expect(drawer).to_contain_text("Asked to restart")
    expect(drawer.get_by_role("button", name="Restart")).to_be_disabled()


def test_a_run_and_the_end_of_a_budget_appear_on_open_pages(visit: Opener, server: Server) -> None:
    name = agent(server, budgetDaily=1)
    fleet, costs = visit(f"/agents/?q={name}"), visit("/costs/")
    drawer = opened(fleet, name)
    spend(server, name, 0.85)
    meter = drawer.get_by_role("meter", name="Budget of today")
    expect(meter).to_have_attribute("aria-valuetext", "85 %, $0.85 of $1.00", timeout=12_000)
    expect(drawer.locator(".spent")).to_contain_text("85 %, over 80 %")
    expect(drawer.locator(".runs")).to_contain_text("claude-sonnet-4-5")
    expect(strip(fleet, name).get_by_role("meter")).to_have_attribute("aria-valuenow", "85", timeout=12_000)
    row = costs.locator(".budget-line").filter(has_text=name)
    expect(row).to_contain_text("over 80 %", timeout=12_000)
    spend(server, name, 0.3)
    expect(row).to_contain_text("used up", timeout=12_000)
    expect(row).to_contain_text("paused")
    expect(drawer).to_contain_text("Paused: budget used up", timeout=12_000)
    expect(strip(fleet, name)).to_contain_text("budget used up")
    drawer.get_by_role("button", name="Grant more today").click()
    fleet.locator("#steering").get_by_role("button", name="Approve $0.50").click()
    expect(drawer.locator(".spent")).to_contain_text("of $1.50")
    expect(drawer).not_to_contain_text("Paused: budget used up")
    expect(row).to_contain_text("$0.50 for today", timeout=12_000)


def test_budgets_are_changed_in_the_table(visit: Opener, server: Server) -> None:
    name = agent(server)
    spend(server, name, 4.9)
    page = visit("/costs/")
    row = page.locator(".budget-line").filter(has_text=name)
    change = row.get_by_role("button", name="Change the budgets")
    change.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Dollars a day")).to_be_focused()
    page.get_by_label("Dollars a day").fill("plenty")
    page.keyboard.press("Enter")
    expect(page.locator("#steering").get_by_role("alert")).to_have_text("Write an amount in dollars, such as 2.50.")
    page.get_by_label("Dollars a day").fill("20")
    page.get_by_label("Dollars a run").fill("5")
    page.keyboard.press("Enter")
    expect(row).to_contain_text("$20.00")
    expect(row).to_contain_text("24 %")
    expect(row).to_contain_text("$5.00")
    expect(row.get_by_role("button", name="Change the budgets")).to_be_focused()
    row.get_by_role("button", name="more today").click()
    page.get_by_label("Dollars more").fill("2.50")
    page.keyboard.press("Enter")
    expect(row).to_contain_text("$2.50 for today")
    row.get_by_role("link", name=name).click()
    expect(page.locator("#agent-drawer")).to_contain_text("$2.50 more granted for today")
    expect(page.locator("#agent-drawer")).to_contain_text(f"{name} may spend 20.00 USD a day")


VIEWER = """
from accounts.models import User, Workspace
user, _ = User.objects.get_or_create(username="onlooker", defaults={
    "display_name": "Onlooker", "role": "viewer", "workspace": Workspace.objects.order_by("id").first()})
user.set_password("a long enough password")
user.save()
"""


def test_a_viewer_looks_on(browser: Browser, server: Server) -> None:
    name = agent(server)
    server.django(VIEWER)
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{server.url}/login/?next=/agents/%3Fq%3D{name}")
    page.get_by_label("Name").fill("onlooker")
    page.get_by_label("Password").fill("a long enough password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#link-state")).to_have_text("live")
    drawer = opened(page, name)
    expect(drawer).to_contain_text("Operators and administrators pause, resume, drain")
    expect(drawer.get_by_role("group")).to_have_count(0)
    expect(strip(page, name).get_by_role("button")).to_have_count(0)
    order(server, name, "PAUSE", reason="Lunch")
    expect(drawer).to_contain_text("Paused: Lunch")
    context.close()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [{"width": 1440, "height": 900}, PHONE], ids=["wide", "phone"])
def test_what_opens_can_be_used_by_everybody(visit: Opener, server: Server, theme: str, size: dict[str, int]) -> None:
    name = agent(server, budgetDaily=1)
    spend(server, name, 0.97)
    order(server, name, "DRAIN", reason="Moves to another host")
    page = visit(f"/agents/?q={name}", color_scheme=theme, viewport=size)
    found = {"fleet": problems(page)}
    strip(page, name).get_by_role("button", name="Control").click()
    found["menu"] = problems(page)
    page.keyboard.press("Escape")
    drawer = opened(page, name)
    found["drawer"] = problems(page)
    drawer.get_by_role("button", name="Quarantine").click()
    expect(page.get_by_role("dialog", name="Quarantine")).to_be_visible()
    found["confirm"] = problems(page)
    page.keyboard.press("Escape")
    drawer.get_by_role("button", name="Change").click()
    expect(page.get_by_label("Dollars a day")).to_be_visible()
    found["budget"] = problems(page)
    page.goto(f"{server.url}/agents/{name}/")
    found["page"] = problems(page)
    found["sideways"] = ["scrolls"] * page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert {place: wrong for place, wrong in found.items() if wrong} == {}
