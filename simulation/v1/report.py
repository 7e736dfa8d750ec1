"""What came out of it, for people: each task in one line, and whatever the ways in do not agree on."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .audit import Audit
from .facts import Facts

SHOWN_AT_MOST = 40


def show(audit: Audit, console: Console) -> None:
    facts = audit.views["v1"]
    console.print()
    console.print(_tasks(audit, facts))
    console.print()
    console.print(_agents(audit, facts))
    console.print()
    views = [name for name in audit.views if name != "as shown"]
    words = f"{audit.shared} facts were compared between {len(views)} views: {', '.join(views)}."
    console.print(Text(words), soft_wrap=True)
    for problem in audit.problems:
        _complain(console, problem)
    for disagreement in audit.disagreements[:SHOWN_AT_MOST]:
        _complain(console, str(disagreement))
    if audit.agrees:
        console.print("[green]They agree on every one.[/]")
    else:
        console.print(f"[red]{len(audit.disagreements) + len(audit.problems)} disagreements.[/]")


def _complain(console: Console, words: str) -> None:
    console.print(Text("DISAGREES ", style="red").append(words, style="default"), soft_wrap=True)


def _tasks(audit: Audit, facts: Facts) -> Table:
    table = Table(box=None, header_style="bright_black", pad_edge=False)
    for column in ("task", "title", "by", "status"):
        # A narrow window takes from the titles alone.
        table.add_column(column, no_wrap=column != "title")
    for column in ("its runs", "in all", "moves", "said", "asked"):
        table.add_column(column, justify="right", no_wrap=True)
    for id in audit.cast.tasks:
        table.add_row(
            id,
            facts[id, "title"],
            ", ".join(facts[id, "assignees"]),
            facts[id, "status"],
            _dollars(facts[id, "cost"]),
            _dollars(audit.views.get("legacy", {}).get((id, "cost in all"))),
            *(str(len(facts[id, what])) for what in ("moves", "messages", "approvals")),
        )
    return table


def _agents(audit: Audit, facts: Facts) -> Table:
    table = Table("agent", "status", box=None, header_style="bright_black", pad_edge=False)
    for column in ("done", "spent today", "a day"):
        table.add_column(column, justify="right")
    for id in audit.cast.agents:
        sums = (_dollars(facts[id, "spent"]), _dollars(facts[id, "budget"]))
        table.add_row(id, facts[id, "status"], str(facts[id, "done"]), *sums)
    return table


def _dollars(micro: int | None) -> str:
    return "" if micro is None else f"${micro / 1_000_000:.6f}"
