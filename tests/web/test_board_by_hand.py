from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.server import Server, unique

from .conftest import Opener
from .looking import card, column, drag, drag_by_finger, in_column, order

Make = Callable[..., dict[str, Any]]


def test_a_card_lands_exactly_where_it_is_dropped_and_stays_there(visit: Opener, make_task: Make, project: int) -> None:
    upper = make_task(status="backlog", project_id=project)
    lower = make_task(status="backlog", project_id=project)
    moved = make_task(project_id=project)
    page = visit(f"/?project={project}")
    assert order(page, "backlog") == [lower["id"], upper["id"]]
    drag(page, card(page, moved), card(page, upper))
    expect(page.get_by_role("status").filter(has_text="moved to Backlog")).to_be_visible()
    assert order(page, "backlog") == [lower["id"], moved["id"], upper["id"]]
    page.reload()
    assert order(page, "backlog") == [lower["id"], moved["id"], upper["id"]]


def test_a_finger_drags_too(visit: Opener, make_task: Make, project: int) -> None:
    low, middle, high = (make_task(project_id=project) for _ in range(3))
    page = visit(f"/?project={project}", viewport={"width": 360, "height": 780}, has_touch=True, is_mobile=True)
    drag_by_finger(page, card(page, low), card(page, high))
    expect(page.locator(".card.saving")).to_have_count(0)
    assert order(page, "inbox") == [low["id"], high["id"], middle["id"]]


def test_undo_puts_the_card_back(visit: Opener, make_task: Make, project: int) -> None:
    first, second = make_task(project_id=project), make_task(project_id=project)
    page = visit(f"/?project={project}")
    drag(page, card(page, second), column(page, "review"))
    expect(in_column(page, "review", second)).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(in_column(page, "inbox", second)).to_be_visible()
    assert order(page, "inbox") == [second["id"], first["id"]]


def test_dropping_on_done_approves(visit: Opener, make_task: Make, project: int, server: Server) -> None:
    task = make_task(status="review", project_id=project)
    page = visit(f"/?project={project}")
    drag(page, card(page, task), column(page, "done"))
    expect(page.get_by_role("status").filter(has_text="approved and done")).to_be_visible()
    assert server.ask("GET", f"/api/tasks/{task['id']}")[1]["task"]["status"] == "done"


def test_a_refused_move_goes_back_and_says_why(visit: Opener, make_task: Make, project: int) -> None:
    task = make_task(project_id=project)
    page = visit(f"/?project={project}")
    page.route(
        "**/move/*", lambda route: route.fulfill(status=409, content_type="text/plain", body="Somebody was faster.")
    )
    drag(page, card(page, task), column(page, "backlog"))
    expect(page.get_by_role("status").filter(has_text="Somebody was faster. The card is back")).to_be_visible()
    expect(in_column(page, "inbox", task)).to_be_visible()


def test_a_task_is_written_in_the_dialog(visit: Opener, project: int) -> None:
    page = visit(f"/?project={project}")
    title = unique("written")
    page.get_by_role("button", name="New task in Backlog").click()
    page.get_by_label("Title").fill(title)
    page.get_by_label("Description").fill("First line\nSecond <b>line</b>")
    page.get_by_role("button", name="Create task").click()
    expect(column(page, "backlog").get_by_text(title)).to_be_visible()
    expect(page.locator('.count[data-count="backlog"]')).to_have_text("1")
    page.get_by_text(title).click()
    expect(page.locator(".prose")).to_have_text("First line\nSecond <b>line</b>")


def test_an_unknown_mention_keeps_what_was_typed(visit: Opener, project: int) -> None:
    page = visit(f"/?project={project}")
    page.get_by_role("button", name="New task", exact=True).click()
    page.get_by_label("Title").fill("Ask somebody")
    page.get_by_label("Description").fill("@nobody-of-that-name please")
    page.get_by_role("button", name="Create task").click()
    expect(page.locator("#new-task .problem")).to_contain_text("nobody-of-that-name")
    expect(page.get_by_label("Title")).to_have_value("Ask somebody")


def test_the_filter_is_in_the_address(visit: Opener, make_task: Make, project: int) -> None:
    urgent = make_task(priority="critical", project_id=project)
    calm = make_task(priority="low", project_id=project)
    page = visit(f"/?project={project}")
    page.get_by_label("Priority", exact=True).first.select_option("critical")
    expect(card(page, calm)).to_have_count(0)
    expect(card(page, urgent)).to_be_visible()
    page.reload()
    expect(card(page, urgent)).to_be_visible()
    expect(card(page, calm)).to_have_count(0)
    page.get_by_role("button", name="Clear").click()
    expect(card(page, calm)).to_be_visible()


def test_a_long_column_comes_in_pages(visit: Opener, make_task: Make, project: int) -> None:
    for _ in range(53):
        make_task(project_id=project)
    page = visit(f"/?project={project}")
    expect(column(page, "inbox").locator(".card")).to_have_count(50)
    expect(page.locator('.count[data-count="inbox"]')).to_have_text("53")
    page.get_by_role("button", name="Load 50 more").click()
    expect(column(page, "inbox").locator(".card")).to_have_count(53)
    assert order(page, "inbox") == sorted(order(page, "inbox"), reverse=True)
