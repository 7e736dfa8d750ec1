import threading
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.server import Server

from .conftest import Opener
from .looking import card, focus, focused_card, in_column

Make = Callable[..., dict[str, Any]]
# Milliseconds without a tick. A busy machine stalls every page for a moment; one that fetches each change stands still.
FROZEN = 3000
REMEMBER_ARRIVAL = """([id, column]) => {
  const board = document.getElementById("board");
  new MutationObserver((_, watcher) => {
    if (!board.querySelector(`[data-column="${column}"] #card-${id}`)) return;
    window.arrived = Date.now();
    watcher.disconnect();
  }).observe(board, { childList: true, subtree: true });
}"""

DOUBLE = """id => document.querySelector(".bay-list[data-column=todo]").append(
  document.getElementById(`card-${id}`).cloneNode(true))"""


def requests_of(page: Page) -> list[str]:
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url.split("?")[0]))
    return seen


def test_a_card_moves_on_another_browser_within_300_ms(
    visit: Opener, make_task: Make, project: int, server: Server
) -> None:
    """The median of several moves, since a test machine may be busy for a moment."""
    task = make_task(project_id=project)
    page = visit(f"/?project={project}")
    seen = requests_of(page)
    took = []
    for column in ("backlog", "review", "backlog", "review", "inbox"):
        page.evaluate(REMEMBER_ARRIVAL, [task["id"], column])
        began = time.time() * 1000
        server.ask("PUT", f"/api/tasks/{task['id']}", {"status": column})
        expect(in_column(page, column, task)).to_be_visible()
        took.append(page.evaluate("window.arrived") - began)
    assert sorted(took)[2] < 300, took
    cards = [address for address in seen if "/figures/" not in address and "/activity/" not in address]
    assert set(cards) == {f"{server.url}/board/cards/{task['id']}/"}


def test_cards_appear_and_disappear(visit: Opener, make_task: Make, project: int, server: Server) -> None:
    page = visit(f"/?project={project}")
    task = make_task(project_id=project, assigned_to="jordan")
    expect(in_column(page, "todo", task)).to_contain_text("jordan")
    expect(page.locator('.count[data-count="todo"]')).to_have_text("1")
    server.ask("DELETE", f"/api/tasks/{task['id']}")
    expect(card(page, task)).to_have_count(0)
    expect(page.locator('.count[data-count="todo"]')).to_have_text("0")


def test_a_card_that_leaves_the_filter_leaves_the_board(
    visit: Opener, make_task: Make, project: int, server: Server
) -> None:
    task = make_task(project_id=project, priority="low")
    page = visit(f"/?project={project}&priority=low")
    server.ask("PUT", f"/api/tasks/{task['id']}", {"priority": "high"})
    expect(card(page, task)).to_have_count(0)


def test_a_card_that_moved_while_the_page_was_written_is_shown_once(
    visit: Opener, make_task: Make, project: int, server: Server
) -> None:
    task = make_task(project_id=project)
    page = visit(f"/?project={project}")
    page.evaluate(DOUBLE, task["id"])
    expect(card(page, task)).to_have_count(2)
    server.ask("PUT", f"/api/tasks/{task['id']}", {"status": "in_progress"})
    expect(in_column(page, "in_progress", task)).to_be_visible()
    expect(card(page, task)).to_have_count(1)


def test_focus_survives_a_change_from_outside(visit: Opener, make_task: Make, project: int, server: Server) -> None:
    task = make_task(project_id=project)
    page = visit(f"/?project={project}")
    focus(page, task)
    server.ask("PUT", f"/api/tasks/{task['id']}", {"status": "review", "title": "Another title"})
    expect(in_column(page, "review", task)).to_contain_text("Another title")
    assert focused_card(page) == task["id"]


def test_the_stream_is_resumed_and_its_state_is_told(
    visit: Opener, make_task: Make, project: int, server: Server
) -> None:
    page = visit(f"/?project={project}")
    first = make_task(project_id=project)
    expect(card(page, first)).to_be_visible()
    page.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('pagehide'))")
    second = make_task(project_id=project)
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(card(page, second)).to_be_visible()
    expect(page.locator("#link-state")).to_have_text("live")


def test_the_feed_tells_what_happens(visit: Opener, make_task: Make, project: int) -> None:
    page = visit("/activity/")
    page.get_by_role("button", name="Activity panel").click()
    task = make_task(project_id=project)
    expect(page.locator("#feed-panel").get_by_text(f"Created task: {task['title']}")).to_be_visible()
    expect(page.locator(".feed.wide").get_by_text(f"Created task: {task['title']}")).to_be_visible()


def test_a_hundred_changes_a_second_do_not_freeze_the_page(
    visit: Opener, make_task: Make, project: int, server: Server
) -> None:
    tasks = [make_task(project_id=project) for _ in range(20)]
    page = visit(f"/?project={project}")
    page.evaluate(
        """() => {
          window.gaps = []; let last = performance.now();
          setInterval(() => { const now = performance.now(); window.gaps.push(now - last); last = now; }, 20);
        }"""
    )
    seen = requests_of(page)
    hammer = threading.Thread(target=_hammer, args=(server, tasks))
    hammer.start()
    while hammer.is_alive():
        page.wait_for_timeout(100)
    for task in tasks:
        expect(in_column(page, "review", task)).to_be_visible()
    assert max(page.evaluate("window.gaps")) < FROZEN
    assert len([address for address in seen if "/board/cards/" in address]) < 60


def _hammer(server: Server, tasks: list[dict[str, Any]]) -> None:
    began = time.monotonic()
    for number in range(300):
        status = "review" if number >= 280 else ("backlog", "inbox", "in_progress")[number // 20 % 3]
        server.ask("PUT", f"/api/tasks/{tasks[number % 20]['id']}", {"status": status})
        time.sleep(max(0, began + number / 100 - time.monotonic()))
