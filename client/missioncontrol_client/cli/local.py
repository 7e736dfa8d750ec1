"""What is checked on this machine before any request is made."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any

from .exits import UsageError

INLINE_LIMIT = 100 * 1024
# "1.5 hours", "--flag" and "**bold**" begin with no list mark.
_MARK = re.compile(r"^\s*(?:\d+[.)](?!\d)|-(?!-)|\*(?!\*))\s*")


def plan_bullets(text: str) -> list[str]:
    """The bullets of a plan. Shells pass \\n as two characters, so those break lines too."""
    lines = text.replace("\\n", "\n").splitlines()
    return [bullet for line in lines if (bullet := _MARK.sub("", line, count=1).strip())]


def checked_plan(text: str) -> list[str]:
    bullets = plan_bullets(text)
    if not 3 <= len(bullets) <= 6:
        raise UsageError(f"a plan has 3 to 6 bullets, this one has {len(bullets)}")
    return bullets


def read_text(path: str, *, otherwise: str = "") -> str:
    """A file's text, whatever its size."""
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeError as error:
        raise UsageError(f"{path} is not UTF-8 text{otherwise}") from error


def read_inline(path: str) -> str:
    """A file's text when it may travel inside a request."""
    hint = "; put it where the reviewer can fetch it and give its address with --url"
    try:
        size = os.path.getsize(path)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    if size > INLINE_LIMIT:
        raise UsageError(f"{path} has {size} bytes, more than the {INLINE_LIMIT} that fit inline{hint}")
    text = read_text(path, otherwise=hint)
    if not text:
        raise UsageError(f"{path} is empty")
    return text


def read_checklist(path: str) -> Any:
    try:
        checklist = json.loads(read_text(path))
    except ValueError as error:
        raise UsageError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(checklist, dict):
        raise UsageError(f"{path} must hold a JSON object")
    return checklist


def text_or_stdin(text: str) -> str:
    if text != "-":
        return text
    text = sys.stdin.read()
    if not text.strip():
        raise UsageError("nothing came from standard input")
    return text
