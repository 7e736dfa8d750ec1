"""What no command may do, however it is written. Labels are the policy's; those known here have rules of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from .lookalikes import fold
from .shell import Pipeline, Reader
from .tokens import home_relative, is_under, path_pieces, pattern
from .words import names
from .wrappers import SHELLS, decoded, layers, name_of

Words = Sequence[str]
_DECODERS = names("base64 base32 xxd openssl basenc")


@dataclass(frozen=True)
class Rules:
    """The labels by what they look at."""

    commands: dict[str, list[tuple[str, Callable[[Words], bool]]]]
    paths: tuple[tuple[str, Callable[[str], bool]], ...]
    pipes: tuple[tuple[str, str, frozenset[str]], ...]
    order: tuple[str, ...]


def hits(command: str, blocklist: tuple[str, ...]) -> tuple[str, ...]:
    """The labels that the command breaks, in the order of the list."""
    rules = _rules(blocklist)
    reader = Reader()
    found: set[str] = set()
    for text in {command, fold(command), fold(command).replace("\r", "\n")}:
        for pipeline in reader.pipelines(text):
            found.update(_broken(pipeline, rules, reader))
    return tuple(label for label in rules.order if label in found)


def written(command: str) -> Iterator[str]:
    """The files that the command redirects into."""
    for pipeline in Reader().pipelines(command):
        for each in pipeline:
            yield from (target for operator, target in each.redirects if ">" in operator)


def _broken(pipeline: Pipeline, rules: Rules, reader: Reader) -> Iterator[str]:
    calls = [list(layers(command.words)) for command in pipeline]
    for command, inner in zip(pipeline, calls, strict=True):
        for words in inner:
            yield from (label for label, breaks in _called(rules, name_of(words[0])) if breaks(words[1:]))
        texts = (*command.words, *command.assignments, *(target for _, target in command.redirects))
        for piece in path_pieces(texts):
            yield from (label for label, breaks in rules.paths if breaks(piece))
    stages = [{name_of(words[0]) for words in inner} for inner in calls]
    for label, source, sinks in rules.pipes:
        if _is_piped(pipeline, stages, source, sinks, reader):
            yield label
    if any(stage & _DECODERS for stage in stages):
        for command in pipeline:
            for plain in decoded(" ".join((*command.words, *command.inputs))):
                for nested in reader.pipelines(plain, depth=3):
                    yield from _broken(nested, rules, reader)


def _is_piped(pipeline: Pipeline, stages: list[set[str]], source: str, sinks: frozenset[str], reader: Reader) -> bool:
    """Does the output of the one reach the other: by a pipe, or by a substitution in its words?"""
    fetched = False
    for command, stage in zip(pipeline, stages, strict=True):
        if fetched and stage & sinks:
            return True
        fetched = fetched or source in stage
        if stage & (sinks | {"eval", "source", "."}) and any(
            source in name_of(inner[0])
            for script in (*command.substitutions, *command.inputs)
            for nested in reader.pipelines(script, depth=3)
            for each in nested
            for inner in layers(each.words)
        ):
            return True
    return False


@lru_cache(maxsize=256)
def _rules(blocklist: tuple[str, ...]) -> Rules:
    commands: dict[str, list[tuple[str, Callable[[Words], bool]]]] = {}
    paths: list[tuple[str, Callable[[str], bool]]] = []
    pipes: list[tuple[str, str, frozenset[str]]] = []
    for label in blocklist:
        if "|" in label:
            source, _, sink = (part.strip().casefold() for part in label.partition("|"))
            pipes.append((label, source, SHELLS if sink in SHELLS else frozenset({sink})))
        elif label.startswith(("/", "~")):
            paths.append((label, _path_rule(label)))
        elif label == "../":
            paths.append((label, lambda piece: ".." in piece.split("/")))
        elif label.strip():
            words = label.casefold().split()
            commands.setdefault(words[0], []).append((label, _COMMANDS.get(label) or _command_rule(words[1:])))
    return Rules(commands, tuple(paths), tuple(pipes), tuple(dict.fromkeys(blocklist)))


def _path_rule(label: str) -> Callable[[str], bool]:
    parts = tuple(part.casefold() for part in label.strip("/").split("/") if part)
    if label.startswith("~"):
        return lambda piece: home_relative(piece, parts[1:])
    return lambda piece: is_under(piece, parts)


def _command_rule(wanted: list[str]) -> Callable[[Words], bool]:
    """Any other label: its further words, one after the other, among those of the command."""

    def breaks(words: Words) -> bool:
        given = [word.casefold() for word in words]
        return any(given[at : at + len(wanted)] == wanted for at in range(len(given) - len(wanted) + 1))

    return breaks


def _called(rules: Rules, name: str) -> Iterable[tuple[str, Callable[[Words], bool]]]:
    """The rules for the command; a pattern in its place calls whatever it matches."""
    if any(char in name for char in "*?[") and any(map(str.isalnum, name)):
        return [rule for known, found in rules.commands.items() if fnmatchcase(known, pattern(name)) for rule in found]
    return rules.commands.get("mkfs" if name.startswith("mkfs.") else name, ())


def _removes_by_force(words: Words) -> bool:
    options = [word.casefold() for word in words if word.startswith("-")]
    letters = "".join(option[1:] for option in options if not option.startswith("--"))
    recursive = "r" in letters or any("--recursive".startswith(each) for each in options if len(each) > 2)
    forced = "f" in letters or any("--force".startswith(each) for each in options if len(each) > 2)
    return recursive and forced


def _opens_to_all(words: Words) -> bool:
    return any(map(_is_open_mode, words))


def _is_open_mode(word: str) -> bool:
    if word.lstrip("0=+-").isdigit():
        return word.endswith("777")
    grants: set[str] = set()
    for clause in word.casefold().split(","):
        who, sign, rights = re.split(r"([+=])", clause, maxsplit=1) if re.search(r"[+=]", clause) else ("", "", "")
        if sign and (not who.strip("ugoa")) and {"r", "w", "x"} <= set(rights):
            grants |= set(who or "a")
    return "a" in grants or {"u", "g", "o"} <= grants


_COMMANDS: dict[str, Callable[[Words], bool]] = {
    "rm -rf": _removes_by_force,
    "chmod 777": _opens_to_all,
}
