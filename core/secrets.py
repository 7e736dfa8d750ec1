"""Finds secrets that were written into text by mistake. Only their kinds are told, never the secrets."""

from __future__ import annotations

import re

LONGEST = 50_000
KINDS = {
    "aws_access_key": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "github_token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22})"),
    "slack_token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10}"),
    "stripe_key": re.compile(r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16}"),
    "model_provider_key": re.compile(r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{20}"),
    "google_api_key": re.compile(r"\bAIza[A-Za-z0-9_-]{35}"),
    "json_web_token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,500}\.eyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10}"),
    "mission_control_key": re.compile(r"\bmca?_[0-9a-f]{48}\b"),
    "private_key": re.compile(r"-----BEGIN (?:[A-Z]{1,12} ){0,2}PRIVATE KEY-----"),
    "credentials_in_url": re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{1,100}:[^\s:/@]{3,200}@"),
    "password_assignment": re.compile(
        r"(?i)\b(?:password|passwd|secret|api_?key|token)\s{0,5}[:=]\s{0,5}['\"]?[^\s'\"]{12}"
    ),
}  # fmt: skip


def kinds_in(text: str) -> list[str]:
    """The kinds of secrets that the text seems to hold."""
    return [kind for kind, pattern in KINDS.items() if pattern.search(text[:LONGEST])]
