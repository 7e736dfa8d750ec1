"""A real browser on a real server. Every page that a test opens is watched: an error in its console fails the test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect, sync_playwright

from tests.server import ADMIN, PASSWORD, Server, unique

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
WIDE = {"width": 1440, "height": 900}
# Refusals that a test provokes; the browser and htmx note each of them.
# The last one is the network that a test takes away: what a page asks for at that moment fails.
EXPECTED = (
    "the server responded with a status of 4",
    "Response Status Error Code 4",
    "net::ERR_INTERNET_DISCONNECTED",
)

expect.set_options(timeout=6000)

Opener = Callable[..., Page]


# One sign-in for all tests of a process: sign-ins are limited.
_states: dict[str, StorageState] = {}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Per module: while Playwright's loop runs in this thread, Django refuses to touch the database."""
    if CHROMIUM is None:
        pytest.skip("NO BROWSER: there is no chromium on the path, the dashboard is NOT tested")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, server: Server) -> StorageState:
    if server.url not in _states:
        _states[server.url] = sign_in(browser, server)
    return _states[server.url]


def sign_in(browser: Browser, server: Server) -> StorageState:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/login/")
    page.get_by_label("Name").fill(ADMIN)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Board")).to_be_visible()
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def visit(browser: Browser, server: Server, signed_in: StorageState) -> Iterator[Opener]:
    """`visit("/agents/")` opens a page of its own, signed in unless `stranger`."""
    contexts, complaints = [], []

    def open_page(path: str = "/", *, stranger: bool = False, **options: Any) -> Page:
        options = {"viewport": WIDE, "reduced_motion": "reduce", **options}
        context = browser.new_context(storage_state=None if stranger else signed_in, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{server.url}{path}")
        if not stranger:
            expect(page.locator("#link-state")).to_have_text("live")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [words for words in complaints if not any(known in words for known in EXPECTED)] == []


@pytest.fixture
def make_task(server: Server) -> Callable[..., dict[str, Any]]:
    """A task of a fresh project, made by the API; `project` keeps tests out of each other's sight."""

    def make(title: str = "", **fields: Any) -> dict[str, Any]:
        status, body = server.ask("POST", "/api/tasks", {"title": title or unique("task"), **fields})
        assert status == 201, body
        return dict(body["task"])

    return make


@pytest.fixture
def project(server: Server) -> int:
    name = unique("P")
    prefix = name.replace("-", "").upper()[:12]
    status, body = server.ask("POST", "/api/projects", {"name": name, "ticket_prefix": prefix})
    assert status == 201, body
    return int(body["project"]["id"])
