"""Short pieces of what tools were given and said, without what nobody needs to see."""

from __future__ import annotations

import posixpath
import re

from core.secrets import REDACTED, redact

LONGEST = 500
# Much more than is kept; the rest is not worth the search.
SEARCHED = 20_000
_PATH = re.compile(r"(?<![\w.:/~-])/(?:[\w.@+-]+/)*[\w.@+-]+/?")


def preview(text: str, workspace: str | None, *, cut: bool = True) -> tuple[str, bool]:
    """The text without secrets and without absolute paths outside the workspace, and whether it had any."""
    text = text[:SEARCHED]
    clean, kinds = redact(text)
    without = _PATH.sub(lambda found: found[0] if _is_inside(found[0], workspace) else REDACTED, clean)
    return (without[:LONGEST] if cut else without), bool(kinds) or without != clean


def _is_inside(path: str, workspace: str | None) -> bool:
    if not workspace or not workspace.startswith("/"):
        return False
    root, plain = posixpath.normpath(workspace), posixpath.normpath(path)
    return plain == root or plain.startswith(f"{root.rstrip('/')}/")
