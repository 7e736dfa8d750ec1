"""`python -m tests.servers`: what some tests need besides Python: Chromium, PostgreSQL and Redis.

Finds them, or installs them where that is possible (Debian, as root, unless MC_TEST_NO_INSTALL is set). Without them
the tests that need them are skipped, and say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = {"chromium": "chromium", "redis-server": "redis-server", "postgres": "postgresql"}
OTHER_NAMES = {"chromium": ("chromium-browser", "google-chrome", "google-chrome-stable")}
DEBIAN_POSTGRES = Path("/usr/lib/postgresql")


def find(program: str) -> str | None:
    """The path of a program; Debian keeps those of PostgreSQL outside the path."""
    for name in (program, *OTHER_NAMES.get(program, ())):
        if path := shutil.which(name):
            return path
    versions = sorted(DEBIAN_POSTGRES.glob(f"*/bin/{program}"), key=lambda path: int(path.parts[-3].partition(".")[0]))
    return str(versions[-1]) if versions else None


def missing() -> list[str]:
    return [program for program in PACKAGES if find(program) is None]


def advice(programs: list[str]) -> str:
    """The one line that says what to do."""
    packages = " ".join(PACKAGES[program] for program in programs)
    return f"NOT TESTED HERE, for want of {', '.join(programs)}: install them (Debian: apt-get install {packages})"


def may_install() -> bool:
    return not os.environ.get("MC_TEST_NO_INSTALL") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(programs: list[str]) -> None:
    """Fails silently: `advice` tells what is still missing."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    # Tests start servers of their own: the packages are kept from starting theirs.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    packages = [PACKAGES[program] for program in programs]
    print(f"Installing {' '.join(packages)} for the tests ...", flush=True)
    for command in (["apt-get", "update"], ["apt-get", "install", "--yes", "--no-install-recommends", *packages]):
        if subprocess.run(command, env=environment, **quiet).returncode:  # type: ignore[call-overload]
            return


def main() -> None:
    if (programs := missing()) and may_install():
        install(programs)
    if programs := missing():
        print(f"\n*** {advice(programs)} ***\n", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
