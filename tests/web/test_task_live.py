"""An open task in a browser: what agents do appears by itself, and never in the way of whoever reads or types."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.server import Server

from .conftest import WIDE, Opener
from .test_accessibility import problems, scrolls_sideways
from .v1 import Desk

PHONE = {"width": 390, "height": 844}


def opened(visit: Opener, desk: Desk, **options: object) -> Page:
    page = visit("/", **options)
    page.locator(f'.card a[href="{desk.path}"]').first.click()
    expect(page.locator("#drawer").get_by_role("heading", name=desk.title)).to_be_visible()
    return page


def fold(page: Page, key: str) -> Locator:
    return page.locator(f'.fold[data-key="{key}"]')


def unfold(page: Page, key: str) -> Locator:
    part = fold(page, key)
    part.locator("> summary").click()
    return part


def test_runs_and_tools_appear_where_somebody_looks_at_them(visit: Opener, server: Server) -> None:
    desk = Desk(server).begin()
    first = desk.run(status="COMPLETED", costUsd=0.25)
    page = opened(visit, desk)
    costs = unfold(page, "cost")
    expect(costs.locator(".run")).to_have_count(1)
    costs.locator(".run summary").first.click()
    expect(costs.locator(".run-facts")).to_be_visible()
    say = page.get_by_label("Comment", exact=True)
    say.press_sequentially("Half a sen")
    second = desk.run(status="COMPLETED", costUsd=0.5)
    expect(costs.locator(".run")).to_have_count(2)
    expect(costs.locator(".run").first).to_contain_text("$0.50")
    expect(costs.locator("> summary")).to_contain_text("$0.75")
    desk.use(first, "web.fetch")
    expect(costs.locator(f'[data-key="{first.replace("_", "-")}"] .call')).to_contain_text("web.fetch")
    assert costs.locator(f'[data-key="{second.replace("_", "-")}"] > details').get_attribute("open") is None
    expect(say).to_be_focused()
    expect(say).to_have_value("Half a sen")


def test_a_move_by_an_agent_changes_all_that_hangs_on_it(visit: Opener, server: Server) -> None:
    desk = Desk(server).begin()
    page = opened(visit, desk)
    moves = unfold(page, "transitions")
    expect(moves.locator(".step")).to_have_count(3)
    desk.hand_in()
    expect(page.locator(".task-head .chip")).to_have_text("review")
    expect(page.get_by_role("button", name="Accept as done")).to_be_visible()
    expect(page.get_by_role("button", name="Hand in for review")).to_have_count(0)
    expect(moves.locator(".step")).to_have_count(4)
    expect(moves.locator(".step").first).to_contain_text("in progress → review")
    expect(fold(page, "deliverable")).to_contain_text("guide.md")
    expect(fold(page, "checklist")).to_contain_text("Links work")
    documents = unfold(page, "documents")
    documents.locator("summary.row").click()
    expect(documents.locator("pre")).to_have_text("# First edition")
    artifact = {"name": "guide.md", "type": "DELIVERABLE", "content": "# Second edition"}
    desk.say("Better", type="ARTIFACT", artifacts=[artifact])
    expect(documents.locator("summary.row")).to_contain_text("v2")
    expect(page.locator(".thread")).to_contain_text("Better")


def test_versions_of_a_document_are_shown_one_for_the_other(visit: Opener, server: Server) -> None:
    desk = Desk(server).begin().hand_in()
    artifact = {"name": "guide.md", "type": "DELIVERABLE", "content": "# Second edition"}
    desk.say("Better", type="ARTIFACT", artifacts=[artifact])
    page = visit(desk.path)
    documents = unfold(page, "documents")
    documents.locator("summary.row").click()
    expect(documents.locator("pre")).to_have_text("# Second edition")
    documents.get_by_role("button", name="v1 of guide.md").click()
    expect(documents.locator("pre")).to_have_text("# First edition")
    with page.expect_download() as got:
        documents.get_by_role("link", name="Download").click()
    assert got.value.suggested_filename == "guide.md"


def test_a_request_is_decided_where_it_appears(visit: Opener, server: Server) -> None:
    desk = Desk(server).begin()
    page = opened(visit, desk)
    first = desk.want("Send the newsletter")
    request = page.locator(".task .request").filter(has_text="Send the newsletter")
    reason = request.get_by_placeholder("Reason")
    reason.press_sequentially("Not befo")
    desk.want("Two dollars more", kind="BUDGET_OVERRIDE")
    expect(page.locator(".task .request")).to_have_count(2)
    expect(reason).to_be_focused()
    expect(reason).to_have_value("Not befo")
    page.keyboard.type("re Monday")
    page.keyboard.press("Enter")
    expect(page.locator(".task .request")).to_have_count(1)
    expect(page.locator(".toast")).to_contain_text("is denied")
    expect(unfold(page, "decided")).to_contain_text("Not before Monday")
    other = page.locator(".task .request")
    other.get_by_role("button", name="Deny").click()
    expect(other.locator(".problem")).to_contain_text("Say why")
    other.get_by_role("button", name="Approve").click()
    expect(page.locator(".task .request")).to_have_count(0)
    expect(page.locator(".task-head .chip")).to_have_text("blocked")
    expect(fold(page, "decided").locator(".verdict")).to_have_count(2)
    assert first


def test_the_form_of_a_move_stays_while_the_task_changes_around_it(visit: Opener, server: Server) -> None:
    desk = Desk(server).begin().hand_in()
    page = opened(visit, desk)
    page.get_by_role("button", name="Return for changes").click()
    form = page.locator("[data-move-form]")
    field = form.get_by_label("What is to be changed")
    expect(field).to_be_focused()
    field.press_sequentially("The old fo")
    desk.say("News from elsewhere")
    expect(page.locator(".thread")).to_contain_text("News from elsewhere")
    expect(field).to_be_focused()
    page.keyboard.type("rm")
    form.get_by_role("button", name="Return for changes").click()
    expect(page.locator(".task-head .chip")).to_have_text("in progress")
    expect(form).to_have_count(0)
    expect(page.locator(".thread")).to_contain_text("The old form")
    expect(page.locator(".task-facts")).to_contain_text("1 of 3")


def test_what_a_move_lacks_is_told_beside_its_fields(visit: Opener, server: Server) -> None:
    desk = Desk(server).begin()
    page = opened(visit, desk)
    page.get_by_role("button", name="Hand in for review").click()
    form = page.locator("[data-move-form]")
    form.get_by_label("Summary").fill("Half of it")
    form.get_by_role("button", name="Hand in for review").click()
    expect(form.locator("#problem-deliverable")).to_contain_text("Say what was made")
    expect(form.locator("#problem-checklist")).to_contain_text("Required for review")
    expect(form.get_by_label("Deliverable, what was made")).to_be_focused()
    expect(form.get_by_label("Summary")).to_have_value("Half of it")
    page.keyboard.type("# All of it")
    form.get_by_label("Line 1", exact=True).fill("Links work")
    form.get_by_role("button", name="Another line").click()
    expect(form.get_by_label("Line 4", exact=True)).to_be_focused()
    page.keyboard.type("Spelling")
    form.get_by_label("Line 4 is checked").check()
    form.get_by_role("button", name="Hand in for review").click()
    expect(page.locator(".task-head .chip")).to_have_text("review")
    expect(page.locator(".toast")).to_contain_text("“Links work” is unchecked")
    expect(fold(page, "checklist").locator("> summary")).to_contain_text("1 of 2")


def test_a_task_that_has_moved_meanwhile_keeps_what_was_written(visit: Opener, server: Server) -> None:
    desk = Desk(server).begin().hand_in()
    page = opened(visit, desk)
    page.get_by_role("button", name="Block", exact=True).click()
    field = page.locator("[data-move-form]").get_by_label("What blocks it")
    field.fill("No login")
    desk.move("CANCELED")
    expect(page.locator(".task-head .chip")).to_have_text("canceled")
    page.locator("[data-move-form]").get_by_role("button", name="Block").click()
    expect(page.locator("#problem-move")).to_contain_text("The task has moved meanwhile")
    expect(field).to_have_value("No login")


def test_by_keyboard(visit: Opener, server: Server) -> None:
    desk = Desk(server).begin().hand_in()
    page = opened(visit, desk)
    fold(page, "timeline").locator("> summary").focus()
    page.keyboard.press("Enter")
    expect(fold(page, "timeline")).to_contain_text("moved it: in progress → review")
    fold(page, "timeline").locator(".step summary").first.focus()
    page.keyboard.press("Enter")
    expect(fold(page, "timeline").locator("pre").first).to_contain_text("REVIEW")
    page.get_by_role("button", name="Block", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-move-form]").get_by_label("What blocks it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("[data-move-form]")).to_have_count(0)
    expect(page.get_by_role("button", name="Block", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()


def test_who_reads_further_down_stays_there(visit: Opener, server: Server) -> None:
    desk = Desk(server).begin()
    for n in range(30):
        desk.run(status="COMPLETED", costUsd=0.001, sessionKey=f"s{n}")
    for n in range(25):
        desk.say(f"Message {n}")
    page = opened(visit, desk)
    expect(page.locator(".thread .comment").last).to_contain_text("Message 24")
    page.get_by_role("button", name="Show earlier").click()
    expect(page.locator(".thread")).to_contain_text("Message 0")
    costs = unfold(page, "cost")
    expect(costs.locator(".run")).to_have_count(25)
    costs.get_by_role("button", name="Show older").click()
    expect(costs.locator(".run")).to_have_count(30)
    last = costs.locator(".run").last
    last.scroll_into_view_if_needed()
    before = last.bounding_box()
    desk.run(status="COMPLETED", costUsd=0.001)
    expect(costs.locator(".run")).to_have_count(31)
    after = last.bounding_box()
    assert before and after
    assert abs(before["y"] - after["y"]) < 40
    desk.say("The latest")
    expect(page.locator(".thread .comment").last).to_contain_text("The latest")
    expect(page.locator(".thread")).to_contain_text("Message 0")
    assert page.locator(".thread .comment").count() == 27
    expect(page.get_by_role("button", name="Show earlier")).to_have_count(0)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_everything_unfolded_is_for_everybody(visit: Opener, server: Server, theme: str, size: dict[str, int]) -> None:
    desk = Desk(server).begin()
    desk.use(desk.run(status="COMPLETED", costUsd=0.25), "shell")
    approval = desk.want("Send " + "everything-at-once-" * 12)
    desk.ask("POST", f"/approvals/{approval}/decide", {"decision": "APPROVED", "reason": "Go on"})
    desk.hand_in()
    desk.want("Send it once more")
    page = visit(desk.path, color_scheme=theme, viewport=size)
    for key in ("documents", "decided", "cost", "transitions", "timeline"):
        unfold(page, key)
    fold(page, "documents").locator("summary.row").click()
    fold(page, "cost").locator(".run summary").click()
    fold(page, "cost").locator(".call summary").click()
    fold(page, "decided").locator(".verdict summary").click()
    expect(fold(page, "cost").locator("pre")).to_be_visible()
    expect(fold(page, "documents").locator("pre")).to_be_visible()
    page.get_by_role("button", name="Move to assigned").click()
    expect(page.locator("[data-move-form]")).to_be_visible()
    assert problems(page) == []
    assert not scrolls_sideways(page)


def test_the_inbox_and_the_task_beside_it_show_one_decision(visit: Opener, server: Server) -> None:
    desk = Desk(server).begin()
    desk.want("Send it to purchasing")
    page = visit("/approvals/")
    waiting = page.locator("#approvals .request").filter(has_text="Send it to purchasing").filter(has_text=desk.title)
    waiting.locator(f'a[href="{desk.path}"]').click()
    expect(page.locator("#drawer").get_by_role("heading", name=desk.title)).to_be_visible()
    assert problems(page) == []
    page.locator("#drawer .request").get_by_role("button", name="Approve").click()
    expect(page.locator("#drawer .request")).to_have_count(0)
    expect(page.locator("#drawer .task-head .chip")).to_have_text("in progress")
    expect(waiting).to_have_count(0)
    decided = page.locator("#approvals .verdict").filter(has_text="Send it to purchasing")
    expect(decided.first).to_contain_text("approved")
