"""Takes secrets out of what callers hand in, before any of it is stored."""

from __future__ import annotations

from typing import Any

from core.secrets import redact


def without_secrets(value: Any) -> tuple[Any, bool]:
    """The value without secrets in any of its texts, and whether there were some. Nested only as deep as its shape."""
    if isinstance(value, str):
        text, found = redact(value)
        return text, bool(found)
    if isinstance(value, dict):
        pairs = {key: without_secrets(each) for key, each in value.items()}
        return {key: each for key, (each, _) in pairs.items()}, any(found for _, found in pairs.values())
    if isinstance(value, list):
        items = [without_secrets(each) for each in value]
        return [each for each, _ in items], any(found for _, found in items)
    return value, False


def redacted(fields: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The fields without secrets, and the names of those that had some."""
    done = {name: without_secrets(value) for name, value in fields.items()}
    return {name: value for name, (value, _) in done.items()}, [name for name, (_, found) in done.items() if found]


def joined(before: list[str], names: list[str]) -> list[str]:
    return list(dict.fromkeys([*before, *names]))
