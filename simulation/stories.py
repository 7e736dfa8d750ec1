"""What the pretend fleet works on: believable tasks, remarks and failures."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import Any

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Area:
    """One product the fleet looks after, and the words its work is described with."""

    project: str
    prefix: str
    color: str
    repo: str
    parts: tuple[str, ...]
    tags: tuple[str, ...]


AREAS = (
    Area("Checkout", "CHK", "#2f7d6d", "shop/checkout", (
        "cart total", "coupon form", "address lookup", "card payment retry", "refund job", "tax rounding",
        "order confirmation mail", "guest checkout",
    ), ("payments", "frontend", "conversion")),
    Area("Search", "SRCH", "#4660b5", "shop/search", (
        "typo tolerance", "facet counts", "index rebuild", "synonym list", "ranking of new items", "query log",
        "autocomplete", "empty-result page",
    ), ("search", "relevance", "backend")),
    Area("Mobile App", "APP", "#a0522d", "apps/mobile", (
        "push registration", "offline cache", "login screen", "deep links", "image upload", "crash reporter",
        "settings sync", "dark theme",
    ), ("mobile", "ux", "release")),
    Area("Data Platform", "DATA", "#7a4fa3", "data/platform", (
        "nightly import", "customer dimension", "late events", "schema registry", "retention job", "backfill of March",
        "currency table", "quality report",
    ), ("data", "pipeline", "sql")),
    Area("Infrastructure", "OPS", "#b0722a", "ops/infra", (
        "certificate renewal", "staging cluster", "backup restore drill", "log shipping", "alert for disk space",
        "build cache", "container base image", "DNS failover",
    ), ("infra", "reliability", "security")),
)  # fmt: skip

WORK = (
    ("Fix {part} for {who}", "bug"),
    ("{part}: handle {edge}", "bug"),
    ("Write tests for {part}", "tests"),
    ("Speed up {part}", "performance"),
    ("Document how {part} works", "docs"),
    ("Move {part} to the new API", "refactoring"),
    ("Investigate why {part} fails with {edge}", "investigation"),
    ("Add metrics to {part}", "observability"),
    ("Remove the old {part} code path", "cleanup"),
    ("Review accessibility of {part}", "accessibility"),
    ("Estimate what it takes to rebuild {part}", "planning"),
)
WHO = ("accounts without an e-mail", "new customers in Brazil", "people on slow networks", "orders over 10,000",
       "users with two devices", "right-to-left languages", "imported accounts")  # fmt: skip
EDGES = ("an empty answer", "duplicate rows", "a timeout upstream", "daylight saving time", "very long names",
         "a missing permission", "two requests at once", "an expired token")  # fmt: skip
CONTEXT = (
    "Seen {n} times since yesterday.",
    "Support has {n} open tickets about it.",
    "It blocks the release on Thursday.",
    "Not urgent, but it comes back every month.",
    "The last change here was {n} weeks ago.",
    "A customer with {n} seats waits for this.",
)
WANTED = (
    "Done when a test reproduces it and passes.",
    "Keep the public interface as it is.",
    "Please note in a comment what you find before changing anything.",
    "A short write-up is enough; no code yet.",
    "Small steps: one change per commit.",
    "Measure before and after, and put the numbers into the resolution.",
)
PLANS = (
    "Reading `{repo}` first; I expect the cause in {part}.",
    "Plan: reproduce, write a failing test, fix, measure.",
    "I found {n} places that touch {part}. Starting with the smallest.",
    "Reproduced with {edge}. Looking for the cause now.",
)
FINDINGS = (
    "The cause is {edge}: nothing handled it. Fixed, {n} tests added.",
    "{part} did the same query {n} times; it does it once now.",
    "Replaced by the shared helper; {n} lines fewer.",
    "All {n} cases pass locally. Ready for review.",
    "Written up with {n} measurements. The short version: worth doing.",
)
FAILURES = (
    "The build of `{repo}` fails before my change; {n} tests are red on main.",
    "No access to the staging data of {part}.",
    "Gave up after {n} attempts: {edge} cannot be reproduced.",
    "The context window ran out while reading {part}.",
)
PRAISE = (
    "Reads well and the tests cover it.",
    "Checked against the description: complete.",
    "Small and clear. Approved.",
)
REJECTIONS = (
    "The case of {edge} has no test yet.",
    "The description asks for numbers; I see none.",
    "This changes the public interface of {part}.",
)
NUDGES = ("@{agent} how is it going?", "@{agent} {edge} happened again just now, please include it.",
          "@{agent} this one first, please.", "Thank you @{agent}, one question: what about {edge}?")  # fmt: skip


@dataclass(slots=True)
class Storyteller:
    rng: random.Random
    projects: dict[str, int] = field(default_factory=dict)

    def task(self, agents: list[str]) -> dict[str, Any]:
        """The body of POST /api/tasks. Some tasks name their agent, some only mention one."""
        area, (pattern, kind) = self.rng.choice(AREAS), self.rng.choice(WORK)
        title = self.fill(pattern, area)
        fields: dict[str, Any] = {
            "title": title[0].upper() + title[1:],
            "description": self.description(area, agents),
            "priority": self.rng.choices(("low", "medium", "high", "critical"), (25, 45, 22, 8))[0],
            "tags": [kind, *self.rng.sample(area.tags, self.rng.randint(1, 2))],
            "metadata": {"implementation_repo": area.repo},
        }
        if area.project in self.projects:
            fields["project_id"] = self.projects[area.project]
        return fields | self.extras(agents)

    def description(self, area: Area, agents: list[str]) -> str:
        parts = [self.fill(self.rng.choice(CONTEXT), area), self.rng.choice(WANTED)]
        if agents and self.rng.random() < 0.1:
            parts.append(f"@{self.rng.choice(agents)} knows this part.")
        return " ".join(parts)

    def extras(self, agents: list[str]) -> dict[str, Any]:
        extras: dict[str, Any] = {}
        if agents and self.rng.random() < 0.25:
            extras["assigned_to"] = self.rng.choice(agents)
        if self.rng.random() < 0.4:
            extras["due_date"] = int(time.time()) + self.rng.randint(1, 14) * DAY
        if self.rng.random() < 0.5:
            extras["estimated_hours"] = self.rng.choice((0.5, 1, 2, 4, 8))
        return extras

    def say(self, lines: tuple[str, ...], **names: str) -> str:
        return self.fill(self.rng.choice(lines), self.rng.choice(AREAS), **names)

    def fill(self, pattern: str, area: Area, **names: str) -> str:
        words = {
            "part": self.rng.choice(area.parts),
            "repo": area.repo,
            "who": self.rng.choice(WHO),
            "edge": self.rng.choice(EDGES),
            "n": str(self.rng.randint(2, 40)),
        }
        return pattern.format(**(words | names))
