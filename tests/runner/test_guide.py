"""The guide of runners, played as it is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import ROOT, Server

GUIDE = (ROOT / "docs" / "runner.md").read_text()


def blocks(language: str) -> str:
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL))


@pytest.fixture
def environment(server: Server, tmp_path: Path) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MC_", "XDG_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**clean, "PATH": path, "HOME": str(tmp_path), "MC_API_URL": server.url, "MC_ADMIN_TOKEN": server.key}


def test_the_commands_do_what_they_say(environment: dict[str, str], server: Server, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(blocks("python"))
    script = f"set -e\n{blocks('sh')}\npython own.py\nboss agent log robin\nboss --json agent status robin\n"
    done = subprocess.run(
        ["bash", "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for said in (
        "Nothing found",
        "They said: not on Fridays",
        "Heard: Use the blue one",
        "Here is a first draft.",
        "Nobody answered in time",
    ):
        assert said in done.stdout, f"{said}\n{done.stdout}\n{done.stderr}"
    assert '"spendToday": 0.05' in done.stdout.splitlines()[-1]
