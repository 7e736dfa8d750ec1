"""The first start, the second, and the end of both."""

import json
import re
import stat
import urllib.error
import urllib.request
from dataclasses import dataclass, field

import pytest

from tests.foundation.starting import up


@dataclass
class Story:
    outputs: list[str] = field(default_factory=list)
    exits: list[int] = field(default_factory=list)
    left: list[list[str]] = field(default_factory=list)
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)


def call(url, body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data=data, headers={k.replace("_", "-"): v for k, v in headers.items()})
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def printed(output, label):
    return re.search(rf"^  {label} +(\S.*)$", output, re.M)[1].strip()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("up") / "a folder" / "data"


@pytest.fixture(scope="module")
def story(folder):
    """Two starts on one folder, each ended by Ctrl-C."""
    folder.parent.mkdir()
    story = Story()
    with up(folder) as first:
        first.wait_until_it_answers("/readyz")
        key, password = printed(first.output, "API key"), printed(first.output, "Password")
        who = {"username": printed(first.output, "Sign in as"), "password": password}
        story.answers["signed in"] = call(f"{first.url}/api/auth/login", who)
        story.answers["made"] = call(f"{first.url}/api/tasks", {"title": "kept"}, x_api_key=key)
        _end(first, story)
    with up(folder) as second:
        second.wait_until_it_answers("/readyz")
        story.answers["listed"] = call(f"{second.url}/api/tasks", x_api_key=key)
        story.answers["signed in again"] = call(f"{second.url}/api/auth/login", who)
        _end(second, story)
    return story


def _end(running, story):
    story.exits.append(running.interrupt())
    story.left.append([" ".join(process.cmdline()) for process in running.session])
    story.outputs.append(running.output)


def test_the_first_start_says_where_to_go_and_how_to_get_in(story):
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", printed(story.outputs[0], "Mission Control"))
    assert printed(story.outputs[0], "Sign in as") == "admin"
    assert len(printed(story.outputs[0], "Password")) >= 12
    assert re.fullmatch(r"[0-9a-f]{64}", printed(story.outputs[0], "API key"))


def test_what_it_prints_lets_people_and_programs_in(story):
    assert story.answers["signed in"][0] == 200
    assert story.answers["made"][0] == 201


def test_it_prints_each_secret_once(story):
    for label in ("Password", "API key"):
        assert story.outputs[0].count(printed(story.outputs[0], label)) == 1


def test_the_second_start_keeps_everything(story):
    assert '"kept"' in story.answers["listed"][1]
    assert story.answers["signed in again"][0] == 200


def test_the_second_start_prints_no_secret(story):
    assert "Password" not in story.outputs[1]
    assert "API key" not in story.outputs[1]
    assert printed(story.outputs[1], "Mission Control").startswith("http://127.0.0.1:")


def test_ctrl_c_leaves_no_process_behind(story):
    assert story.left == [[], []]


def test_a_start_and_a_stop_print_no_error(story):
    for output in story.outputs:
        # Asked too early, `/readyz` says that the worker is not there yet.
        said = [line for line in output.splitlines() if "/readyz" not in line]
        assert [line for line in said if "Traceback" in line or "rror" in line] == []


def test_generated_secrets_are_for_their_owner_alone(story, folder):
    secrets = folder / ".auto-generated"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert printed(story.outputs[0], "API key") in secrets.read_text()


def test_a_chosen_password_and_key_are_not_printed(tmp_path):
    chosen = {
        "AUTH_USER": "carol",
        "AUTH_PASS": "a long chosen password",
        "API_KEY": "chosen-key",
        "WEB_CONCURRENCY": "1",
    }
    with up(tmp_path / "data", **chosen) as running:
        who = {"username": "carol", "password": "a long chosen password"}
        assert call(f"{running.url}/api/auth/login", who)[0] == 200
        assert call(f"{running.url}/api/tasks", x_api_key="chosen-key")[0] == 200
        assert "a long chosen password" not in running.output
        assert "chosen-key" not in running.output


def test_whatever_dies_is_started_again(tmp_path):
    with up(tmp_path / "data", WEB_CONCURRENCY="1") as running:
        running.wait_until_it_answers("/readyz")
        for word in ("missioncontrol.web", "celery"):
            victim = next(p for p in running.session if word in " ".join(p.cmdline()))
            victim.kill()
            victim.wait(10)
        running.wait_until_it_answers()
        running.wait_until_it_answers("/readyz")
        assert running.interrupt() in (0, 1, 130)
        assert running.session == []
