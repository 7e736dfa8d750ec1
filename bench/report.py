"""One table for people, one file for programs."""

from __future__ import annotations

import json
import math
import platform
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.figures import Figure

GREEN, RED = "green", "red"


def show(figures: list[Figure], limit: float, title: str) -> None:
    table = Table("work", title=title, title_justify="left", box=None, header_style="bright_black", pad_edge=False)
    for column in ("figure", "share of the limit", "goal", ""):
        table.add_column(column, justify="right")
    table.add_column("note", overflow="fold")
    for figure in figures:
        table.add_row(
            figure.work,
            number(figure),
            figure.share_of(limit),
            goal(figure),
            verdict(figure, limit),
            figure.fault or figure.note,
        )
    console = Console(highlight=False)
    # Off a terminal the width would be 80, which folds every line of the table.
    Console(highlight=False, width=console.width if console.is_terminal else 160).print(table)


def number(figure: Figure) -> str:
    if math.isnan(figure.value):
        return "–"
    digits = 0 if figure.value >= 100 else 1
    return f"{figure.value:,.{digits}f} {figure.unit}"


def goal(figure: Figure) -> str:
    if figure.goal is None:
        return ""
    return f"{'≤' if figure.goal.at_most else '≥'} {figure.goal.value:,g}"


def verdict(figure: Figure, limit: float) -> Text:
    if figure.fault:
        return Text("does not count", style=RED)
    if figure.goal is None:
        return Text("")
    if figure.good:
        return Text("ok", style=GREEN)
    return Text("ok for this machine", style=GREEN) if figure.good_on(limit) else Text("missed", style=RED)


def write(path: Path, tables: dict[str, list[Figure]], limit: float) -> None:
    content = {
        "machine": {"python": platform.python_version(), "system": platform.platform()},
        "limit_per_s": round(limit, 1),
        "figures": {
            name: [
                asdict(figure) | {"good": figure.good_on(limit), "share": figure.share_of(limit)} for figure in figures
            ]
            for name, figures in tables.items()
        },
    }
    path.write_text(json.dumps(content, indent=2) + "\n")
