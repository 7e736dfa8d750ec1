"""The inbox in a browser: live, by keyboard, and never in the way of what is typed."""

from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.server import Server, unique

from .conftest import Opener


def post(server: Server, path: str, body: dict[str, Any]) -> dict[str, Any]:
    status, answer = server.ask("POST", f"/api/v1{path}", body, headers={"Content-Type": "application/json"})
    assert status in (200, 201), answer
    return dict(answer["approval"])


def wants(server: Server) -> dict[str, Any]:
    body = {
        "actionType": "TOOL_EXEC",
        "actionSummary": unique("push"),
        "riskLevel": "YELLOW",
        "justification": "It is ready",
        "actionPayload": {"tool": "shell"},
    }
    return post(server, "/approvals", body)


def request_of(page: Page, approval: dict[str, Any]) -> Locator:
    return page.locator(".requests .request").filter(has_text=approval["actionSummary"])


def verdict_of(page: Page, approval: dict[str, Any]) -> Locator:
    return page.locator(".verdicts .verdict").filter(has_text=approval["actionSummary"])


def test_requests_appear_and_are_decided_by_keyboard(visit: Opener, server: Server) -> None:
    first = wants(server)
    page = visit("/approvals/")
    badge = page.locator("#approvals-waiting b")
    before = int(badge.text_content() or 0)
    reason = request_of(page, first).get_by_placeholder("Reason")
    reason.press_sequentially("Not befo")
    second = wants(server)
    expect(request_of(page, second)).to_be_visible()
    expect(badge).to_have_text(str(before + 1))
    expect(reason).to_have_value("Not befo")
    expect(reason).to_be_focused()
    page.keyboard.type("re Monday")
    page.keyboard.press("Enter")
    expect(verdict_of(page, first)).to_contain_text("denied")
    expect(verdict_of(page, first)).to_contain_text("Not before Monday")
    request_of(page, second).locator(".request-name").focus()
    page.keyboard.press("p")
    expect(request_of(page, second).locator("pre")).to_be_visible()
    page.keyboard.press("d")
    page.keyboard.press("Enter")
    expect(request_of(page, second).locator(".problem")).to_contain_text("Say why")
    request_of(page, second).locator(".request-name").focus()
    page.keyboard.press("y")
    page.keyboard.press("Enter")
    expect(verdict_of(page, second)).to_contain_text("approved")
    expect(page.locator(".toast")).to_contain_text("is approved")
    expect(badge).to_have_text(str(before - 1))


def test_what_somebody_else_decides_leaves_the_inbox(visit: Opener, server: Server) -> None:
    approval = wants(server)
    page = visit("/approvals/")
    expect(request_of(page, approval)).to_be_visible()
    post(server, f"/approvals/{approval['id']}/decide", {"decision": "APPROVED"})
    expect(request_of(page, approval)).to_have_count(0)
    expect(verdict_of(page, approval)).to_contain_text("approved")


def test_a_conflict_is_told_and_the_inbox_renewed(visit: Opener, server: Server) -> None:
    approval = wants(server)
    page = visit("/approvals/")
    # A page that has not heard of the other decision yet.
    page.route("**/approvals/", lambda route: route.fulfill(status=409))
    post(server, f"/approvals/{approval['id']}/decide", {"decision": "DENIED", "reason": "Too dear"})
    request_of(page, approval).get_by_role("button", name="Approve").click()
    expect(page.locator(".toast")).to_contain_text("denied it before you: Too dear. Your decision changed nothing.")
    page.unroute("**/approvals/")
    wants(server)
    expect(verdict_of(page, approval)).to_contain_text("Too dear")
