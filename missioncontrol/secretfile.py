"""Secrets that nobody set: made once, kept in the data folder for its owner alone."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

NAME = ".auto-generated"


def load(data_dir: Path) -> dict[str, str]:
    """The stored secrets, making the file on first use. Two processes that start at once agree on one file."""
    path = data_dir / NAME
    with contextlib.suppress(FileNotFoundError):
        return _parse(path.read_text())
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = {"SECRET_KEY": secrets.token_urlsafe(50), "API_KEY": secrets.token_hex(32)}
    draft = data_dir / f"{NAME}.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in fresh.items())
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
    return _parse(path.read_text())


def _parse(text: str) -> dict[str, str]:
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, value in pairs}
