"""What the dashboard's pages show."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from html import unescape

from simulation.v1.facts import Facts

from .by_legacy import author
from .cast import Cast, number

Page = Callable[[str], Awaitable[str]]
STATUS = re.compile(r'name="status">.*?<option value="(\w+)" selected', re.S)
COMMENT = re.compile(r'id="comment-(\d+)".*?<span class="callsign">(.*?)</span>.*?class="comment-text">(.*?)</div>', re.S)
COST = re.compile(r"<dt>Cost of its runs</dt><dd[^>]*>\s*(\S+?)\s*(?:of|,|</dd>)")
CARD = re.compile(r'data-column="([a-z-]+)"(.*?)(?=data-column="|$)', re.S)
VERDICT = re.compile(r'id="approval-(\d+)".*?data-stamp="(\w*)"', re.S)
COLUMNS = {
    "INBOX": "inbox", "ASSIGNED": "todo", "IN_PROGRESS": "in-progress", "REVIEW": "review", "DONE": "done",
    "NEEDS_APPROVAL": "review", "BLOCKED": "review",
}  # fmt: skip


async def by_pages(page: Page, cast: Cast) -> Facts:
    facts: Facts = {}
    for id in cast.tasks:
        html = await page(f"/tasks/{number(id)}/")
        facts[id, "status"] = _one(STATUS, html)
        facts[id, "messages"] = _messages(html, cast)
        if cost := COST.search(html):
            facts[id, "cost in cents"] = cost[1]
    html = await page("/approvals/")
    shown = {f"approval_{id}": stamp for id, stamp in VERDICT.findall(html)}
    facts |= {(id, "status"): shown.get(id) for id in cast.approvals}
    return facts | await _board(page, cast)


async def _board(page: Page, cast: Cast) -> Facts:
    html = await page("/")
    where = {card: column for column, part in CARD.findall(html) for card in re.findall(r'id="card-(\d+)"', part)}
    return {(id, "column"): where.get(str(number(id))) for id in cast.tasks}


def as_shown(facts: Facts) -> Facts:
    """What pages must make of these facts: rounded to cents, in columns."""
    shown: Facts = {}
    for (id, what), value in facts.items():
        if what == "cost" and value:
            shown[id, "cost in cents"] = "<$0.01" if value < 10_000 else f"${value / 1_000_000:,.2f}"
        if what == "status" and id.startswith("task_"):
            shown[id, "column"] = COLUMNS.get(str(value))
    return shown


def _messages(html: str, cast: Cast) -> list[tuple[str, str, str]]:
    said = sorted((int(id), unescape(name), unescape(text)) for id, name, text in COMMENT.findall(html))
    return [(f"msg_{id}", author({"author": name}, cast), text) for id, name, text in said]


def _one(pattern: re.Pattern[str], html: str) -> str | None:
    found = pattern.search(html)
    return unescape(found[1]) if found else None
