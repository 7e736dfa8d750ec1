"""Finds secrets and production targets in what an action would carry."""

from __future__ import annotations

import re

from core.secrets import KINDS

_SECRETS = (
    re.compile(
        r"(?i)(?:api[_-]?key|access[_-]?key|secret[_-]?key|private[_-]?key|secret|token|passwd|password|_key)"
        r"[\"']?\s{0,5}[:=]\s{0,5}[\"']?(?:bearer\s)?[^\s\"'$<{]{8}"
    ),
    re.compile(r"(?i)\bbearer\s{1,5}[a-z0-9._~+/-]{16}"),
    re.compile(r"\b[sp]k-[A-Za-z0-9_-]{20}"),
    re.compile(r"\bgh[a-z]_[A-Za-z0-9]{30}"),
    re.compile(r"\bxox[a-z]-[A-Za-z0-9]"),
    re.compile(r"AKIA[A-Z0-9]{16}"),
    re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY"),
    *KINDS.values(),
)
_PRODUCTION = re.compile(r"(?i)(?<![a-z0-9])prod(?:uction)?(?![a-z0-9])")
_LIVE = re.compile(r"(?i)(?<![a-z0-9])live(?![a-z0-9])")
_DEPLOYING = re.compile(
    r"(?i)(?<![a-z0-9])(?:deploy(?:s|ed|ing|ment)?|release|publish|promote|ship|roll[- ]?out|push)(?![a-z0-9])"
)


def has_secret(text: str) -> bool:
    return any(pattern.search(text) for pattern in _SECRETS)


def names_production(text: str) -> bool:
    if _PRODUCTION.search(text):
        return True
    return _LIVE.search(text) is not None and _DEPLOYING.search(text) is not None
