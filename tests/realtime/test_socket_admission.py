"""Who may open a WebSocket, by what, from where, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256

import pytest
from websockets.exceptions import InvalidStatus

from tests.realtime.conftest import PIN
from tests.realtime.talking import bare, settled, talking
from tests.realtime.test_admission import REVOKE
from tests.server import Server

TOKEN = sha256(PIN.encode()).hexdigest()
UNAUTHORIZED = (4001, "Unauthorized")
STRANGER = {"origin": "http://evil.example"}
AGENT_TOKEN = """
from accounts.models import Workspace
from accounts.services import issue_token
from agents.models import Agent
from core.actors import Role, system
from datetime import timedelta
from django.utils import timezone
agent = Agent.objects.get(name="keyed agent")
answer = issue_token(actor=system(1), role=Role.OPERATOR, workspace=Workspace.objects.get(id=1),
    expires_at=timezone.now() + timedelta(hours=1), agent=(agent.id, agent.name))
"""


@pytest.fixture(scope="module")
def own() -> Iterator[Server]:
    """Without a PIN at first."""
    with Server(MC_WS_CONNECTIONS="3") as running:
        yield running


def refusal(server, path="/ws", **rest):
    with talking(server, path, key=None, **rest) as client:
        return client.goodbye()


def test_the_token_of_the_pin_opens_at_both_paths_and_ports_in_either_case(pinned):
    other = int(pinned.environment["MC_WS_PORT"])
    for path, port, token in (("/", 0, TOKEN), ("/ws", 0, TOKEN.upper()), ("/", other, TOKEN), ("/ws", other, TOKEN)):
        with talking(pinned, path, token=token, port=port) as client:
            assert settled(client).types == ["unsubscribed"]


def test_without_the_token_it_is_opened_and_then_closed(pinned):
    assert refusal(pinned) == UNAUTHORIZED


def test_a_wrong_token_is_unauthorized_whatever_comes_with_it(pinned):
    with talking(pinned, token="0" * 64, x_api_key=pinned.key) as client:
        assert client.goodbye() == UNAUTHORIZED


def test_the_origin_of_a_page_does_not_matter_to_the_token(pinned):
    with talking(pinned, token=TOKEN, **STRANGER) as client:
        settled(client)


def test_other_paths_are_no_sockets(pinned):
    with pytest.raises(InvalidStatus), talking(pinned, "/api/events", token=TOKEN):
        pass


def test_the_port_of_sockets_serves_nothing_else(pinned):
    status, _ = ask_at(pinned, int(pinned.environment["MC_WS_PORT"]), "/api/tasks")
    assert status == 426


def ask_at(server, port, path):
    before, server.port = server.port, port
    try:
        return server.ask("GET", path)
    finally:
        server.port = before


def test_tokens_stay_out_of_the_log_whatever_its_level(pinned):
    with talking(pinned, token=TOKEN) as client:
        settled(client)
    refusal(pinned, token="1" * 64)
    log = pinned.log_of("web")
    assert TOKEN not in log
    assert "1" * 64 not in log
    assert PIN not in log


def test_a_client_that_answers_no_ping_is_cut_off_and_others_stay(pinned):
    with bare(pinned) as deaf, talking(pinned, token=TOKEN) as client:
        assert deaf.close_code() in (0, 1011)
        settled(client)


def test_a_key_a_bearer_and_a_session_of_this_page_open(server, keys):
    ways = (
        {"x_api_key": keys["viewer"]},
        {"authorization": f"Bearer {keys['viewer']}"},
        {"x_api_key": server.key, **STRANGER},
        {"cookie": server.sign_in(), "origin": server.url},
    )
    for way in ways:
        with talking(server, key=None, **way) as client:
            settled(client)


def test_a_session_needs_a_page_of_this_host(server):
    cookie = server.sign_in()
    for origin in ({}, STRANGER, {"origin": "null"}):
        assert refusal(server, cookie=cookie, **origin)[0] == 4003


def test_agents_and_unknown_keys_are_unauthorized(server, keys):
    for key in (keys["agent"], server.django(AGENT_TOKEN), "nobody's", "mc_" + "0" * 48):
        assert refusal(server, x_api_key=key) == UNAUTHORIZED


def test_without_a_pin_only_this_machine_needs_no_credential(server):
    with talking(server, key=None) as client:
        settled(client)
    for header in ("x_forwarded_for", "forwarded", "x_real_ip", "x_forwarded_host"):
        assert refusal(server, **{header: "127.0.0.1"}) == UNAUTHORIZED


def test_a_page_from_elsewhere_is_not_this_machine(server):
    assert refusal(server, **STRANGER)[0] == 4003
    assert refusal(server, origin="null")[0] == 4003
    # As is one that has this machine under a name of its own.
    assert refusal(server, host="evil.example", **STRANGER)[0] == 4003


def test_more_connections_than_the_process_takes_are_told_to_come_later(own):
    with ExitStack() as stack:
        for _ in range(3):
            settled(stack.enter_context(talking(own)))
        with talking(own) as client:
            assert client.goodbye()[0] == 1013
    with talking(own) as client:
        settled(client)


def test_a_key_that_is_taken_back_ends_its_sockets(own):
    key = own.django(ISSUE)
    with talking(own, key=key) as client, talking(own) as other:
        settled(client)
        own.django(REVOKE.format(name="to be revoked"))
        assert client.goodbye() == UNAUTHORIZED
        settled(other)


ISSUE = """
from accounts.models import Workspace
from accounts.services import issue_key
from core.actors import Role, system
answer = issue_key(actor=system(1), name="to be revoked", role=Role.OPERATOR, workspace=Workspace.objects.get(id=1))[1]
"""


def test_signing_out_ends_the_sockets_of_the_session(own):
    cookie = own.sign_in()
    with talking(own, key=None, cookie=cookie, origin=own.url) as client:
        settled(client)
        own.ask("POST", "/api/auth/logout", {}, key=None, headers={"Cookie": cookie})
        assert client.goodbye() == UNAUTHORIZED


def test_the_server_says_when_it_goes_away():
    with Server() as running, talking(running) as client:
        settled(client)
        running.processes["web"].terminate()
        assert client.goodbye()[0] == 1001
