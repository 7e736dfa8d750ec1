"""The play: which tasks there are, who does them, what they cost, and what the agents would like to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .agents.hands import Action, Work

MODEL = "claude-sonnet-4-5"
ALLOWED = Action("git add .")
FORBIDDEN = Action("rm -rf /tmp/test")


@dataclass(frozen=True, slots=True)
class Bill:
    """What one run takes."""

    dollars: float
    read: int
    written: int


@dataclass(frozen=True, slots=True)
class Part:
    """One task, and how its agent goes about it. `risky` is what it must ask leave for, `instead` what it does when
    it is told no; an `overdraft` is a run that its budget does not cover."""

    title: str
    type: str
    bullets: Sequence[str]
    work: Work
    bills: Sequence[Bill]
    mentions: str = ""
    estimate: float = 1.0
    risky: Action | None = None
    instead: str = ""
    overdraft: Bill | None = None


LAUNCH = Part(
    title="Write the launch post",
    type="CONTENT",
    bullets=("Read the brief", "Draft the post", "Check every figure", "Push it to the site"),
    work=Work("# It is here\n\nFour ways in, one board.", "A short post", "CONTENT"),
    bills=(Bill(0.412337, 18_204, 2_911), Bill(0.000001, 12, 3)),
    mentions="parker",
    risky=Action("git push origin main", "Push the launch post to main", "The post goes live from the main branch"),
)
MIGRATION = Part(
    title="Move the index to the new disk",
    type="ENGINEERING",
    bullets=("Measure the old disk", "Copy the index", "Switch over"),
    work=Work("The index is copied and switched over; the old disk is untouched.", "Moved by copy", "ENGINEERING"),
    bills=(Bill(0.299999, 40_118, 1_007), Bill(0.070707, 9_000, 800)),
    mentions="casey",
    risky=Action("git push --force origin main", "Force the index settings onto main", "The branch has diverged"),
    instead="Then by a copy beside it: slower, and nothing is forced.",
)
CLEAN_UP = Part(
    title="Clear out the stale snapshots",
    type="OPS",
    bullets=("List the snapshots", "Ask their owners", "Delete what nobody wants"),
    work=Work("Forty snapshots are gone, six stay.", "Forty are gone", "OPS"),
    bills=(Bill(0.333333, 22_000, 1_500),),
    mentions="robin",
    overdraft=Bill(0.750001, 51_002, 4_004),
)
SOCIAL = Part(
    title="Answer the comments on the launch",
    type="SOCIAL",
    bullets=("Read them all", "Sort by tone", "Answer the first ten"),
    work=Work("Ten answers, all friendly.", "Ten answers", "SOCIAL"),
    bills=(Bill(0.015151, 3_000, 900),),
)
CONTESTED = Part(
    title="Name the release",
    type="DOCS",
    bullets=("Collect names", "Strike out the taken ones", "Choose"),
    work=Work("Its name is Switchboard.", "Switchboard", "DOCS"),
    bills=(Bill(0.004242, 800, 90),),
)
FOR_LEGACY = "Port the nightly backup script"
LONG_OVERDUE = "2000-01-01T00:00:00Z"
# Below what CLEAN_UP takes: the last cent is one too many.
CASEYS_BUDGET = 1.00
REVISION = "Name the date in the first line, please."
NO = "Never force a push to main."
YES = "Go ahead, the page is reviewed."
