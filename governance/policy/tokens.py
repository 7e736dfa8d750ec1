"""The paths within the words of a command."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_BETWEEN = re.compile(r"[=:,@]")
_ATTACHED = re.compile(r"-[A-Za-z0-9]+?((?:\.\.|/|~).*)", re.DOTALL)
_SLASHES = re.compile(r"/(?:\.?/)+")
_PROCESS_ROOT = re.compile(r"^/proc/[^/]+/(?:task/[^/]+/)?root(?=/|$)")
_HOMES = re.compile(r"~[^/]*|/(?:root|(?:home|users)/[^/]+)", re.IGNORECASE)
_AROUND_HOMES = re.compile(rf"(?:{_HOMES.pattern}|/home|/users)/*", re.IGNORECASE)
# A set that holds a class of characters, which a shell knows and fnmatch does not: it counts as any character.
_CLASSES = re.compile(r"\[[^\]]{0,40}\[[:.=][^\]]{1,40}[:.=]\].{0,40}?\]")


def path_pieces(words: Iterable[str]) -> Iterator[str]:
    """What may be a path in each word: the word, its parts, what is attached to an option."""
    for word in words:
        piece = word.strip(" \t\n\"'")
        if not piece or ("/" not in piece and "~" not in piece and "." not in piece and "*" not in piece):
            continue
        if url := _URL.match(piece):
            if url[1].casefold() == "file":
                yield clean(piece[url.end() - 1 :])
            continue
        yield clean(piece)
        if attached := _ATTACHED.match(piece):
            yield clean(attached[1])
        if _BETWEEN.search(piece):
            yield from map(clean, _BETWEEN.split(piece))


def clean(piece: str) -> str:
    """The path seen through the doors that lead back to the root."""
    piece = _SLASHES.sub("/", piece.replace("\\", "/"))
    while found := _PROCESS_ROOT.match(piece):
        piece = piece[found.end() :] or "/"
    return piece.removeprefix("/private") if piece.startswith(("/private/etc", "/private/var")) else piece


def parts_of(piece: str) -> list[str]:
    parts: list[str] = []
    for part in piece.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", ".", ".."):
            parts.append(part.casefold())
    return parts


def is_under(piece: str, wanted: tuple[str, ...]) -> bool:
    return piece.startswith("/") and _begins(parts_of(piece), wanted)


def home_relative(piece: str, wanted: tuple[str, ...]) -> bool:
    """Is it there below anybody's home? A hidden directory is guarded wherever it stands."""
    parts = parts_of(piece)
    if wanted and wanted[0].startswith("."):
        return any(part.startswith(".") and _begins(parts[at:], wanted) for at, part in enumerate(parts))
    home = _HOMES.match(piece)
    return home is not None and _begins(parts_of(piece[home.end() :]), wanted)


def _begins(parts: list[str], wanted: tuple[str, ...]) -> bool:
    return len(parts) >= len(wanted) and all(may_be(part, want) for part, want in zip(parts, wanted, strict=False))


def holds_homes(piece: str) -> bool:
    """Is it somebody's home, or the directory of all homes?"""
    return _AROUND_HOMES.fullmatch(piece) is not None


def may_be(part: str, wanted: str) -> bool:
    """Is it that name, or a pattern which a shell replaces by it?"""
    if part == wanted:
        return True
    if wanted.startswith(".") and not part.startswith("."):
        return False
    return any(char in part for char in "*?[") and fnmatchcase(wanted, pattern(part))


def pattern(part: str) -> str:
    """A shell's pattern as fnmatch understands it."""
    return _CLASSES.sub("?", part).replace("[^", "[!")
