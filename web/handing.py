"""What people hand in with a move, read from its form into the shapes that are stored."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any
from urllib.parse import unquote, urlsplit

from django.http import QueryDict

from governance.services.handing import Handed
from governance.states import Need

from .moves import Offer

LONGEST_REASON = 2_000
BULLETS, ITEMS, LINKS = 6, 50, 10
LONGEST = {"bullet": 500, "label": 300, "note": 1_000, "content": 200_000, "summary": 2_000, "duration": 100}
MOST_DOLLARS = 1_000_000
Problems = list[str]


@dataclass(frozen=True, slots=True)
class Form:
    """The answers of a form, as they were typed, so that it can be shown again."""

    post: QueryDict

    def text(self, name: str) -> str:
        return self.post.get(name, "").replace("\0", "").strip()

    def texts(self, name: str) -> list[str]:
        return [text.replace("\0", "").strip() for text in self.post.getlist(name)]

    @property
    def bullets(self) -> list[str]:
        return (self.texts("bullet") + [""] * BULLETS)[:BULLETS]

    @property
    def items(self) -> list[dict[str, Any]]:
        """The rows of the checklist; three empty ones to begin with."""
        labels, notes, ticked = self.texts("label"), self.texts("note"), set(self.texts("checked"))
        notes += [""] * len(labels)
        rows = [
            {"n": n, "label": label, "checked": str(n) in ticked, "note": notes[n]} for n, label in enumerate(labels)
        ]
        return rows[:ITEMS] or [{"n": n, "label": "", "checked": False, "note": ""} for n in range(3)]

    @property
    def chosen(self) -> list[str]:
        return self.texts("assignee")

    @property
    def reason(self) -> str:
        return self.text("reason")

    @property
    def values(self) -> dict[str, str]:
        return {name: self.text(name) for name in ("content", "summary", "links", "cost", "duration", "notes")}

    def handed(self, offer: Offer, task_type: str) -> Handed:
        parts: dict[str, dict[str, Any] | None] = {}
        problems: dict[str, Problems] = {}
        readers = {
            Need.WORK_PLAN: ("workPlan", self._plan),
            Need.DELIVERABLE: ("deliverable", self._deliverable),
            Need.CHECKLIST: ("reviewChecklist", lambda: self._checklist(task_type)),
        }
        for need, (name, read) in readers.items():
            if need in offer.asks:
                parts[name], lines = read()
                if lines:
                    problems[name] = [f"{name}{line}" for line in lines]
        return Handed(parts.get("workPlan"), parts.get("deliverable"), parts.get("reviewChecklist"), problems)

    def _plan(self) -> tuple[dict[str, Any] | None, Problems]:
        bullets = [bullet for bullet in self.bullets if bullet]
        if not bullets:
            return None, []
        problems = [] if len(bullets) >= 3 else [".bullets: 3 to 6 steps are needed"]
        problems += [".bullets: a step has at most 500 characters"] * any(len(each) > 500 for each in bullets)
        cost, wrong = self._dollars()
        plan = {"bullets": bullets, "estimatedCost": cost, "estimatedDuration": self.text("duration")[:100] or None}
        return {**plan, "dependencies": []}, problems + wrong

    def _dollars(self) -> tuple[float | None, Problems]:
        text = self.text("cost")
        if not text:
            return None, []
        try:
            cost = float(text)
        except ValueError:
            cost = -1.0
        if not isfinite(cost) or not 0 <= cost <= MOST_DOLLARS:
            return None, [f": the cost must be an amount of 0 to {MOST_DOLLARS} dollars"]
        return round(cost, 6), []

    def _deliverable(self) -> tuple[dict[str, Any] | None, Problems]:
        content, summary, links = self.text("content"), self.text("summary"), self.text("links").split()
        if not (content or summary or links):
            return None, []
        problems = [] if content else [": say what was made"]
        problems += [": its text has at most 200 000 characters"] * (len(content) > LONGEST["content"])
        problems += [": a summary has at most 2 000 characters"] * (len(summary) > LONGEST["summary"])
        problems += [f": at most {LINKS} links"] * (len(links) > LINKS)
        problems += [f": {link[:80]} is no http or https address" for link in links[:LINKS] if not is_web(link)]
        artifacts = [] if problems else [_artifact(link) for link in links]
        return {"content": content, "artifacts": artifacts, "summary": summary or None}, problems

    def _checklist(self, task_type: str) -> tuple[dict[str, Any] | None, Problems]:
        items = [
            {"label": row["label"], "checked": row["checked"], "note": row["note"] or None}
            | {"verifiedBy": None, "verifiedAt": None}
            for row in self.items
            if row["label"]
        ]
        if not items:
            return None, []
        long = any(len(row["label"]) > LONGEST["label"] or len(row["note"] or "") > LONGEST["note"] for row in items)
        problems = [": a line has at most 300 characters, its note 1 000"] * long
        return {"type": task_type, "items": items, "notes": self.text("notes")[:5_000] or None}, problems


def is_web(address: str) -> bool:
    """Nothing else is ever made a link."""
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and len(address) <= 2_048
    except ValueError:
        return False


def _artifact(link: str) -> dict[str, Any]:
    parts = urlsplit(link)
    last = unquote(parts.path.rstrip("/").rpartition("/")[2]).replace("/", "-").replace("\\", "-")
    name = "".join(letter for letter in last if letter.isprintable())[:255]
    kind = {"type": "DELIVERABLE", "content": None, "mimeType": None}
    return {"name": name if name not in ("", ".", "..") else (parts.hostname or "link")[:255], "url": link, **kind}
