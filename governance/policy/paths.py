"""Where a path leads, told from its text alone: no file is looked at, so no link can change between look and use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from urllib.parse import unquote

from .lookalikes import fold
from .tokens import clean, may_be

Parts = tuple[str, ...]
_WORKSPACE = re.compile(r"\$(?:WORKSPACE|\{WORKSPACE\})(?=/|$)")
_HOME = re.compile(r"\$(?:HOME|\{HOME\})(?=/|$)")
_PERSON_HOME = re.compile(r"(?:home|users)", re.IGNORECASE)
# Whoever opens the file may put something else in its place.
_VARIABLE = re.compile(r"\$(?!(?:WORKSPACE|\{WORKSPACE\}|HOME|\{HOME\})(?:/|$))[\w{(]|(?<!^)\$[\w{(]|`")


@dataclass(frozen=True)
class Places:
    """What `$WORKSPACE` and `~` stand for."""

    workspace: str = ""
    home: str | None = None


def split(path: str, places: Places) -> Parts:
    """The components below their root `/`, `~` or `.`, parent segments kept."""
    if found := _HOME.match(path):
        path = f"~{path[found.end() :]}"
    elif found := _WORKSPACE.match(path):
        path = f"./{path[found.end() :]}"
    if path.startswith("~") and places.home and path[1:2] in ("", "/"):
        path = places.home + path[1:]
    if path.startswith("/"):
        return ("/", *_components(path))
    if path.startswith("~"):
        return ("~", *_components(path[1:])) if path[1:2] in ("", "/") else (path.split("/")[0], *_components(path)[1:])
    return (*_workspace(places), *_components(path))


def _components(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


@lru_cache(maxsize=4096)
def _workspace(places: Places) -> Parts:
    path = places.workspace
    if path.startswith(("/", "~")):
        return normal(split(path, places))
    return normal((".", *_components(path)))


def normal(parts: Parts) -> Parts:
    """Parent segments resolved; nothing is above a root."""
    if ".." not in parts:
        return parts
    result = [parts[0]]
    for part in parts[1:]:
        if part != "..":
            result.append(part)
        elif len(result) > 1 and result[-1] != "..":
            result.pop()
        elif result[0] != "/":
            result.append(part)
    return tuple(result)


def readings(path: str) -> tuple[str, ...]:
    """The path as written, and as it would be once look-alikes, encodings and foreign separators are resolved."""
    found = {path: None, (plain := fold(path)): None, plain.replace("\\", "/"): None}
    decoded = plain
    for _ in range(3):
        if "%" not in decoded:
            break
        decoded = fold(unquote(decoded)).replace("\\", "/")
        found[decoded] = None
    return tuple(found)


@dataclass(frozen=True)
class _Pattern:
    text: str
    claimed: Parts
    parts: Parts
    open_end: bool


@lru_cache(maxsize=4096)
def _patterns(patterns: tuple[str, ...], places: Places) -> tuple[_Pattern, ...]:
    return tuple(_pattern(text.strip(), places) for text in patterns if text.strip())


def _pattern(text: str, places: Places) -> _Pattern:
    open_end = text.endswith("/**")
    claimed = split(text[:-3] if open_end else text, places)
    return _Pattern(text, claimed, normal(claimed), open_end)


def _matches(parts: Parts, pattern: _Pattern, *, fold_case: bool = False) -> bool:
    wanted = pattern.parts
    if "**" in wanted:
        return _walks(parts, wanted, open_end=pattern.open_end or fold_case, fold_case=fold_case)
    if len(parts) < len(wanted) or (len(parts) > len(wanted) and not (pattern.open_end or fold_case)):
        return False
    return all(_same(part, want, fold_case=fold_case) for part, want in zip(parts, wanted, strict=False))


def _walks(parts: Parts, wanted: Parts, *, open_end: bool, fold_case: bool) -> bool:
    """Matching when any number of directories may stand within; reached[n]: the first n of the pattern are matched."""
    reached = {0}
    for part in (*parts, None):
        reached |= {at + 1 for at in reached if at < len(wanted) and wanted[at] == "**"}
        if len(wanted) in reached and (part is None or open_end):
            return True
        if part is None:
            return False
        reached = {
            at if wanted[at] == "**" else at + 1
            for at in reached
            if at < len(wanted) and (wanted[at] == "**" or _same(part, wanted[at], fold_case=fold_case))
        }
    return False


def _same(part: str, wanted: str, *, fold_case: bool) -> bool:
    if fold_case:
        part, wanted = part.casefold(), wanted.casefold()
        if may_be(part, wanted.replace("*", "")):
            return True
    return part == wanted or ("*" in wanted and fnmatchcase(part, wanted))


def is_within(path: str, patterns: tuple[str, ...], places: Places) -> bool:
    """Is it below the directories listed? These themselves are not for changing."""
    return is_listed(path, patterns, places, itself=False)


def is_listed(path: str, patterns: tuple[str, ...], places: Places, *, itself: bool = True) -> bool:
    """Is every reading of the path within one of the patterns?"""
    if path.strip() != path or not path.isprintable() or _VARIABLE.search(path):
        return False
    compiled = _patterns(patterns, places)
    ways = [normal(split(reading, places)) for reading in readings(path)]
    roots = [] if itself else [pattern for pattern in compiled if pattern.open_end]
    return all(
        any(_matches(way, pattern) for pattern in compiled) and not any(_is_root(way, root) for root in roots)
        for way in ways
    )


def _is_root(parts: Parts, pattern: _Pattern) -> bool:
    return len(parts) == len(pattern.parts) and _matches(parts, pattern)


def blocked(path: str, patterns: tuple[str, ...], places: Places) -> Iterator[str]:
    """The patterns that a reading of the path falls under, whatever its case."""
    anybody = Places(places.workspace)
    ways = [way for reading in readings(path) for way in _ways(normal(split(clean(reading), anybody)), places.home)]
    for pattern in _patterns(patterns, anybody):
        if any(_matches(way, pattern, fold_case=True) for way in ways):
            yield pattern.text


def _ways(parts: Parts, home: str | None) -> Iterator[Parts]:
    """The path from its root, and from the home that it goes through."""
    yield parts
    own = tuple(_components(home)) if home else ()
    if own and parts[0] == "/" and parts[1 : len(own) + 1] == own:
        yield ("~", *parts[len(own) + 1 :])
    if parts[0] == "/" and len(parts) > 2 and _PERSON_HOME.fullmatch(parts[1]):
        yield ("~", *parts[3:])
    elif parts[0] == "/" and parts[1:2] == ("root",):
        yield ("~", *parts[2:])
    elif parts[0].startswith("~"):
        yield ("~", *parts[1:])


def escapes(path: str, patterns: tuple[str, ...], places: Places) -> bool:
    """Does a reading of the path leave the root under which it begins?"""
    return any(_escapes(split(reading, places), patterns, places) for reading in readings(path) if ".." in reading)


def _escapes(parts: Parts, patterns: tuple[str, ...], places: Places) -> bool:
    if ".." not in parts:
        return False
    roots = [_workspace(places), ("~",), *(pattern.claimed for pattern in _patterns(patterns, places))]
    claimed = max((root for root in roots if _begins(parts, root)), key=len, default=None)
    if claimed is None:
        return False
    root = normal(parts[: len(claimed)])
    resolved = normal(parts)
    return resolved[: len(root)] != root or resolved[len(root) : len(root) + 1] == ("..",)


def _begins(parts: Parts, root: Parts) -> bool:
    return len(parts) >= len(root) and all(
        part == want or ("*" in want and part != ".." and fnmatchcase(part, want))
        for part, want in zip(parts, root, strict=False)
    )
