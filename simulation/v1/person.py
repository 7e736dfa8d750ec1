"""The person on the dashboard."""

from __future__ import annotations

import re
from html import unescape
from types import TracebackType
from typing import Protocol, Self

import aiohttp
from yarl import URL

from .office import CannotPlay

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Person(Protocol):
    """Ids are the numbers that the dashboard's addresses have."""

    async def decide(self, approval: int, summary: str, *, approve: bool, reason: str) -> None: ...
    async def send_back(self, task: int, words: str) -> None: ...
    async def accept(self, task: int) -> None: ...
    async def let_go_on(self, task: int) -> None: ...
    async def page(self, path: str) -> str: ...


class ByForms:
    """Somebody without a browser: the same pages and forms, by a session of their own."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self.user, self.password = user, password
        self.token = ""

    async def __aenter__(self) -> Self:
        # The server may be named by its number: cookies are kept all the same.
        jar = aiohttp.CookieJar(unsafe=True)
        self.session = aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(total=30))
        try:
            await self.sign_in()
        except BaseException as error:
            await self.session.close()
            if isinstance(error, aiohttp.ClientError):
                raise CannotPlay(f"No server answers at {self.url}. Start one with `make run`.") from None
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()

    async def sign_in(self) -> None:
        self._keep_token(await self.page("/login/"))
        try:
            await self.send("/login/", username=self.user, password=self.password)
        except CannotPlay:
            raise CannotPlay(f"{self.url} does not let {self.user} sign in with this password.") from None
        self._keep_token(await self.page("/approvals/"))

    def _keep_token(self, html: str) -> None:
        if found := TOKEN.search(html):
            self.token = unescape(found[1])
        for cookie in self.session.cookie_jar.filter_cookies(URL(self.url)).values():
            if "csrf" in cookie.key:
                self.token = cookie.value

    async def page(self, path: str) -> str:
        async with self.session.get(self.url + path) as answer:
            return await answer.text()

    async def send(self, path: str, **fields: str) -> None:
        headers = {"Referer": self.url + path, "Origin": self.url, "X-CSRFToken": self.token}
        form = {**fields, "csrfmiddlewaretoken": self.token}
        async with self.session.post(self.url + path, data=form, headers=headers) as answer:
            if answer.status >= 400:
                raise CannotPlay(f"The dashboard answered {answer.status} to {path}: {(await answer.text())[:200]}")

    async def decide(self, approval: int, summary: str, *, approve: bool, reason: str) -> None:
        decision = "APPROVED" if approve else "DENIED"
        await self.send(f"/approvals/{approval}/decide/", decision=decision, reason=reason)

    async def send_back(self, task: int, words: str) -> None:
        await self.move(task, "IN_PROGRESS", words)

    async def accept(self, task: int) -> None:
        if 'name="content"' in await self.page(f"/tasks/{task}/move/DONE/"):
            # Nothing was handed in that this form could accept: the card is dropped on done.
            return await self.send(f"/board/cards/{task}/move/", column="done")
        await self.move(task, "DONE", "")

    async def let_go_on(self, task: int) -> None:
        await self.move(task, "IN_PROGRESS", "")

    async def move(self, task: int, to: str, reason: str) -> None:
        """By the button that the task's page offers, or by its list of statuses."""
        if f'data-move="/tasks/{task}/move/{to}/"' in await self.page(f"/tasks/{task}/"):
            return await self.send(f"/tasks/{task}/move/{to}/", reason=reason)
        if reason:
            await self.send(f"/tasks/{task}/comments/", content=reason)
        await self.send(f"/tasks/{task}/change/", status=to)
