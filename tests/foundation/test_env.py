"""Names that existing deployments set, and what is understood by them."""

from pathlib import Path
from unittest.mock import patch

import pytest

from missioncontrol import env, firstrun
from system.definitions import definitions

NAMES = (
    "API_KEY", "OPENCLAW_STATE_DIR", "CLAWDBOT_STATE_DIR", "OPENCLAW_HOME", "CLAWDBOT_HOME", "OPENCLAW_CONFIG_PATH",
    "OPENCLAW_GATEWAY_PORT", "GATEWAY_PORT",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_the_state_folder_goes_by_several_names(monkeypatch):
    assert env.openclaw_home() == Path.home() / ".openclaw"
    for name, value, wanted in (
        ("OPENCLAW_CONFIG_PATH", "/e/openclaw.json", "/e"),
        ("CLAWDBOT_HOME", "/d", "/d"),
        ("OPENCLAW_HOME", "/c", "/c"),
        ("CLAWDBOT_STATE_DIR", "/b", "/b"),
        ("OPENCLAW_STATE_DIR", "~/a", str(Path.home() / "a")),
    ):
        monkeypatch.setenv(name, value)
        assert str(env.openclaw_home()) == wanted


def test_the_first_name_that_is_set_counts(monkeypatch):
    monkeypatch.setenv("CLAWDBOT_HOME", "later")
    assert env.first("OPENCLAW_HOME", "CLAWDBOT_HOME") == "later"
    monkeypatch.setenv("OPENCLAW_HOME", "sooner")
    assert env.first("OPENCLAW_HOME", "CLAWDBOT_HOME") == "sooner"
    assert env.first("GATEWAY_PORT") == ""


def test_the_gateways_port_goes_by_two_names(monkeypatch):
    assert definitions()["gateway.port"].default == "18789"
    monkeypatch.setenv("GATEWAY_PORT", "19001")
    assert definitions()["gateway.port"].default == "19001"
    monkeypatch.setenv("OPENCLAW_GATEWAY_PORT", "19002")
    assert definitions()["gateway.port"].default == "19002"


def test_the_key_of_the_sample_configuration_is_no_key(monkeypatch):
    monkeypatch.setenv("API_KEY", "generate-a-random-key")
    with patch("missioncontrol.secretfile.load", return_value={"API_KEY": "generated"}):
        assert (env.api_key(), firstrun.read_api_key()) == ("", "generated")
        monkeypatch.setenv("API_KEY", "chosen")
        assert (env.api_key(), firstrun.read_api_key()) == ("chosen", "chosen")
