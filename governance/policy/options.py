"""Options by which a harmless command writes a file, runs a program or leaves for another host."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from .hosts import is_allowed
from .words import names

Words = Sequence[str]
_CURL_FLAGS = frozenset("sSfiIvgGN46#")
_CURL_VALUES = frozenset("XHdAmwo")
_CURL_LONG_FLAGS = names(
    "--silent --show-error --fail --include --head --verbose --compressed --get --globoff --no-buffer --ipv4 --ipv6"
    " --http1.1 --http2 --no-progress-meter --fail-with-body"
)
_CURL_LONG_VALUES = names(
    "--max-time --connect-timeout --retry --request --user-agent --url --header --data --data-raw --data-urlencode"
    " --json --write-out --output"
)
_FIND = frozenset({"-delete", "-fprint", "-fprint0", "-fprintf", "-fls", "-ok", "-okdir", "-files0-from"})
_NPM = frozenset({"--silent", "-s", "--if-present", "--workspaces", "-ws", "--verbose"})


def is_harmless(words: Words, allowlist: tuple[str, ...]) -> bool:
    name = words[0]
    if name == "curl":
        return _curl(words[1:], allowlist)
    check = _CHECKS.get(name)
    return check is None or check(words[1:])


def reads_trees(words: Words) -> bool:
    """Does it read every file below a directory?"""
    if words[0] == "grep":
        long = ("--recursive", "--dereference-recursive")
        return any(
            re.match(r"-(?!-)\w*[rR]", word)
            or any(_abbreviates(word, each) for each in long)
            or word.endswith("recurse")
            for word in words[1:]
        )
    return not {"-exec", "-execdir", "--no-index"}.isdisjoint(words)


def _abbreviates(word: str, option: str) -> bool:
    return len(word) > 2 and option.startswith(word.partition("=")[0])


def _find(words: Words) -> bool:
    return not any(word in _FIND for word in words)


def _sort(words: Words) -> bool:
    for word in words:
        if word.startswith("--"):
            if any(_abbreviates(word, each) for each in ("--output", "--compress-program", "--files0-from")):
                return False
        elif word.startswith("-") and "o" in word:
            return False
    return True


def _uniq(words: Words) -> bool:
    """A second operand would be the file to write; "-" is one as well, and so is all that follows "--"."""
    end = words.index("--") if "--" in words else len(words)
    own = [word for before, word in zip(("", *words), words[:end], strict=False) if before not in ("-f", "-s", "-w")]
    return sum(word == "-" or not word.startswith("-") for word in own) + len(words[end + 1 :]) <= 1


def _date(words: Words) -> bool:
    return not any(
        _abbreviates(word, "--set") if word.startswith("--") else word.startswith("-") and "s" in word for word in words
    )


def _git(words: Words) -> bool:
    risky = ("--output", "--ext-diff", "--textconv", "--upload-pack", "--exec")
    return not any(word.startswith("--") and any(_abbreviates(word, each) for each in risky) for word in words)


def _npm(words: Words) -> bool:
    own = words[: words.index("--")] if "--" in words else words
    return all(word in _NPM for word in own if word.startswith("-"))


def _grep(words: Words) -> bool:
    return not any(word.startswith("--") and _abbreviates(word, "--decompress-program") for word in words)


def _jq(words: Words) -> bool:
    """Its programs may read the environment: those in its words, and those that it takes from files."""
    if any(_abbreviates(word, "--from-file") or re.match(r"-(?!-)\w*[fL]", word) for word in words):
        return False
    return not any(re.search(r"(?<![\w.])(?:\$ENV|env|\$__prog_args|include|import)(?!\w)", word) for word in words)


_CHECKS: dict[str, Callable[[Words], bool]] = {
    "find": _find,
    "sort": _sort,
    "uniq": _uniq,
    "date": _date,
    "git": _git,
    "npm": _npm,
    "grep": _grep,
    "jq": _jq,
}


def _curl(words: Words, allowlist: tuple[str, ...]) -> bool:
    """Only options that are known, none that follows a redirection, and every address allowed."""
    addresses = 0
    for option, value in _curl_options(iter(words)):
        if option in ("", "--url"):
            addresses += 1
            if not is_allowed(value, allowlist):
                return False
        elif not _is_harmless_value(option, value):
            return False
    return addresses > 0


def _is_harmless_value(option: str, value: str) -> bool:
    if option == "?":
        return False
    if option in ("o", "--output"):
        return value in ("/dev/null", "-")
    if option in ("w", "--write-out"):
        return "%output" not in value and not value.startswith("@")
    return not value.startswith("@") and not (option == "--data-urlencode" and "@" in value)


def _curl_options(words: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Each option with its value; addresses as "", what is not known as "?"."""
    for word in words:
        if word.startswith("--"):
            if word in _CURL_LONG_FLAGS:
                continue
            yield (word, next(words, "")) if word in _CURL_LONG_VALUES else ("?", word)
        elif word.startswith("-") and len(word) > 1:
            yield from _curl_letters(word[1:], words)
        else:
            yield "", word


def _curl_letters(letters: str, words: Iterator[str]) -> Iterator[tuple[str, str]]:
    for at, letter in enumerate(letters):
        if letter in _CURL_VALUES:
            yield letter, letters[at + 1 :] or next(words, "")
            return
        if letter not in _CURL_FLAGS:
            yield "?", letter
            return
