"""Shell completion, by the shells that are there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from process import MC

from missioncontrol_client.cli.commands.completion import candidates


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ta"], ["task"]),
        (["task", "s"], ["start", "submit"]),
        (["--json", "task", "cl"], ["claim"]),
        (["--agent", "task", "he"], ["heartbeat"]),
        (["heartbeat", "--status", ""], ["BUSY", "HEALTHY", "IDLE"]),
        (["approval", "decide", "approval_1", ""], ["approve", "deny"]),
        (["agent", "control", "jordan", "R"], ["RESTART", "RESUME"]),
        (["task", "start", "task_1", "--pl"], ["--plan", "--plan-file"]),
        (["task", "get", ""], []),
        (["nothing", "like", "it"], []),
        (["completion", ""], ["bash", "fish", "zsh"]),
    ],
)
def test_what_may_come_next(words: list[str], expected: list[str]) -> None:
    assert candidates(words) == expected


def complete(shell: str, script: str, environment: dict[str, str]) -> list[str]:
    env = {**environment, "PATH": f"{Path(MC).parent}:{environment['PATH']}"}
    done = subprocess.run([shell, "-c", script], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes(environment: dict[str, str]) -> None:
    script = """
        eval "$(mc completion bash)"
        complete -p mc mission-control >/dev/null || exit 1
        COMP_WORDS=(mc task c) COMP_CWORD=2
        _mc_complete
        echo "${COMPREPLY[@]}"
    """
    assert complete("bash", script, environment) == ["claim", "comment", "create"]


@pytest.mark.skipif(shutil.which("fish") is None, reason="needs fish")
def test_fish_completes(environment: dict[str, str]) -> None:
    assert "claim" in complete("fish", "mc completion fish | source; complete -C 'mc task c'", environment)


@pytest.mark.skipif(shutil.which("zsh") is None, reason="needs zsh")
def test_zsh_accepts_the_script(environment: dict[str, str]) -> None:
    script = 'compdef() { echo "$@"; }; eval "$(mc completion zsh)"'
    assert complete("zsh", script, environment) == ["_mc_complete", "mc", "mission-control"]
