from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.server import Server, unique

from .conftest import Opener
from .looking import card, focused_card, in_column

Make = Callable[..., dict[str, Any]]


def opened(page: Page, task: dict[str, Any]) -> Locator:
    card(page, task).locator("a").click()
    drawer = page.locator("#drawer")
    expect(drawer.get_by_role("heading", name=task["title"])).to_be_visible()
    return drawer


def test_the_drawer_has_an_address_and_back_closes_it(
    visit: Opener, make_task: Make, project: int, server: Server
) -> None:
    task = make_task(project_id=project)
    page = visit(f"/?project={project}")
    drawer = opened(page, task)
    expect(page).to_have_url(f"{server.url}/tasks/{task['id']}/")
    expect(page).to_have_title(f"{task['ticket_ref']} {task['title']} · Mission Control")
    page.go_back()
    expect(drawer).to_be_hidden()
    expect(page).to_have_url(f"{server.url}/?project={project}")
    expect(page).to_have_title("Board · Mission Control")
    assert focused_card(page) == task["id"]
    page.goto(f"{server.url}/tasks/{task['id']}/")
    expect(page.locator(".task-page").get_by_role("heading", name=task["title"])).to_be_visible()


def test_a_comment_and_a_reply(visit: Opener, make_task: Make, project: int) -> None:
    task = make_task(project_id=project)
    page = visit(f"/?project={project}")
    drawer = opened(page, task)
    drawer.get_by_label("Comment", exact=True).fill("Two lines\nof it")
    page.keyboard.press("Control+Enter")
    expect(drawer.locator(".comment-text")).to_have_text("Two lines\nof it")
    expect(drawer.get_by_label("Comment", exact=True)).to_have_value("")
    drawer.get_by_role("button", name="Reply").click()
    expect(drawer.get_by_text("Replying to")).to_be_visible()
    drawer.get_by_label("Comment", exact=True).fill("An answer")
    drawer.get_by_role("button", name="Comment", exact=True).click()
    expect(drawer.locator(".replies .comment-text")).to_have_text("An answer")
    expect(card(page, task).locator(".said")).to_contain_text("2")


def test_a_refused_comment_is_kept(visit: Opener, make_task: Make, project: int) -> None:
    task = make_task(project_id=project)
    drawer = opened(visit(f"/?project={project}"), task)
    drawer.get_by_label("Comment", exact=True).fill("@nobody-of-that-name look")
    drawer.get_by_role("button", name="Comment", exact=True).click()
    expect(drawer.locator("[data-say] .problem")).to_contain_text("nobody-of-that-name")
    expect(drawer.get_by_label("Comment", exact=True)).to_have_value("@nobody-of-that-name look")


def test_half_typed_text_survives_news(visit: Opener, make_task: Make, project: int, server: Server) -> None:
    task = make_task(project_id=project)
    page = visit(f"/?project={project}")
    drawer = opened(page, task)
    drawer.get_by_label("Comment", exact=True).press_sequentially("Half a sen")
    server.ask("POST", f"/api/tasks/{task['id']}/comments", {"content": "News from elsewhere"})
    server.ask("PUT", f"/api/tasks/{task['id']}", {"priority": "critical"})
    expect(drawer.get_by_text("News from elsewhere")).to_be_visible()
    expect(drawer.get_by_label("Priority")).to_have_value("1")
    expect(drawer.get_by_label("Comment", exact=True)).to_have_value("Half a sen")
    expect(drawer.get_by_label("Comment", exact=True)).to_be_focused()


def test_an_edit_in_progress_survives_news(visit: Opener, make_task: Make, project: int, server: Server) -> None:
    task = make_task(project_id=project)
    drawer = opened(visit(f"/?project={project}"), task)
    drawer.get_by_role("button", name="Edit").click()
    drawer.get_by_label("Title").fill("My own title")
    server.ask("PUT", f"/api/tasks/{task['id']}", {"priority": "critical"})
    expect(drawer.get_by_label("Priority")).to_have_value("1")
    expect(drawer.get_by_label("Title")).to_have_value("My own title")
    drawer.get_by_role("button", name="Save").click()
    expect(drawer.get_by_role("heading", name="My own title")).to_be_visible()


def test_facts_are_set_in_place(visit: Opener, make_task: Make, project: int, server: Server) -> None:
    name = unique("agent")
    server.ask("POST", "/api/agents", {"name": name, "role": "coder"})
    task = make_task(project_id=project)
    page = visit(f"/?project={project}")
    drawer = opened(page, task)
    drawer.get_by_label("Assignee").select_option(name)
    expect(in_column(page, "todo", task)).to_contain_text(name)
    expect(drawer.get_by_text(f"assigned: unassigned → {name}")).to_be_visible()
    drawer.get_by_label("Due").fill("2031-05-06")
    expect(drawer.get_by_label("Status")).to_have_value("ASSIGNED")
    drawer.get_by_label("Status").select_option("BLOCKED")
    expect(in_column(page, "review", task)).to_contain_text("blocked")


def test_deleting_asks_first(visit: Opener, make_task: Make, project: int) -> None:
    task = make_task(project_id=project)
    page = visit(f"/?project={project}")
    drawer = opened(page, task)
    page.once("dialog", lambda dialog: dialog.dismiss())
    drawer.get_by_role("button", name="Delete").click()
    expect(card(page, task)).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    drawer.get_by_role("button", name="Delete").click()
    expect(card(page, task)).to_have_count(0)
    expect(drawer).to_be_hidden()
