"""Permission requests in a browser: worked through key by key, live, with a call when somebody is wanted."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.server import Server, unique

from .conftest import WIDE, Opener
from .test_accessibility import PHONE, problems, scrolls_sideways

REFUSING = """() => {
  window.Notification = class {
    static permission = "denied";
    static requestPermission = async () => "denied";
  };
}"""
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module", autouse=True)
def agent(keys: dict[str, str]) -> None:
    """It comes with the keys."""


def wants(server: Server, tool: str = "Read", **input: Any) -> dict[str, Any]:
    body = {"agentId": "keyed-agent", "tool": tool, "input": input or {"file_path": f"docs/{unique('a')}.md"}}
    status, answer = server.ask("POST", "/api/v1/permissions", body, headers=JSON)
    assert status == 201 and answer["status"] == "PENDING", answer
    return dict(answer)


def now(server: Server, permission: dict[str, Any]) -> dict[str, Any]:
    return dict(server.ask("GET", f"/api/v1/permissions/{permission['requestId']}")[1])


def item(page: Page, permission: dict[str, Any]) -> Locator:
    return page.locator(f"#{permission['requestId'].replace('perm_', 'permission-')}")


def waiting(page: Page, permission: dict[str, Any]) -> Locator:
    return page.locator(".requests").locator(item(page, permission))


def name(page: Page, permission: dict[str, Any]) -> Locator:
    return item(page, permission).locator(".request-name")


def test_a_queue_is_worked_through_by_keys_alone(visit: Opener, server: Server) -> None:
    asked = [wants(server) for _ in range(4)]
    page = visit("/permissions/")
    badge = page.locator("#permissions-waiting b")
    before = int(badge.text_content() or 0)
    name(page, asked[0]).focus()
    page.keyboard.press("a")
    expect(item(page, asked[0])).to_have_class("verdict")
    expect(name(page, asked[1])).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(name(page, asked[2])).to_be_focused()
    page.keyboard.press("k")
    expect(name(page, asked[1])).to_be_focused()
    page.keyboard.press("d")
    page.keyboard.type("Not this a")
    page.keyboard.press("Enter")
    expect(item(page, asked[1])).to_contain_text("Not this a")
    expect(name(page, asked[2])).to_be_focused()
    page.keyboard.press("d")
    page.keyboard.press("Enter")
    expect(item(page, asked[2])).to_have_class("verdict")
    expect(badge).to_have_text(str(before - 3))
    states = [now(server, one) for one in asked]
    assert [one["status"] for one in states] == ["APPROVED", "DENIED", "DENIED", "PENDING"]
    assert (states[1]["reason"], states[1]["channel"]) == ("Not this a", "dashboard")


def test_red_requests_take_a_second_key(visit: Opener, server: Server) -> None:
    permission = wants(server, "Bash", command="git push origin main")
    page = visit("/permissions/")
    expect(item(page, permission)).to_contain_text("git push origin main")
    name(page, permission).focus()
    page.keyboard.press("a")
    expect(item(page, permission).get_by_role("button", name="Approve")).to_be_focused()
    assert now(server, permission)["status"] == "PENDING"
    page.keyboard.press("Enter")
    expect(item(page, permission)).to_have_class("verdict")
    assert now(server, permission)["status"] == "APPROVED"


def test_the_input_is_edited_before_it_is_approved(visit: Opener, server: Server) -> None:
    permission = wants(server, "Bash", command="ls docs", description="List")
    page = visit("/permissions/")
    name(page, permission).focus()
    page.keyboard.press("e")
    field = item(page, permission).locator("textarea")
    expect(field).to_be_focused()
    expect(field).to_have_value('{\n  "command": "ls docs",\n  "description": "List"\n}')
    field.fill("{ nonsense")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("The input is not JSON. Nothing was sent.")
    expect(field).to_have_value("{ nonsense")
    field.fill('{"command": "ls -a docs"}')
    other = wants(server)
    expect(item(page, other)).to_be_visible()
    expect(field).to_have_value('{"command": "ls -a docs"}')
    page.keyboard.press("Control+Enter")
    expect(item(page, permission)).to_have_class("verdict")
    assert now(server, permission)["updatedInput"] == {"command": "ls -a docs"}


def test_editing_is_given_up_with_escape(visit: Opener, server: Server) -> None:
    permission = wants(server, "Bash", command="ls docs")
    page = visit("/permissions/")
    item(page, permission).get_by_role("button", name="Edit").click()
    item(page, permission).locator("textarea").fill("{}")
    page.keyboard.press("Escape")
    expect(name(page, permission)).to_be_focused()
    expect(item(page, permission).locator("textarea")).to_be_hidden()
    item(page, permission).get_by_role("button", name="Approve").click()
    expect(item(page, permission)).to_have_class("verdict")
    assert now(server, permission)["updatedInput"] is None


def test_what_is_answered_elsewhere_leaves_the_inbox(visit: Opener, server: Server) -> None:
    permission = wants(server)
    page = visit("/permissions/")
    expect(item(page, permission)).to_have_class("request")
    path = f"/api/v1/permissions/{permission['requestId']}/respond"
    server.ask("POST", path, {"approved": False, "reason": "Elsewhere"}, headers=JSON)
    expect(item(page, permission)).to_have_class("verdict")
    expect(item(page, permission)).to_contain_text("Elsewhere")


def test_a_sound_is_made_only_where_it_was_switched_on(visit: Opener, server: Server) -> None:
    page = visit("/permissions/")
    rung = "Number(document.documentElement.dataset.rung ?? 0)"
    expect(page.get_by_label("Sound")).not_to_be_checked()
    expect(item(page, wants(server))).to_be_visible()
    assert page.evaluate(rung) == 0
    page.get_by_label("Sound").check()
    assert page.evaluate(rung) == 1
    expect(item(page, wants(server))).to_be_visible()
    expect(page.locator('html[data-rung="2"]')).to_have_count(1)
    page.reload()
    expect(page.get_by_label("Sound")).to_be_checked()


def test_a_notification_is_shown_where_it_was_switched_on(visit: Opener, server: Server) -> None:
    page = visit("/permissions/", permissions=["notifications"])
    page.evaluate("""() => {
      window.shown = [];
      document.hasFocus = () => false;
      window.Notification = class {
        static permission = "granted";
        static requestPermission = async () => "granted";
        constructor(title, options) {
          document.documentElement.dataset.shown = title;
          window.shown.push([title, options.body]);
        }
        close() {}
      };
    }""")
    expect(item(page, wants(server))).to_be_visible()
    page.get_by_label("Notification").check()
    wants(server, "Bash", command="ls docs")
    expect(page.locator("html[data-shown]")).to_have_count(1)
    assert page.evaluate("window.shown") == [["keyed-agent asks for Bash", "ls docs"]]


def test_a_browser_that_refuses_notifications_says_so(visit: Opener) -> None:
    page = visit("/permissions/")
    page.evaluate(REFUSING)
    page.get_by_label("Notification").click()
    expect(page.locator(".toast")).to_contain_text("does not let the page notify you")
    expect(page.get_by_label("Notification")).not_to_be_checked()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_everybody_can_read_and_use_it(visit: Opener, server: Server, theme: str, size: dict[str, int]) -> None:
    change = {"file_path": "docs/a.md", "old_string": "one\ntwo", "new_string": "one\nthree"}
    wants(server, "Edit", **change)
    permission = wants(server, "Bash", command="ls docs " + "x" * 300, options={"deep": [1, 2]})
    wants(server, "Write", file_path="docs/b.md", content="line\n" * 60)
    page = visit("/permissions/", color_scheme=theme, viewport=size)
    item(page, permission).get_by_role("button", name="Edit").click()
    expect(item(page, permission).locator("textarea")).to_be_focused()
    assert problems(page) == []
    assert not scrolls_sideways(page)
