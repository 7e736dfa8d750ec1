"""What every answer has in common, and what no surface gets to see."""

import re

import pytest

from tests.realtime.listening import listening
from tests.server import Server, unique

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


@pytest.fixture(scope="module")
def choosy():
    with Server(MC_ALLOWED_HOSTS="control.example.com,*.fleet.example,10.1.*") as running:
        yield running


ANSWERS = [
    ("GET", "/api/tasks", None),
    ("GET", "/api/agents", None),
    ("POST", "/api/tasks", {"title": "edge"}),
    ("POST", "/api/tokens", {"model": "gpt-4o", "sessionId": "e:chat", "inputTokens": 1, "outputTokens": 1}),
    ("POST", "/api/tokens", b"{"),
    ("POST", "/api/agents/nobody/heartbeat", {}),
    ("GET", "/api/unknown", None),
    ("GET", "/unknown", None),
    ("DELETE", "/api/tasks", None),
    ("OPTIONS", "/api/tasks", None),
    ("HEAD", "/api/tasks", None),
    ("GET", "/login/", None),
    ("GET", "/", None),
    ("GET", "/admin/", None),
    ("GET", "/static/css/tokens.css", None),
    ("GET", "/healthz", None),
    ("GET", "/readyz", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ANSWERS)
def test_every_answer_has_an_id_and_the_security_headers(server, method, path, body):
    _, headers, _ = server.ask_raw(method, path, body)
    headers = {name.lower(): value for name, value in headers.items()}
    assert UUID.fullmatch(headers["x-request-id"])
    assert {name: headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy and "default-src 'self'" in policy


def test_a_stream_has_them_too(server):
    with listening(server) as stream:
        assert UUID.fullmatch(stream.headers["x-request-id"])
        assert {name: stream.headers.get(name) for name in EVERYWHERE} == EVERYWHERE


def test_an_unchanged_list_has_them_too(server):
    _, headers, _ = server.ask_raw("GET", "/api/tasks")
    for _ in range(2):
        status, headers, _ = server.ask_raw("GET", "/api/tasks", headers={"If-None-Match": headers.get("etag", "")})
    assert status == 304
    assert UUID.fullmatch(headers["x-request-id"])


def test_each_request_has_an_id_of_its_own(server):
    ids = {server.ask_raw("GET", "/healthz")[1]["x-request-id"] for _ in range(5)}
    assert len(ids) == 5


def test_plain_http_promises_no_https(server):
    _, headers, _ = server.ask_raw("GET", "/healthz")
    assert "strict-transport-security" not in headers


def test_behind_a_tls_proxy_https_is_promised(server):
    _, headers, _ = server.ask_raw("GET", "/healthz", headers={"X-Forwarded-Proto": "https"})
    assert headers["strict-transport-security"].startswith("max-age=63072000")


@pytest.mark.parametrize(
    "host", ["control.example.com", "CONTROL.example.com:3000", "a.fleet.example", "10.1.2.3", "localhost", "[::1]:80"]
)
def test_an_allowed_host_is_served(choosy, host):
    assert choosy.ask("GET", "/api/tasks", headers={"Host": host})[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "fleet.example", "control.example.com.evil", "x10.1.2.3", ""])
@pytest.mark.parametrize("path", ["/api/tasks", "/api/events", "/login/", "/static/css/tokens.css"])
def test_another_host_is_forbidden_everywhere(choosy, host, path):
    status, headers, body = choosy.ask_raw("GET", path, headers={"Host": host})
    assert (status, body) == (403, b"Forbidden")
    assert headers["content-type"].startswith("text/plain")


def test_without_a_list_every_host_is_served(server):
    assert server.ask("GET", "/api/tasks", headers={"Host": "anything.example"})[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_change_from_another_origin_is_refused_before_credentials_are_looked_at(server, method):
    for path in ("/api/tasks", "/api/tokens", "/api/agents/x/heartbeat", "/api/events", "/api/auth/login"):
        for key in (server.key, None):
            answer = server.ask(method, path, {}, key=key, headers={"Origin": "https://evil.example"})
            assert answer == (403, {"error": "CSRF origin mismatch"})


def test_such_a_refusal_is_in_the_words_of_the_dialect(server):
    headers = {"origin": "https://evil.example"}
    status, body = server.ask("POST", "/api/v1/tasks", {"title": "x"}, key=None, headers=headers)
    assert (status, body["error"]["code"]) == (403, "FORBIDDEN")
    assert body["error"]["message"] and body["error"]["requestId"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "null"},
        {"Origin": "::::"},
        {"Origin": "https://front.example", "X-Forwarded-Host": "other.example, front.example"},
        {"Origin": "https://front.example", "X-Original-Host": "front.example:443"},
        {"Origin": "https://FRONT.example", "X-Forwarded-Server": "front.example"},
        {"Origin": "http://[::1]:9999", "Host": "[::1]:3000"},
        {"Origin": "https://front.example", "Forwarded": 'for=1.2.3.4;host="front.example"'},
    ],
)
def test_a_change_from_the_own_origin_is_accepted(server, headers):
    assert server.ask("POST", "/api/tasks", {"title": unique("origin")}, headers=headers)[0] == 201


def test_reading_is_never_a_matter_of_origin(server):
    assert server.ask("GET", "/api/tasks", headers={"Origin": "https://evil.example"})[0] == 200
