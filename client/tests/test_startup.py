"""What a start of `mc` loads: the HTTP library only for requests, the MCP SDK only for `mc mcp`."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("asyncio", "httpx", "mcp", "pydantic", "rich", "click")


def loaded(args: list[str], environment: dict[str, str]) -> set[str]:
    code = (
        "import sys; from missioncontrol_client.cli.main import run\n"
        "try: run(sys.argv[1:])\nexcept SystemExit: pass\n"
        f"print('LOADED', *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["task", "list", "--help"], ["completion", "bash"], ["x"]])
def test_what_asks_nothing_loads_nothing_heavy(args: list[str], environment: dict[str, str]) -> None:
    assert loaded(args, environment) == set()


def test_a_request_does_not_load_the_mcp_sdk(environment: dict[str, str]) -> None:
    found = loaded(["task", "list"], environment)
    assert "httpx" in found and not found & {"mcp", "pydantic"}
