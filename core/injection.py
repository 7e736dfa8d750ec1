"""Finds text that tries to take an agent over: orders to forget its own, commands, theft of data.

Every gap in a rule is bounded, so that scanning takes time in proportion to the text, whatever the text is.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from base64 import urlsafe_b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from .errors import Injected
from .injection_rules import CRITICAL, NOTABLE, Rule

LONGEST = 50_000
# Shorter runs of the alphabet are words.
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}")
URL_SAFE = str.maketrans("+/", "-_")
# What is invisible, or only turns the writing around.
INVISIBLE = dict.fromkeys([0xAD, 0x34F, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F),
                           *range(0x2060, 0x2070), 0xFEFF])  # fmt: skip
LOOKALIKES = str.maketrans(
    "аАеЕоОрРсСхХуУіІјЈѕЅһԁԛԝмМтТвВкКнНгαΑβΒεΕιΙκΚνΝοΟρΡτΤυΥχΧηΗμΜ",
    "aAeEoOpPcCxXyYiIjJsShdqwmMtTbBkKhHraAbBeEiIkKvNoOpPtTuYxXnHuM",
)


@dataclass(frozen=True, slots=True)
class Finding:
    rule: str
    description: str


def scan(text: str) -> list[Finding]:
    """The critical rules that the text breaks, plainly or in disguise."""
    return _broken(CRITICAL, text)


def warnings(text: str) -> list[Finding]:
    """What is worth a note, but blocks nothing."""
    return _broken(NOTABLE, text)


def refuse_injection(what: str, text: str) -> None:
    """Raises Injected when the text breaks a critical rule; `what` begins the error's sentence."""
    found = scan(text)
    if found:
        listed = [{"rule": finding.rule, "description": finding.description} for finding in found]
        raise Injected(f"{what} blocked: potentially unsafe content detected", injection=listed)


def _broken(rules: Iterable[Rule], text: str) -> list[Finding]:
    forms = _forms(text[:LONGEST])
    return [Finding(rule.name, rule.description) for rule in rules if any(rule.pattern.search(form) for form in forms)]


def _forms(raw: str) -> list[str]:
    """The text as it stands, as it looks, and as it reads when it is decoded; each once."""
    plain = _normalised(raw)
    decoded = unquote(unquote(raw)) if "%" in raw else raw
    forms = [raw, plain, codecs.encode(plain, "rot13"), _normalised(decoded), _out_of_base64(raw)]
    return [form for form in dict.fromkeys(forms) if form]


def _normalised(text: str) -> str:
    if text.isascii():
        return text
    visible = unicodedata.normalize("NFKC", text).translate(INVISIBLE)
    return visible.translate(LOOKALIKES)[:LONGEST]


def _out_of_base64(text: str) -> str:
    """What hides in runs of base64, one run a line; runs that are no text are left out."""
    return "\n".join(filter(None, (_from_base64(run) for run in BASE64.findall(text))))


def _from_base64(run: str) -> str:
    # One sign too many carries no byte.
    letters = run[:-1] if len(run) % 4 == 1 else run
    try:
        found = urlsafe_b64decode(letters.translate(URL_SAFE) + "==").decode()
    except ValueError:
        return ""
    readable = sum(sign.isprintable() or sign.isspace() for sign in found)
    return found if readable >= len(found) * 0.9 else ""
