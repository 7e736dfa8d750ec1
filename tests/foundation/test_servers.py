import os
import subprocess
import sys

from tests import servers
from tests.server import ROOT


def asked(**environment):
    command = [sys.executable, "-m", "tests.servers"]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60
    )


def test_what_is_missing_is_said_in_one_line_and_stops_nothing(tmp_path):
    done = asked(PATH=str(tmp_path), MC_TEST_NO_INSTALL="1")
    assert done.returncode == 0
    (line,) = [line for line in done.stderr.splitlines() if line]
    assert "redis-server" in line and "apt-get install" in line


def test_nothing_is_installed_when_that_is_not_wanted(monkeypatch):
    monkeypatch.setenv("MC_TEST_NO_INSTALL", "1")
    assert not servers.may_install()


def test_the_newest_postgresql_of_debian_is_found_outside_the_path(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(servers, "DEBIAN_POSTGRES", tmp_path)
    for version in ("9.6", "17", "15"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "postgres").touch()
    assert servers.find("postgres") == str(tmp_path / "17" / "bin" / "postgres")
