"""A server of one's own for every test, and the `mc` command as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from contract_server import ContractServer  # noqa: E402
from process import MC, Ended, Mc, Script, Started  # noqa: E402

STAND_IN = str(Path(__file__).with_name("agents.py"))


@pytest.fixture
def server() -> Iterator[ContractServer]:
    server = ContractServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def environment(server: ContractServer, tmp_path: Path) -> dict[str, str]:
    """What `mc` sees: nothing of the machine's own configuration."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MC_")}
    own = {"MC_API_URL": server.url, "MC_AGENT_ID": "jordan", "MC_AGENT_TOKEN": "mc_agt_jordan"}
    return {**clean, "HOME": str(tmp_path), "COLUMNS": "200", **own}


@pytest.fixture
def mc(environment: dict[str, str], tmp_path: Path) -> Mc:
    def run(*args: str, stdin: str = "", **more: str | None) -> Ended:
        given = {name: value for name, value in {**environment, **more}.items() if value is not None}
        done = subprocess.run([MC, *args], input=stdin, capture_output=True, text=True, env=given, cwd=tmp_path)
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """The command of an agent that does these steps."""

    def write(*steps: dict[str, Any]) -> list[str]:
        path = tmp_path / f"script-{len(list(tmp_path.glob('script-*')))}.jsonl"
        path.write_text("".join(json.dumps(step) + "\n" for step in steps))
        return [sys.executable, STAND_IN, str(path)]

    return write


@pytest.fixture
def started(environment: dict[str, str]) -> Iterator[Started]:
    """`mc` in the background, ended with its test."""
    running: list[subprocess.Popen[str]] = []

    def start(*args: str, **more: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        env = {**environment, **more}
        running.append(subprocess.Popen([MC, *args], stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=env))
        return running[-1]

    yield start
    for one in running:
        for _ in range(3):
            one.send_signal(signal.SIGINT)  # also what it runs has to end
        one.communicate()


@pytest.fixture(autouse=True)
def no_configuration_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("MC_")]:
        monkeypatch.delenv(name)
