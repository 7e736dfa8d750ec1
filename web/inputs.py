"""Inputs of tools as people read them: the command, the path, what an edit takes out and puts in, and the rest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

COMMANDS = ("command", "cmd", "script", "code")
PLACES = ("file_path", "path", "notebook_path", "file", "filename", "url", "uri", "cwd", "pattern", "query")
# What an edit takes out, and what it puts in its place.
PAIRS = (("old_string", "new_string"), ("old_str", "new_str"), ("old_source", "new_source"), ("old", "new"))
WRITTEN = ("content", "file_text", "new_source", "text", "body")
LONGEST_LINE = 400
MOST_LINES = 40
# Lines around a change that stay in sight.
AROUND = 2


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a text; `sign` says whether it comes, goes or stays."""

    text: str
    sign: str = " "


@dataclass(frozen=True, slots=True)
class Part:
    """`kind` says how it looks: command, place, change, written or rest."""

    name: str
    kind: str
    rows: tuple[Row, ...]
    left_out: int = 0

    @property
    def text(self) -> str:
        return "\n".join(row.text for row in self.rows)


def parts_of(input: dict[str, Any]) -> list[Part]:
    """In the order in which one wants to know."""
    left = dict(input)
    found = [_cut(name, "command", _lines(left.pop(name))) for name in COMMANDS if _is_text(left.get(name))]
    found += [_cut(name, "place", _lines(left.pop(name))) for name in PLACES if _is_text(left.get(name))]
    found += list(_changes(left))
    for name in WRITTEN:
        if _is_text(left.get(name)):
            found.append(_cut(name, "written", [Row(row.text, "+") for row in _lines(left.pop(name))]))
    plain = [name for name, value in left.items() if _is_plain(value)]
    found += [_cut(name, "place", [Row(str(left.pop(name)))]) for name in plain]
    if left:
        rest = json.dumps(left, indent=2, ensure_ascii=False)
        found.append(_cut("also" if found else "input", "rest", _lines(rest)))
    return found


def summary_of(input: dict[str, Any]) -> str:
    """One line of it: what the tool is used on."""
    for name in (*COMMANDS, *PLACES, *WRITTEN):
        if _is_text(input.get(name)):
            return str(input[name]).strip().splitlines()[0][:LONGEST_LINE]
    return ", ".join(input)[:LONGEST_LINE]


def _changes(left: dict[str, Any]) -> Iterator[Part]:
    """Takes them out of what is left."""
    for old, new in PAIRS:
        if isinstance(left.get(old), str) and isinstance(left.get(new), str):
            yield _cut("change", "change", _difference(left.pop(old), left.pop(new)))
    edits = left.get("edits")
    if not isinstance(edits, list) or not all(isinstance(each, dict) for each in edits):
        return
    pairs = [next(((one[old], one[new]) for old, new in PAIRS if _is_pair(one, old, new)), None) for one in edits]
    if pairs and all(pairs):
        left.pop("edits")
        for place, pair in enumerate(filter(None, pairs), start=1):
            yield _cut(f"change {place}", "change", _difference(*pair))


def _is_pair(one: dict[str, Any], old: str, new: str) -> bool:
    return isinstance(one.get(old), str) and isinstance(one.get(new), str)


def _difference(old: str, new: str) -> list[Row]:
    was, now = old.split("\n"), new.split("\n")
    if len(was) + len(now) > 20 * MOST_LINES:
        # Comparing goes with the square of the lines.
        return [*(Row(line, "-") for line in was), *(Row(line, "+") for line in now)]
    rows: list[Row] = []
    for kind, a, b, c, d in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if kind == "equal":
            rows += _around(was[a:b], is_first=a == 0, is_last=b == len(was))
            continue
        rows += [Row(line, "-") for line in was[a:b]] + [Row(line, "+") for line in now[c:d]]
    return rows


def _around(same: list[str], *, is_first: bool, is_last: bool) -> Iterable[Row]:
    head, tail = (0 if is_first else AROUND), (0 if is_last else AROUND)
    if len(same) <= head + tail + 1:
        return [Row(line) for line in same]
    cut = Row(f"{len(same) - head - tail} lines stay", "…")
    return [*(Row(line) for line in same[:head]), cut, *(Row(line) for line in same[len(same) - tail :])]


def _cut(name: str, kind: str, rows: list[Row]) -> Part:
    kept = [Row(_short(row.text), row.sign) for row in rows[:MOST_LINES]]
    left_out = len(rows) - len(kept) or sum(len(row.text) > LONGEST_LINE for row in rows)
    return Part(name.replace("_", " "), kind, tuple(kept), left_out)


def _short(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"


def _lines(text: str) -> list[Row]:
    return [Row(line) for line in text.split("\n")]


def _is_plain(value: Any) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and 0 < len(value) < LONGEST_LINE // 4)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
