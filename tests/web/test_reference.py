"""The documentation in a browser, as a stranger reads it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import WIDE, Opener
from .test_accessibility import PHONE, problems, scrolls_sideways


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_it_can_be_read_by_everybody(visit: Opener, theme: str, size: dict[str, int]) -> None:
    page = visit("/docs/states/", stranger=True, color_scheme=theme, viewport=size)
    found = {"states": problems(page) + ["sideways"] * scrolls_sideways(page)}
    page.get_by_role("link", name="/api/v1", exact=True).click()
    operation = page.locator("#post_task_transition")
    operation.get_by_text("Parameters, body, answers").click()
    expect(operation.get_by_label("Example of a body")).to_contain_text("IN_PROGRESS")
    # What the head of the page covers half is too small to hit.
    page.evaluate("scrollTo(0, 0)")
    found["v1"] = problems(page) + ["sideways"] * scrolls_sideways(page)
    assert {place: wrong for place, wrong in found.items() if wrong} == {}


def test_an_operation_leads_to_its_objects_and_to_the_other_document(visit: Opener) -> None:
    page = visit("/docs/#get_approval", stranger=True)
    operation = page.locator("#get_approval")
    operation.get_by_text("Parameters, body, answers").click()
    operation.get_by_role("link", name="Approval", exact=True).click()
    expect(page.locator("#Approval")).to_be_in_viewport()
    page.get_by_role("navigation", name="Documents").get_by_role("link", name="/api", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("/api")
    index = page.get_by_role("navigation", name="On this page")
    index.locator("summary").filter(has_text="Tasks").click()
    index.get_by_role("link", name="/api/tasks/queue").click()
    expect(page.locator("#get_task_queue")).to_be_in_viewport()
