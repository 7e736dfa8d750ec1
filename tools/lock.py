"""`make lock`: resolve what pyproject.toml asks for and pin it, with hashes and without addresses."""

from __future__ import annotations

import subprocess
import sys

from tools import lockguard

OPTIONS = [
    "--quiet", "--generate-hashes", "--strip-extras", "--allow-unsafe", "--no-annotate", "--no-header",
    "--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host", "--upgrade",
]  # fmt: skip

LOCKS: list[tuple[str, list[str]]] = [
    ("requirements.lock", []),
    ("requirements-tracing.lock", ["--extra", "tracing"]),
    ("requirements-dev.lock", ["--extra", "dev"]),
]


def main() -> None:
    for name, extra in LOCKS:
        command = [sys.executable, "-m", "piptools", "compile", *OPTIONS, *extra, "-o", name, "pyproject.toml"]
        subprocess.run(command, check=True)
    lockguard.main()


if __name__ == "__main__":
    main()
