"""What is tried again, how often, and with which key."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from contract_server import ContractServer, Trouble

from missioncontrol_client import (
    ApiError,
    BadRequest,
    Conflict,
    MissionControl,
    NetworkError,
    RateLimited,
    RequestTimeout,
    Retry,
    ServerError,
)
from missioncontrol_client.errors import error_for
from missioncontrol_client.retry import Attempts


@pytest.fixture
def client(server: ContractServer) -> Iterator[MissionControl]:
    with MissionControl(server.url, "mc_agt_jordan", agent_id="jordan", retry=Retry(backoff=0.01)) as client:
        yield client


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr("missioncontrol_client.client.time.sleep", waits.append)
    return waits


def test_429_waits_as_long_as_told_and_keeps_the_key(
    client: MissionControl, server: ContractServer, slept: list[float]
) -> None:
    server.trouble += [Trouble(429, {"Retry-After": "7"}), Trouble(429, {"Retry-After": "2"})]
    client.tasks.create("One", "OPS")
    assert [7 <= slept[0] <= 8, 2 <= slept[1] <= 3] == [True, True]
    assert len({asked.headers["x-idempotency-key"] for asked in server.asked}) == 1
    assert len(server.world.tasks) == 1


def test_429_without_a_time_waits_a_minute(client: MissionControl, server: ContractServer, slept: list[float]) -> None:
    server.trouble.append(Trouble(429))
    client.tasks.list()
    assert 60 <= slept[0] <= 61


def test_after_three_retries_429_is_an_error(
    client: MissionControl, server: ContractServer, slept: list[float]
) -> None:
    server.trouble += [Trouble(429, {"Retry-After": "1"}) for _ in range(9)]
    with pytest.raises(RateLimited) as caught:
        client.tasks.list()
    assert len(server.asked) == 4 and caught.value.retry_after == 1


@pytest.mark.parametrize("status", [502, 503, 504])
def test_gateway_trouble_is_tried_twice_more(
    client: MissionControl, server: ContractServer, slept: list[float], status: int
) -> None:
    server.trouble += [Trouble(status, body=b"<html>Bad Gateway</html>") for _ in range(9)]
    with pytest.raises(ServerError) as caught:
        client.tasks.list()
    assert len(server.asked) == 3 and caught.value.code == f"HTTP_{status}"


@pytest.mark.parametrize("status", [400, 500, 501])
def test_other_errors_are_not_tried_again(client: MissionControl, server: ContractServer, status: int) -> None:
    server.trouble.append(Trouble(status))
    with pytest.raises(ApiError):
        client.tasks.list()
    assert len(server.asked) == 1


def test_a_write_whose_answer_is_lost_happens_once(client: MissionControl, server: ContractServer) -> None:
    server.trouble += [Trouble(after=True), Trouble(after=True)]
    assert client.tasks.create("Once", "OPS")["task"]["id"] == "task_1"
    assert len(server.world.tasks) == 1 and len(server.asked) == 3


def test_no_server_is_a_network_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with MissionControl(url, retry=Retry(backoff=0.01)) as client, pytest.raises(NetworkError, match=url):
            client.server.health()


def test_a_server_that_says_nothing_is_a_timeout(server: ContractServer) -> None:
    server.trouble.append(Trouble(delay=30))
    with MissionControl(server.url, timeout=0.1, retry=Retry.never()) as client, pytest.raises(RequestTimeout):
        client.server.health()


def test_a_page_instead_of_json_is_an_error(client: MissionControl, server: ContractServer) -> None:
    server.trouble.append(Trouble(200, body=b"<html>Welcome</html>"))
    with pytest.raises(ApiError, match="API URL"):
        client.tasks.list()


def test_a_call_that_still_runs_is_asked_for_again() -> None:
    running = error_for(409, {"error": {"code": "IDEMPOTENCY_IN_PROGRESS", "message": "wait"}}, retry_after=1)
    taken = error_for(409, {"error": {"code": "ALREADY_CLAIMED", "message": "no"}})
    assert isinstance(running, Conflict) and (Attempts(Retry()).wait_after(running) or 0) >= 1
    assert Attempts(Retry()).wait_after(taken) is None


def test_who_is_told_to_wait_too_long_gives_up() -> None:
    limited = error_for(429, {}, retry_after=3600)
    assert Attempts(Retry()).wait_after(limited) is None
    assert Attempts(Retry(longest_wait=7200)).wait_after(limited) is not None


def test_waits_grow_and_differ() -> None:
    waits = {Attempts(Retry()).wait_after(NetworkError("gone")) for _ in range(20)}
    assert len(waits) > 1 and all(wait is not None and 0.25 <= wait <= 0.75 for wait in waits)


def test_an_error_that_is_no_envelope_still_tells_something() -> None:
    error = error_for(400, {"error": "Name is required"})
    assert isinstance(error, BadRequest) and error.message == "Name is required"
    assert error.envelope() == {"error": {"code": "HTTP_400", "message": "Name is required"}}
