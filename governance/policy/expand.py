"""What a shell makes of braces, variables and escapes within a word, as far as the text alone tells."""

from __future__ import annotations

import re
from dataclasses import dataclass

SPLIT = re.compile(r"[ \t\n]+")
# Unquoted, these have a meaning of their own: they travel as private characters until the word is complete.
WILD = {"{": "\ue000", ",": "\ue001", "}": "\ue002", "*": "*", "?": "?", "[": "["}
_OPEN, _COMMA, _CLOSE = WILD["{"], WILD[","], WILD["}"]
_PLAIN = str.maketrans({_OPEN: "{", _COMMA: ",", _CLOSE: "}"})
PRIVATE = re.compile("[\ue000-\ue002]")
MOST_WORDS = 64
_INNERMOST = re.compile(f"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")
_RANGE = re.compile(r"(-?\d{1,6}|[A-Za-z])\.\.(-?\d{1,6}|[A-Za-z])(?:\.\.-?\d{1,6})?")
_NAME = re.compile(r"[A-Za-z_]\w*|[0-9@*#?$!-]")
_DEFAULTED = re.compile(r"([A-Za-z_]\w*|[0-9@*#?$!-])(:?[-=+?])(.*)", re.DOTALL)
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,8}|[0-7]{1,3}|c.|.)", re.DOTALL)
_LETTERS = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def braces(text: str) -> tuple[list[str], bool]:
    """The words that a word with braces stands for, and whether these are all."""
    if text.isascii():
        return [text], True
    if _OPEN not in text:
        return [text.translate(_PLAIN)], True
    done: list[str] = []
    waiting = [text]
    while waiting:
        if len(done) + len(waiting) > MOST_WORDS:
            return [each.translate(_PLAIN) for each in (*done, *waiting)], False
        current = waiting.pop(0)
        found = _INNERMOST.search(current)
        if found is None:
            done.append(current.translate(_PLAIN))
            continue
        before, after = current[: found.start()], current[found.end() :]
        waiting[:0] = [f"{before}{choice}{after}" for choice in _choices(found[1])]
    return done, True


def _choices(inner: str) -> list[str]:
    if _COMMA in inner:
        return inner.split(_COMMA)
    if span := _RANGE.fullmatch(inner):
        low, high = span[1], span[2]
        if low.isalpha() and high.isalpha():
            first, last = sorted((ord(low), ord(high)))
            return [chr(code) for code in range(first, last + 1)]
        if not low.isalpha() and not high.isalpha():
            first, last = sorted((int(low), int(high)))
            return [str(number) for number in range(first, min(last, first + MOST_WORDS) + 1)]
    return [f"{{{inner}}}"]


def ansi_c(text: str) -> str:
    """The text between $' and '."""
    return _ESCAPE.sub(lambda found: _unescaped(found[1]), text)


def _unescaped(code: str) -> str:
    if code[0] in "xuU" and len(code) > 1:
        number = int(code[1:], 16)
        return chr(number) if number <= 0x10FFFF else ""
    if code[0] in "01234567":
        return chr(int(code, 8) & 0xFF)
    if code[0] == "c" and len(code) > 1:
        return chr(ord(code[1]) & 0x1F)
    return _LETTERS.get(code, code)


def closing(text: str, opening: int) -> int:
    """Where the bracket that opens there is closed, quotes minded; -1 if nowhere."""
    start = text[opening]
    end = ")" if start == "(" else "}"
    depth, at, quote = 0, opening, ""
    while at < len(text):
        char = text[at]
        if char == "\\" and quote != "'":
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == start:
            depth += 1
        elif char == end:
            depth -= 1
            if not depth:
                return at
        at += 1
    return -1


@dataclass(slots=True)
class Variable:
    value: str
    end: int
    oddity: str = ""
    scripts: tuple[str, ...] = ()


def variable(text: str, at: int, known: dict[str, str]) -> Variable:
    """The value of the variable whose dollar sign stands there; what is not known counts as empty, and as odd."""
    if text[at + 1 : at + 2] != "{":
        found = _NAME.match(text, at + 1)
        return _value(found[0], found.end(), known) if found else Variable("$", at + 1)
    end = closing(text, at + 1)
    if end < 0:
        return Variable("", len(text), "unbalanced braces")
    inner = text[at + 2 : end]
    if _NAME.fullmatch(inner):
        return _value(inner, end + 1, known)
    if defaulted := _DEFAULTED.fullmatch(inner):
        alternative = defaulted[3].strip("\"'")
        value = alternative if defaulted[2].endswith("+") else known.get(defaulted[1], alternative)
        return Variable(value, end + 1, "variable expansion", (inner, alternative))
    return Variable("", end + 1, "variable expansion", (inner,))


def _value(name: str, end: int, known: dict[str, str]) -> Variable:
    if name in known:
        return Variable(known[name], end)
    if name == "HOME":
        return Variable("~", end)
    if name in ("PWD", "WORKSPACE"):
        return Variable(".", end)
    if name == "IFS":
        return Variable(" ", end, "word separator variable")
    return Variable("", end, "unknown variable")
