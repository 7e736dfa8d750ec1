"""A server of one's own for every test, and the `mc` command as a process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from contract_server import ContractServer  # noqa: E402
from process import MC, Ended, Mc  # noqa: E402


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


@pytest.fixture(autouse=True)
def no_configuration_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("MC_")]:
        monkeypatch.delenv(name)
