"""The person of the four ways, in a real browser: one tab with the inbox of approvals, one with the board."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from tests.server import ADMIN, PASSWORD, Server
from tests.web.conftest import CHROMIUM, EXPECTED, FLAGS, WIDE

PATIENCE = 20_000


@asynccontextmanager
async def visitor(server: Server) -> AsyncIterator[ByBrowser]:
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        person = await ByBrowser.signed_in(browser, server.url)
        yield person
        await browser.close()


@dataclass
class ByBrowser:
    """Both tabs stay open all the time: what is decided must have appeared there by itself."""

    url: str
    inbox: Page
    board: Page
    complaints: list[str] = field(default_factory=list)
    # One pair of hands.
    at_work: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    async def signed_in(cls, browser: Browser, url: str) -> ByBrowser:
        context = await browser.new_context(viewport=WIDE, reduced_motion="reduce")
        inbox = await context.new_page()
        await inbox.goto(f"{url}/login/?next=/approvals/")
        await inbox.get_by_label("Name").fill(ADMIN)
        await inbox.get_by_label("Password").fill(PASSWORD)
        await inbox.get_by_role("button", name="Sign in").click()
        await expect(inbox.get_by_role("heading", name="Approvals")).to_be_visible()
        person = cls(url, inbox, await context.new_page())
        await person.board.goto(f"{url}/")
        for page in (person.inbox, person.board):
            page.on("pageerror", lambda error: person.complaints.append(str(error)))
            page.on("console", lambda said: person.note(said.text) if said.type == "error" else None)
            await expect(page.locator("#link-state")).to_have_text("live")
        return person

    def note(self, words: str) -> None:
        if not any(known in words for known in EXPECTED):
            self.complaints.append(words)

    async def decide(self, approval: int, summary: str, *, approve: bool, reason: str) -> None:
        async with self.at_work:
            request = self.inbox.locator(f"#approval-{approval}.request")
            await expect(request).to_contain_text(summary)
            await request.get_by_placeholder("Reason").fill(reason)
            await request.get_by_role("button", name="Approve" if approve else "Deny").click()
            verdict = self.inbox.locator(f"#approval-{approval}.verdict")
            await expect(verdict).to_contain_text("approved" if approve else "denied")
            await expect(verdict).to_contain_text(reason)

    async def send_back(self, task: int, words: str) -> None:
        async with self.at_work:
            await self.move(task, "Return for changes", words, then="in progress")

    async def accept(self, task: int) -> None:
        async with self.at_work:
            if await self.offers(task, "Accept as done"):
                return await self.move(task, "Accept as done", "", then="done")
            await self.drop_on_done(task)

    async def let_go_on(self, task: int) -> None:
        async with self.at_work:
            await self.move(task, "Unblock, go on", "", then="in progress")

    async def page(self, path: str) -> str:
        answer = await self.board.context.request.get(f"{self.url}{path}")
        return await answer.text()

    # The board

    def card(self, task: int) -> Locator:
        return self.board.locator(f"#card-{task}")

    async def open(self, task: int) -> Locator:
        """The card is where it belongs without a reload; its task opens beside the board."""
        await expect(self.board.locator(f'.bay-list[data-column="review"] #card-{task}')).to_be_visible()
        await self.card(task).locator("a").click()
        drawer = self.board.locator(f'#drawer .task[data-task="{task}"]')
        await expect(drawer).to_be_visible()
        return drawer

    async def offers(self, task: int, word: str) -> bool:
        """Whether the move asks for no more than a note."""
        drawer = await self.open(task)
        await drawer.get_by_role("button", name=word).click()
        form = drawer.get_by_role("form", name=word)
        await expect(form).to_be_visible()
        ready = await form.locator("[name=content]").count() == 0
        await self.close()
        return ready

    async def move(self, task: int, word: str, reason: str, *, then: str) -> None:
        drawer = await self.open(task)
        await drawer.locator(".moves").get_by_role("button", name=word).click()
        form = drawer.get_by_role("form", name=word)
        await form.locator("[name=reason]").fill(reason)
        await form.get_by_role("button", name=word).click()
        await expect(drawer.locator(".task-head .chip")).to_contain_text(then)
        await self.close()

    async def close(self) -> None:
        await self.board.locator("#drawer [data-close]").first.click()
        await expect(self.board.locator("#drawer .task")).to_have_count(0)

    async def drop_on_done(self, task: int) -> None:
        """By keyboard: what was not handed in is approved by its place on the board."""
        await self.card(task).locator("a").focus()
        await self.board.keyboard.press("m")
        await self.board.locator('#move-menu [data-to="done"]').click()
        await expect(self.board.locator(f'.bay-list[data-column="done"] #card-{task}')).to_be_visible()
