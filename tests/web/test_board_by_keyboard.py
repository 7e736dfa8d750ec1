from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from .conftest import Opener
from .looking import focus, focused_card, in_column, order

Make = Callable[..., dict[str, Any]]


def test_letters_walk_the_cards_and_columns(visit: Opener, make_task: Make, project: int) -> None:
    low, high = make_task(project_id=project), make_task(project_id=project)
    far = make_task(status="review", project_id=project)
    page = visit(f"/?project={project}")
    page.keyboard.press("j")
    assert focused_card(page) == high["id"]
    page.keyboard.press("j")
    assert focused_card(page) == low["id"]
    page.keyboard.press("l")
    assert focused_card(page) == far["id"]
    page.keyboard.press("h")
    page.keyboard.press("k")
    assert focused_card(page) == high["id"]


def test_shift_carries_a_card_and_keeps_the_focus(visit: Opener, make_task: Make, project: int) -> None:
    low, high = make_task(project_id=project), make_task(project_id=project)
    page = visit(f"/?project={project}")
    focus(page, high)
    page.keyboard.press("Shift+J")
    expect(page.locator(".card.saving")).to_have_count(0)
    assert order(page, "inbox") == [low["id"], high["id"]]
    page.keyboard.press("Shift+L")
    expect(in_column(page, "backlog", high)).to_be_visible()
    expect(page.locator(".card.saving")).to_have_count(0)
    assert focused_card(page) == high["id"]
    page.reload()
    expect(in_column(page, "backlog", high)).to_be_visible()


def test_the_move_menu_works_by_number(visit: Opener, make_task: Make, project: int) -> None:
    task = make_task(project_id=project)
    page = visit(f"/?project={project}")
    focus(page, task)
    page.keyboard.press("m")
    expect(page.get_by_role("menu", name="Move to")).to_be_visible()
    page.keyboard.press("4")
    expect(in_column(page, "in_progress", task)).to_be_visible()
    expect(page.get_by_role("menu", name="Move to")).to_be_hidden()
    assert focused_card(page) == task["id"]


def test_a_opens_the_assignee_and_c_the_comment(visit: Opener, make_task: Make, project: int) -> None:
    task = make_task(project_id=project)
    page = visit(f"/?project={project}")
    for key, field in (("a", "Assignee"), ("c", "Comment")):
        focus(page, task)
        page.keyboard.press(key)
        expect(page.locator("#drawer").get_by_label(field, exact=True)).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("#drawer")).to_be_hidden()
    assert focused_card(page) == task["id"]


def test_letters_can_be_switched_off(visit: Opener, make_task: Make, project: int) -> None:
    task = make_task(project_id=project)
    page = visit(f"/?project={project}")
    page.keyboard.press("?")
    page.get_by_label("Letters work as keys").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    focus(page, task)
    for key in ("m", "n", "?", "Shift+L"):
        page.keyboard.press(key)
    expect(page.locator("dialog[open], [popover]:popover-open")).to_have_count(0)
    assert order(page, "inbox") == [task["id"]]
    page.keyboard.press("Enter")
    expect(page.locator("#drawer")).to_be_visible()


def test_n_slash_and_question_mark(visit: Opener, project: int) -> None:
    page = visit(f"/?project={project}")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Find tasks")).to_be_focused()
    page.keyboard.press("Tab")
    page.locator("h1").click()
    page.keyboard.press("n")
    expect(page.get_by_label("Title")).to_be_focused()
