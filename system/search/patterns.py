"""What LIKE looks for."""

from __future__ import annotations


def pattern(text: str) -> str:
    """For LIKE, with a backslash as escape."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"
