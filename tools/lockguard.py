"""The lock files pin versions and hashes, and say nothing about where packages come from."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ADDRESS = re.compile(r"https?://|file:/|--(?:extra-)?index-url|--find-links|--trusted-host|/opt/|/home/")
PIN = re.compile(r"^[A-Za-z0-9._-]+(\[[^]]+\])?==\S+")
LOCKS = ("requirements.lock", "requirements-tracing.lock", "requirements-dev.lock")


def faults(text: str) -> list[str]:
    """Lines that carry an address, and pins without a hash."""
    found = [f"address: {line.strip()}" for line in text.splitlines() if ADDRESS.search(line)]
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text)
    found += [f"no hash: {block.splitlines()[0]}" for block in blocks if PIN.match(block) and "--hash=" not in block]
    return found


def main() -> None:
    found = [f"{name}: {fault}" for name in LOCKS for fault in faults(Path(name).read_text())]
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
