import re

from playwright.sync_api import Browser, expect

from tests.server import Server

from .conftest import sign_in


def test_an_outage_is_told_and_mended_by_itself(browser: Browser) -> None:
    """The server is killed under an open page; what was made behind its back is there when it returns."""
    with Server() as own:
        page = browser.new_context(storage_state=sign_in(browser, own)).new_page()
        page.goto(f"{own.url}/")
        state = page.locator("#link-state")
        expect(state).to_have_text("live")
        own.kill("web")
        expect(state).to_have_text("reconnecting", timeout=10_000)
        expect(page.locator("#stale")).to_be_hidden()
        expect(state).to_have_text(re.compile("stale since .*"), timeout=25_000)
        expect(page.locator("#stale")).to_contain_text("The stream is lost")
        own.start("web")
        own.ask("POST", "/api/tasks", {"title": "Made before the page came back"})
        expect(state).to_have_text("live", timeout=40_000)
        expect(page.locator("#stale")).to_be_hidden()
        expect(page.get_by_text("Made before the page came back")).to_be_visible()
        page.context.close()
