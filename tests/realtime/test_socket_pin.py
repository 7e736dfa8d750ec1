"""The PIN: signing in by it, setting it, and guessing it. The test that guesses comes last: its address is shut out."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import pytest

from tests.realtime.talking import settled, talking
from tests.server import Server

LOGIN, SETTING = "/api/auth/login", "realtime.ws_pin"
UNAUTHORIZED = (4001, "Unauthorized")


@pytest.fixture(scope="module")
def own() -> Iterator[Server]:
    with Server(web=2) as running:
        yield running


def sign_in(server, pin):
    return server.ask("POST", LOGIN, {"pin": pin}, key=None)


def set_pin(server, pin, **rest):
    return server.ask("PUT", "/api/settings", {"settings": {SETTING: pin}}, **rest)


def token_of(pin):
    return sha256(pin.encode()).hexdigest()


def test_without_a_pin_none_is_needed(own):
    assert sign_in(own, "anything") == (200, {"token": None, "success": True, "pinRequired": False})


def test_the_body_says_which_sign_in_is_meant(own):
    for body in ({"pin": "1234", "username": "admin", "password": "x"}, {}, {"pin": 1234}):
        status, answer = own.ask("POST", LOGIN, body, key=None)
        assert (status, list(answer)) == (400, ["error"])


def test_an_administrator_sets_it_and_the_sockets_of_the_old_one_end(own):
    with talking(own, key=None) as local, talking(own) as keyed:
        settled(local), settled(keyed)
        assert set_pin(own, "first pin")[0] == 200
        assert local.goodbye() == UNAUTHORIZED
        assert sign_in(own, "first pin") == (200, {"token": token_of("first pin"), "success": True})
        with talking(own, token=token_of("first pin")) as client:
            settled(client)
            assert set_pin(own, "second pin")[0] == 200
            assert client.goodbye() == UNAUTHORIZED
        settled(keyed)


def test_its_sign_in_sets_no_cookie(own):
    set_pin(own, "second pin")
    status, headers, _ = own.ask_raw("POST", LOGIN, {"pin": "second pin"}, key=None)
    assert status == 200
    assert "set-cookie" not in {name.lower() for name in headers}


def test_only_its_hash_is_kept_and_nobody_is_shown_it(own):
    set_pin(own, "second pin")
    assert own.query(f"SELECT value FROM system_setting WHERE key = '{SETTING}'") == [(token_of("second pin"),)]
    _, listed = own.ask("GET", "/api/settings")
    assert [line["value"] for line in listed["settings"] if line["key"] == SETTING] == ["--------"]
    told = str(own.query("SELECT data FROM activity_event WHERE kind = 'audit.recorded'"))
    assert SETTING in told
    assert token_of("second pin") not in told
    assert "second pin" not in told


def test_what_was_shown_of_it_changes_nothing_when_it_comes_back(own):
    set_pin(own, "second pin")
    assert set_pin(own, "--------")[0] == 200
    assert sign_in(own, "second pin")[0] == 200


def test_one_that_is_too_short_or_too_long_is_refused(own):
    for pin in ("123", "x" * 65):
        assert set_pin(own, pin)[0] == 400


def test_others_may_not_set_it(own):
    assert set_pin(own, "another pin", key="operator-key")[0] == 403


def test_it_confers_no_more_than_an_operators_rights_in_the_default_workspace(own):
    set_pin(own, "second pin")
    elsewhere = own.django(ELSEWHERE)
    with talking(own, token=token_of("second pin")) as client:
        answer = client.answer_to(type="subscribe", workspaceId=f"ws_{elsewhere}")
        assert (answer["type"], answer["code"]) == ("error", "forbidden")


ELSEWHERE = """
from accounts.models import Tenant, Workspace
tenant = Tenant.objects.create(slug="e", display_name="E")
answer = Workspace.objects.create(slug="elsewhere", name="Elsewhere", tenant=tenant).id
"""


def test_who_guesses_too_often_is_shut_out_also_with_the_right_one(own):
    set_pin(own, "second pin")
    for _ in range(3):
        assert sign_in(own, "wrong") == (401, {"error": "Invalid PIN"})
    for _ in range(2):
        with talking(own, token="0" * 64) as client:
            assert client.goodbye() == UNAUTHORIZED
    status, headers, _ = own.ask_raw("POST", LOGIN, {"pin": "second pin"}, key=None)
    assert status == 429
    assert 0 < int({name.lower(): value for name, value in headers.items()}["retry-after"]) <= 300
    with talking(own, token=token_of("second pin")) as client:
        assert client.goodbye() == UNAUTHORIZED
