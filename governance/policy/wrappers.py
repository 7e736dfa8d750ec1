"""Commands that run other commands: what they would run."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile, islice

from .words import names

SHELLS = names("sh bash zsh dash ksh mksh ash rbash fish csh tcsh yash hush nu xonsh elvish pwsh powershell")
_CODE = names("python python2 python3 perl ruby node nodejs deno bun php lua awk gawk mawk nawk sed tclsh osascript")
_EVALUATING = names("eval trap watch parallel su script ssh runuser flock tmux screen at batch make vim vi ex")
# More commands within one than anybody needs: what is beyond is never vouched for.
MOST_LAYERS = 32
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=")
_QUOTED = re.compile(
    r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|`([^`]*)`|/([^/]*)/e"
    r"|(?:\bq[qwx]?|%[qwxQW])\s*[({\[<|/!]([^)}\]>|/!]{0,500})[)}\]>|/!]",
    re.DOTALL,
)
_RUN_BY_SED = re.compile(r"(?:^|[\d;{}$/!])e\s+([^;}\n]+)")
# Commands that take another one somewhere among their words: at once, or after these.
_TAKERS = {
    name: frozenset(filter(None, after.split(",")))
    for commands, after in (
        ("unshare nsenter setpriv systemd-run prlimit chrt numactl fakeroot fakechroot dbus-run-session xvfb-run", ""),
        ("pkexec run0 sg caffeinate cpulimit entr valgrind proot npx bunx gdb screen wsl cmd ld.so", ""),
        ("docker podman nerdctl", "run,exec"),
        ("kubectl oc", "run,exec,debug,--"),
        ("uv poetry pipenv pdm hatch rye conda mamba", "run"),
        ("npm pnpm yarn bundle direnv", "exec,x,dlx"),
        ("nix", "run,-c,--command"),
        ("fd fdfind", "-x,-X,--exec,--exec-batch"),
        ("cmake", "-E"),
        ("perf", "stat,record,trace"),
        ("git", "bisect run,submodule foreach"),
    )
    for name in commands.split()
}
# Commands that run texts among their words, and what stands before these in a word.
_TEXT_TAKERS = names(
    "git tar rsync scp sftp ssh zip gdb lldb vim nvim vi ex ed emacs less man nix-shell npm make"
    " expect sg screen tmux docker kubectl"
)
_SPOKEN = names("commit tag log notes merge stash show grep shortlog describe")
_LEAD = re.compile(
    r"(?:--?[\w-]{1,40}=|-o(?=[A-Z])|exec=|[A-Za-z]{1,20}::|\w{0,40}(?:Command|SHELL)[= ]|[-+:!\\(\s.*]"
    r"|(?:shell(?:-command)?|spawn|exec)\s+\W?)*"
)
_RUN_BY_OTHERS = re.compile(r"(?:\w*(?:PAGER|EDITOR|COMMAND|SSH|ASKPASS)|VISUAL|BROWSER|SHELL)\+?=(.*)", re.DOTALL)
# An option with its value in the same word.
_ATTACHED = re.compile(r"^(?:--[\w-]+=|-c(?=[^a-z-]|\w+\s))")
_SPLITTING = re.compile(r"^(?:-[A-Za-z0]*S|--split-string(?:=|$))")
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
    elif (after := _TAKERS.get("ld.so" if name.startswith(("ld-linux", "ld-musl")) else name)) is not None:
        yield from _taken(words, after)


def _found(words: Sequence[str]) -> Iterator[Sequence[str]]:
    for at, word in enumerate(words):
        if word.casefold() in ("-exec", "-execdir", "-ok", "-okdir"):
            rest = words[at + 1 :]
            end = next((i for i, each in enumerate(rest) if each in (";", "+")), len(rest))
            yield rest[:end]


def _taken(words: Sequence[str], after: frozenset[str]) -> Iterator[Sequence[str]]:
    """Where the other command begins depends on options nobody knows all of: it may be at any word."""
    starts = (at for at in range(1, len(words)) if words[at] in after or " ".join(words[at - 1 : at + 1]) in after)
    start = 0 if not after else next(starts, len(words))
    yield from (words[at:] for at in range(start + 1, len(words)) if not words[at].startswith("-"))


def _after(words: Sequence[str], wrapper: _Wrapper) -> Sequence[str]:
    options, skip, at = wrapper.options.split(), wrapper.words, 1
    while at < len(words):
        word = words[at]
        if word.startswith("-") and (word != "-" or words[0].endswith("env")):
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
        yield from (_ATTACHED.sub("", word) for word in rest)
        yield " ".join(rest)
        yield " ".join(dropwhile(lambda word: word.startswith("-"), rest))
    elif name == "env" and any(_SPLITTING.match(word) for word in rest):
        yield " ".join(_SPLITTING.sub("", word) for word in rest)
    elif _is_interpreter(name):
        yield from code_in(" ".join(rest))
        if name == "sed":
            yield from (text for word in rest for text in _RUN_BY_SED.findall(word))
    elif name in ("git", "alias"):
        yield from (word.partition("=")[2].lstrip("!") for word in rest if "=" in word)
    if name in _TEXT_TAKERS and (name != "git" or _SPOKEN.isdisjoint(rest)):
        yield from (_LEAD.sub("", word, count=1) for word in rest if " " in word)


def run_by_others(assignment: str) -> str:
    """The command in a variable that other commands run: a pager, an editor."""
    found = _RUN_BY_OTHERS.fullmatch(assignment)
    return found[1] if found else ""


def reads_code(words: Sequence[str]) -> bool:
    return _is_interpreter(name_of(words[0]))


def _is_interpreter(name: str) -> bool:
    return name in _CODE or (name[-1:].isdigit() and name.rstrip("0123456789.") in _CODE)


def runs_text(words: Sequence[str]) -> bool:
    """May it run what it reads on its standard input?"""
    name = name_of(words[0])
    return name in SHELLS or name in _EVALUATING or name == "xargs" or _is_interpreter(name)


def code_in(code: str) -> Iterator[str]:
    """The strings of a program, each and together: a call of the system takes them as either."""
    found = [next(filter(None, match), "") for match in _QUOTED.findall(code)]
    yield from found
    yield from (" ".join(found[at:]) for at in range(min(len(found), MOST_LAYERS)))


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
