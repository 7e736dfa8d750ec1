"""What the dashboard's pages show."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from html import unescape

from simulation.v1.facts import Facts

from .by_legacy import author
from .cast import Cast, number

Page = Callable[[str], Awaitable[str]]
CHIP = re.compile(r'class="chip boxed"[^>]*>(?:<svg.*?</svg>)?([^<]+)</span>', re.S)
COMMENT = re.compile(
    r'id="comment-(\d+)".*?<span class="callsign">(.*?)</span>.*?class="comment-text">(.*?)</div>', re.S
)
COST = re.compile(r"<dt>(Cost|Cost of its runs)</dt><dd[^>]*>\s*([^\s,<]+)")
COSTS = {"Cost": "cost in all", "Cost of its runs": "cost"}
STRIP = re.compile(r'<li class="strip".*?class="callsign clip"[^>]*>([^<]+)</a>.*?class="cost number">([^<]+)<', re.S)
REASON = re.compile(r'id="approval-(\d+)"(?:(?!id="approval-).)*?class="verdict-reason[^>]*>([^<]*)<', re.S)
CARD = re.compile(r'data-column="([a-z-]+)"(.*?)(?=data-column="|$)', re.S)
VERDICT = re.compile(r'id="approval-(\d+)".*?data-stamp="(\w*)"', re.S)
WORDS = {
    "inbox": "INBOX", "to do": "ASSIGNED", "assigned": "ASSIGNED", "in progress": "IN_PROGRESS", "review": "REVIEW",
    "quality review": "REVIEW", "needs approval": "NEEDS_APPROVAL", "blocked": "BLOCKED", "done": "DONE",
    "canceled": "CANCELED", "failed": "BLOCKED", "awaits owner": "BLOCKED", "backlog": "INBOX",
}  # fmt: skip
COLUMNS = {
    "INBOX": "inbox", "ASSIGNED": "todo", "IN_PROGRESS": "in-progress", "REVIEW": "review", "DONE": "done",
    "NEEDS_APPROVAL": "review", "BLOCKED": "review", "CANCELED": "done",
}  # fmt: skip


async def by_pages(page: Page, cast: Cast) -> Facts:
    facts: Facts = {}
    for id in cast.tasks:
        html = await page(f"/tasks/{number(id)}/")
        if chip := CHIP.search(html):
            facts[id, "status"] = WORDS.get(chip[1], chip[1])
        facts[id, "messages"] = _messages(html, cast)
        facts |= {(id, f"{COSTS[name]}, in cents"): unescape(cost) for name, cost in COST.findall(html)}
    html = await page("/approvals/")
    # What waits bears who was the first to approve it, if anybody.
    shown = {f"approval_{id}": stamp or "PENDING" for id, stamp in VERDICT.findall(html)}
    facts |= {(id, "status"): shown.get(id) for id in cast.approvals}
    reasons = {f"approval_{id}": unescape(words) for id, words in REASON.findall(html)}
    facts |= {(id, "reason"): reasons.get(id) for id in cast.approvals}
    strips = {unescape(name): unescape(cost) for name, cost in STRIP.findall(await page("/agents/"))}
    facts |= {(id, "spent in all, in cents"): strips.get(id) for id in cast.agents}
    return facts | await _board(page, cast)


async def _board(page: Page, cast: Cast) -> Facts:
    html = await page("/")
    where = {card: column for column, part in CARD.findall(html) for card in re.findall(r'id="card-(\d+)"', part)}
    return {(id, "column"): where.get(str(number(id))) for id in cast.tasks}


def as_shown(facts: Facts) -> Facts:
    """What pages must make of these facts: rounded to cents, in columns."""
    shown: Facts = {}
    for (id, what), value in facts.items():
        if what in ("cost", "cost in all", "spent in all") and value:
            shown[id, f"{what}, in cents"] = "<$0.01" if value < 10_000 else f"${value / 1_000_000:,.2f}"
        if what == "status" and id.startswith("task_"):
            shown[id, "column"] = COLUMNS.get(str(value))
    return shown


def _messages(html: str, cast: Cast) -> list[tuple[str, str, str]]:
    said = sorted((int(id), unescape(name), unescape(text)) for id, name, text in COMMENT.findall(html))
    return [(f"msg_{id}", author({"author": name}, cast), text) for id, name, text in said]
