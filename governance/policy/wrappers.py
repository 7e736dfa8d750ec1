"""Commands that run other commands: what they would run."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from .words import names

SHELLS = names("sh bash zsh dash ksh mksh ash rbash fish csh tcsh pwsh")
_CODE = names("python python2 python3 perl ruby node nodejs deno php lua awk gawk mawk nawk sed tclsh osascript")
_EVALUATING = names("eval trap watch parallel su script ssh runuser flock tmux screen at batch make vim vi ex")
# More commands within one than anybody needs: what is beyond is never vouched for.
MOST_LAYERS = 32
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|`([^`]*)`|/([^/]*)/e", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){4,}")


@dataclass(frozen=True, slots=True)
class _Wrapper:
    """Options that take the next word, and how many words stand before the command."""

    options: str = ""
    words: int = 0


_WRAPPERS = {
    "sudo": _Wrapper("-u -g -h -p -C -T -D -R -r -t -U --user --group --host --prompt --chdir --chroot"),
    "doas": _Wrapper("-u -C"),
    "env": _Wrapper("-u -C -S --unset --chdir"),
    "nice": _Wrapper("-n --adjustment"),
    "ionice": _Wrapper("-c -n -p --class --classdata"),
    "timeout": _Wrapper("-s -k --signal --kill-after", 1),
    "stdbuf": _Wrapper("-i -o -e --input --output --error"),
    "xargs": _Wrapper("-I -n -P -d -L -E -s -a --max-args --max-procs --delimiter --max-lines --arg-file --replace"),
    "parallel": _Wrapper("-j -I -n --jobs"),
    "time": _Wrapper("-f -o"),
    "strace": _Wrapper("-e -o -p -s"),
    "watch": _Wrapper("-n --interval"),
    "chroot": _Wrapper("", 1),
    "ssh": _Wrapper("-i -l -p -o -F -J -L -R -D -b -c -E -m -S -W -w", 1),
    "flock": _Wrapper("-w -E --timeout", 1),
    "exec": _Wrapper("-a"),
    "taskset": _Wrapper("", 1),
    "su": _Wrapper("-s -g -G --shell --group", 0),
    "runuser": _Wrapper("-u -g -G -s", 0),
    **dict.fromkeys(
        ("nohup", "setsid", "command", "builtin", "busybox", "toybox", "unbuffer", "catchsegv", "ltrace", "coproc"),
        _Wrapper(),
    ),
}


def is_assignment(word: str) -> bool:
    return _ASSIGNMENT.match(word) is not None


def name_of(word: str) -> str:
    """The command that a word calls, wherever it is installed."""
    return word.rsplit("/", 1)[-1].casefold()


def layers(words: Sequence[str]) -> Iterator[Sequence[str]]:
    """The command, then those that it wraps: `nohup env A=1 find . -exec rm x ;` is four."""
    waiting = [words]
    seen = 0
    while waiting and seen < MOST_LAYERS:
        current = waiting.pop(0)
        seen += 1
        if current:
            yield current
            waiting.extend(islice(_wrapped(current), MOST_LAYERS))


def _wrapped(words: Sequence[str]) -> Iterator[Sequence[str]]:
    name = name_of(words[0])
    if name == "find":
        yield from _found(words)
    elif "{" in words:
        # The body of a function.
        yield words[words.index("{") + 1 :]
    elif wrapper := _WRAPPERS.get(name):
        yield _after(words, wrapper)


def _found(words: Sequence[str]) -> Iterator[Sequence[str]]:
    for at, word in enumerate(words):
        if word.casefold() in ("-exec", "-execdir", "-ok", "-okdir"):
            rest = words[at + 1 :]
            end = next((i for i, each in enumerate(rest) if each in (";", "+")), len(rest))
            yield rest[:end]


def _after(words: Sequence[str], wrapper: _Wrapper) -> Sequence[str]:
    options, skip, at = wrapper.options.split(), wrapper.words, 1
    while at < len(words):
        word = words[at]
        if word.startswith("-") and word != "-":
            at += 2 if word in options else 1
        elif is_assignment(word):
            at += 1
        elif skip:
            skip -= 1
            at += 1
        else:
            break
    return words[at:]


def scripts_in(words: Sequence[str]) -> Iterator[str]:
    """The texts among a command's words that it would read as scripts."""
    name = name_of(words[0])
    rest = words[1:]
    if name in SHELLS or name in _EVALUATING:
        yield from (word for word in rest if not word.startswith("-"))
        yield " ".join(rest)
    elif name == "env" and any(word.startswith(("-S", "--split-string")) for word in rest):
        yield " ".join(word.removeprefix("--split-string=").removeprefix("-S") for word in rest)
    elif _is_interpreter(name):
        yield from _quoted_in(" ".join(rest))
    elif name in ("git", "alias"):
        yield from (word.partition("=")[2].lstrip("!") for word in rest if "=" in word)


def _is_interpreter(name: str) -> bool:
    return name in _CODE or (name[-1:].isdigit() and name.rstrip("0123456789.") in _CODE)


def runs_text(words: Sequence[str]) -> bool:
    """May it run what it reads on its standard input?"""
    name = name_of(words[0])
    return name in SHELLS or name in _EVALUATING or name == "xargs" or _is_interpreter(name)


def _quoted_in(code: str) -> Iterator[str]:
    """The strings of a program, each and together: a call of the system takes them as either."""
    found = [next(filter(None, match), "") for match in _QUOTED.findall(code)]
    yield from found
    yield " ".join(found)


def decoded(text: str) -> Iterator[str]:
    """What the encoded runs in a text may stand for."""
    for run in _HEX.findall(text):
        yield bytes.fromhex(run).decode("latin-1")
    for run in _BASE64.findall(text):
        plain = run.rstrip("=").replace("-", "+").replace("_", "/")
        if len(plain) % 4 != 1:
            decoded_run = b64decode(plain + "=" * (-len(plain) % 4))
            if decoded_run.isascii():
                yield decoded_run.decode("ascii")
