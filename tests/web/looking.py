"""Where things are on the board, in few words."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page


def card(page: Page, task: dict[str, Any]) -> Locator:
    return page.locator(f"#card-{task['id']}")


def column(page: Page, name: str) -> Locator:
    return page.locator(f'.bay-list[data-column="{name}"]')


def in_column(page: Page, name: str, task: dict[str, Any]) -> Locator:
    return column(page, name).locator(f"#card-{task['id']}")


def order(page: Page, name: str) -> list[int]:
    return [int(id) for id in column(page, name).locator(".card").evaluate_all("all => all.map(c => c.dataset.id)")]


def focus(page: Page, task: dict[str, Any]) -> None:
    card(page, task).locator("a").focus()


def focused_card(page: Page) -> int:
    return int(page.evaluate("document.activeElement.closest('.card')?.dataset.id ?? 0"))


def drag_by_finger(page: Page, what: Locator, onto: Locator) -> None:
    """Press until the card is in the hand, move, let go."""
    start, end = what.bounding_box(), onto.bounding_box()
    assert start and end
    x, y, to_y = start["x"] + 80, start["y"] + 24, end["y"] + 8
    devtools = page.context.new_cdp_session(page)

    def touch(kind: str, *points: dict[str, float]) -> None:
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    touch("touchStart", {"x": x, "y": y})
    page.wait_for_timeout(350)
    for step in range(1, 13):
        touch("touchMove", {"x": x, "y": y + (to_y - y) * step / 12})
        page.wait_for_timeout(20)
    page.wait_for_timeout(150)
    touch("touchEnd")


def drag(page: Page, what: Locator, onto: Locator, *, below: bool = False) -> None:
    """By hand: press, move in small steps, let go."""
    start, end = what.bounding_box(), onto.bounding_box()
    assert start and end
    x, y = start["x"] + 80, start["y"] + 24
    to_x, to_y = end["x"] + 80, end["y"] + (end["height"] - 8 if below else 8)
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 16):
        page.mouse.move(x + (to_x - x) * step / 15, y + (to_y - y) * step / 15)
        page.wait_for_timeout(16)
    page.wait_for_timeout(120)
    page.mouse.up()
