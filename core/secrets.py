"""Finds secrets that were written into text by mistake and takes them out. Their kinds are told, never they."""

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


# As long as they go: what is found by its beginning is taken out to its end.
REDACTED = "[REDACTED]"
_WHOLE = {
    "private_key": re.compile(
        r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY-----"
        r"(?:[A-Za-z0-9+/=\s\\:,.]|-(?!-)){0,20000}?(?:-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY-----|\Z)"
        r"|-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY-----(?:\s{0,4}[A-Za-z0-9+/=]{40,128}){0,200}"
    ),
    "credentials_in_url": re.compile(r"(?P<kept>\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{0,100}:)[^\s/@]{3,200}(?=@)"),
    "aws_access_key": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16,}"),
    "github_token": re.compile(r"\b(?:gh[a-z]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,})"),
    "slack_token": re.compile(r"\bxox[a-z]-[A-Za-z0-9-]{8,}"),
    "stripe_key": re.compile(r"\b[prs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    "model_provider_key": re.compile(r"\b[sp]k-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}"),
    "google_api_key": re.compile(r"\bAIza[A-Za-z0-9_-]{35,}"),
    "gitlab_token": re.compile(r"\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat)-(?=[a-zA-Z_-]{0,40}\d)[\w-]{20,}"),
    "package_registry_token": re.compile(r"\b(?:npm_[A-Za-z0-9]{36,}|pypi-[A-Za-z0-9_-]{50,})"),
    "hugging_face_token": re.compile(r"\bhf_[A-Za-z0-9]{30,}"),
    "sendgrid_key": re.compile(r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    "cloud_token": re.compile(r"\b(?:do[opr]_v1_[0-9a-f]{64}|ya29\.[A-Za-z0-9_-]{20,}|AGE-SECRET-KEY-1[0-9A-Z]{50,})"),
    "telegram_token": re.compile(r"(?<![0-9])[0-9]{8,10}:AA[A-Za-z0-9_-]{32,}"),
    "chat_webhook": re.compile(
        r"(?P<kept>https://(?:hooks\.slack\.com/services/|discord(?:app)?\.com/api/webhooks/))[A-Za-z0-9_/-]{20,}"
    ),
    "json_web_token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*)?"),
    "mission_control_key": re.compile(r"\b(?:mca?_[0-9a-f]{48}|mc_(?:agt|adm|usr)_[A-Za-z0-9_-]{40,})"),
    "bearer_token": re.compile(
        r"(?P<kept>(?i:\bauthorization['\"]?\s{0,3}[:=]\s{0,3}['\"]?(?:bearer|basic)\s{1,3}))[A-Za-z0-9._~+/=-]{8,}"
    ),
    "password_assignment": re.compile(
        r"(?P<kept>(?i:(?:password|passwd|secret|(?:api|access|secret|private)[_-]?key|token))"
        r"['\"]?\s{0,5}(?::|=(?!=)|=>)\s{0,5}(?P<quote>['\"]?))(?P<value>[^\s'\"`,;<>(){}\[\]$]{8,4096})"
        r"(?P<after>[(\[]?)"
    ),
}  # fmt: skip
# What stands in every secret of a kind, in lower case. Most texts hold none of these, and need no search.
_MARKS = {
    "private_key": ("-----begin ",),
    "credentials_in_url": ("://",),
    "aws_access_key": ("akia", "asia"),
    "github_token": ("gh", "github_pat_"),
    "slack_token": ("xox",),
    "stripe_key": ("k_live_", "k_test_"),
    "model_provider_key": ("k-",),
    "google_api_key": ("aiza",),
    "gitlab_token": ("gl",),
    "package_registry_token": ("npm_", "pypi-"),
    "hugging_face_token": ("hf_",),
    "sendgrid_key": ("sg.",),
    "cloud_token": ("_v1_", "ya29.", "age-secret-key-1"),
    "telegram_token": (":aa",),
    "chat_webhook": ("https://",),
    "json_web_token": ("eyj",),
    "mission_control_key": ("mc",),
    "bearer_token": ("authorization",),
    "password_assignment": ("passw", "secret", "key", "token"),
}  # fmt: skip
# Names in code are no secrets: `token = request.token`, `password=getpass`.
_NAME = re.compile(r"[A-Za-z_]+(?:\.[A-Za-z_]+)*[.:]?")


def redact(text: str) -> tuple[str, list[str]]:
    """The text without the secrets in it, and their kinds."""
    found = []
    # Patterns without regard to case take more letters than these for the same.
    plain = text.casefold()
    for kind, pattern in _WHOLE.items():
        if not any(mark in plain for mark in _MARKS[kind]):
            continue
        without = pattern.sub(_taken_out, text)
        if without != text:
            found.append(kind)
            text = without
    return text, found


def _taken_out(match: re.Match[str]) -> str:
    parts = match.groupdict()
    value, after = parts.get("value"), parts.get("after") or ""
    if value is not None and (after or value == REDACTED or (not parts["quote"] and _NAME.fullmatch(value))):
        return match[0]
    return f"{parts.get('kept') or ''}{REDACTED}{after}"
