"""`make lint`: every check that needs no running server, one line each; exit 1 if any fails."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

BIN = Path(sys.executable).parent
PYTHON = sys.executable
CHECKS = {
    "format": [BIN / "ruff", "format", "--check", "--quiet", "."],
    "ruff": [BIN / "ruff", "check", "--quiet", "."],
    "types": [PYTHON, "-m", "mypy", "."],
    "client's types": [PYTHON, "-m", "mypy", "--config-file", "client/pyproject.toml", "client/missioncontrol_client"],
    "imports": [BIN / "lint-imports", "--no-cache"],
    "templates": [BIN / "djlint", "templates", "--lint", "--quiet"],
    "migrations": [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"],
    "upgrades": [PYTHON, "-m", "tools.migrationguard"],
    "django": [PYTHON, "manage.py", "check", "--fail-level", "WARNING"],
    "lock files": [PYTHON, "-m", "tools.lockguard"],
    "compose": [PYTHON, "-m", "tools.composeguard"],
    "shape": [PYTHON, "-m", "tools.shape", "--check"],
}


def main() -> None:
    failed = []
    with tempfile.TemporaryDirectory(prefix="mc-lint-") as folder:
        environment = {**os.environ, "MC_DATA_DIR": folder, "PYTHONWARNINGS": "ignore"}
        for name, command in CHECKS.items():
            done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=environment)
            print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} {name}", flush=True)
            if done.returncode:
                failed.append(name)
                print((done.stdout + done.stderr).strip()[-6000:], flush=True)
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
