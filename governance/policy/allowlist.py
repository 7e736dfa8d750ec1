"""Which command lines the allowlist vouches for: every simple command in them, with harmless options and targets."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from posixpath import normpath

from .options import is_harmless, reads_trees
from .paths import Places, is_within
from .shell import Command, parse
from .tokens import holds_homes, parts_of, path_pieces
from .types import Policy

Words = Sequence[str]
DEVICES = ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/stdin")
# Trees and files that show what a process or a person keeps to itself.
_PRIVATE_TREES = frozenset({"proc", "sys", "dev", "root", "boot", "run"})
_PRIVATE_FILES = frozenset(
    {".netrc", ".gnupg", ".kube", ".docker", ".pypirc", ".npmrc", ".git-credentials", ".bash_history", ".pgpass"}
)


def objection(command: str, policy: Policy, places: Places) -> str | None:
    """Why the allowlist does not vouch for the command; None when it does."""
    script = parse(command)
    if script.oddities:
        return f"it cannot be judged from its text ({script.oddities[0]})"
    if not script.pipelines or not command.replace("\r\n", "").replace("\n", "").replace("\t", "").isprintable():
        return "it holds no readable command"
    for pipeline in script.pipelines:
        for each in pipeline:
            if why := _objection(each, policy, places):
                return why
    return None


def _objection(command: Command, policy: Policy, places: Places) -> str | None:
    if command.assignments or not command.words or command.substitutions or command.inputs:
        return "it sets variables, feeds text or runs nothing by name"
    if not _is_vouched(command.words, policy):
        return f"{command.words[0][:60]} is not on the shell allowlist in this form"
    for operator, target in command.redirects:
        if not _may_redirect(operator, target, policy, places):
            return "it redirects outside the write list"
    targets = (target for _, target in command.redirects if target not in DEVICES)
    if any(_is_private(piece) for piece in path_pieces((*_operands(command.words), *targets))):
        return "it names a private place"
    if reads_trees(command.words) and any(map(holds_homes, path_pieces(_operands(command.words)))):
        return "it reads all that a home holds"
    return None


def _is_vouched(words: Words, policy: Policy) -> bool:
    if not any(_begins(words, entry) for entry in _entries(policy.shell_allowlist).get(words[0], ())):
        return False
    if words[0] != "find":
        return is_harmless(words, policy.network_allowlist)
    inner = [words[at + 1 :] for at, word in enumerate(words) if word in ("-exec", "-execdir")]
    ends = [next((i for i, word in enumerate(each) if word in (";", "+")), 0) for each in inner]
    return is_harmless(words, policy.network_allowlist) and all(
        end and each[0] != "find" and _is_vouched(each[:end], policy) for each, end in zip(inner, ends, strict=True)
    )


@lru_cache(maxsize=256)
def _entries(allowlist: tuple[str, ...]) -> dict[str, list[tuple[str, ...]]]:
    entries: dict[str, list[tuple[str, ...]]] = {}
    for words in filter(None, map(str.split, allowlist)):
        entries.setdefault(words[0], []).append(tuple(words))
    return entries


def _begins(words: Words, entry: tuple[str, ...]) -> bool:
    return len(words) >= len(entry) and all(_same(word, want) for word, want in zip(words, entry, strict=False))


def _same(word: str, wanted: str) -> bool:
    if word == wanted:
        return True
    return "*" in wanted and word.isascii() and fnmatchcase(normpath(word), wanted) and ".." not in word


def _operands(words: Words) -> list[str]:
    return [word for word in words[1:] if word not in DEVICES]


def _may_redirect(operator: str, target: str, policy: Policy, places: Places) -> bool:
    if operator == "<":
        return True
    if operator in (">&", "<&") and (target.isdigit() or target == "-"):
        return True
    if operator.startswith("<"):
        return False
    return target in DEVICES or is_within(target, policy.file_write_paths, places)


def _is_private(piece: str) -> bool:
    parts = parts_of(piece)
    if piece.startswith("/") and (not parts or parts[0] in _PRIVATE_TREES or any(char in parts[0] for char in "*?[")):
        return True
    return any(part in _PRIVATE_FILES for part in parts)
