"""Flags before environment before file before defaults."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from missioncontrol_client import ConfigError, MissionControl, load_settings


def write(path: Path, content: object, mode: int = 0o600) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(mode)
    return str(path)


def test_the_defaults() -> None:
    settings = load_settings(environ={"MC_CONFIG": ""})
    assert settings.api_url == "http://localhost:3100" and settings.timeout_ms == 30_000
    assert settings.workspace == os.getcwd() and settings.token is None and settings.session_key is None


def test_each_source_overrides_the_one_below(tmp_path: Path) -> None:
    file = write(tmp_path / "c.json", {"apiUrl": "http://file:1", "agentId": "file", "token": "t", "defaultTimeout": 9})
    environ = {"MC_CONFIG": file, "MC_AGENT_ID": "env", "MC_DEFAULT_TIMEOUT": "50", "MC_API_URL": ""}
    settings = load_settings({"agent_id": "flag", "timeout": None}, environ=environ)
    assert settings.agent_id == "flag" and settings.timeout_ms == 50 and settings.api_url == "http://file:1"
    assert settings.token == "t" and settings.session_key == "cli:flag" and settings.warnings == ()


def test_a_token_on_the_command_line_is_used_for_everything() -> None:
    settings = load_settings({"token": "mine"}, environ={"MC_ADMIN_TOKEN": "root", "HOME": "/nowhere"})
    assert settings.token == "mine" and settings.admin_token is None


def test_a_file_that_others_can_read_is_warned_of(tmp_path: Path) -> None:
    open_file = write(tmp_path / "open.json", {"adminToken": "x"}, 0o644)
    assert "chmod 600" in load_settings(environ={}, config=open_file).warnings[0]
    harmless = write(tmp_path / "harmless.json", {"apiUrl": "http://h"}, 0o644)
    assert load_settings(environ={}, config=harmless).warnings == ()


@pytest.mark.parametrize(
    "content",
    ["{", "[]", '{"apiUrl": 5}', '{"apiUrl": "localhost"}', '{"logLevel": "loud"}', '{"defaultTimeout": "x"}'],
)
def test_a_file_that_cannot_be_right_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(ConfigError):
        load_settings(environ={}, config=write(tmp_path / "bad.json", content))


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.json"):
        load_settings(environ={"MC_CONFIG": str(tmp_path / "none.json")})


def test_settings_do_not_print_their_tokens() -> None:
    assert "secret" not in repr(load_settings({"token": "secret"}, environ={"HOME": "/nowhere"}))


def test_a_client_can_be_configured_like_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = write(tmp_path / "c.json", {"apiUrl": "http://file:1/", "agentId": "jordan", "token": "t"})
    with MissionControl.from_environment(config=file) as client:
        assert client.caller.api_url == "http://file:1" and client.caller.session_key == "cli:jordan"
