"""What a test client hides: the conventions of the wire, byte by byte, over a real socket."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from tests.server import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@contextmanager
def connection(server: Server) -> Iterator[http.client.HTTPConnection]:
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        yield link
    finally:
        link.close()


def exchange(link: http.client.HTTPConnection, method: str, path: str, body: Any = None, **headers: str) -> Reply:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    link.request(method, path, body, sent)
    answer = link.getresponse()
    return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


def ask(server: Server, method: str, path: str, body: Any = None, *, key: str | None = "", **headers: str) -> Reply:
    if key is not None:
        headers["x_api_key"] = key or server.key
    with connection(server) as link:
        return exchange(link, method, path, body, **headers)


def raw(server: Server, request: bytes) -> bytes:
    """Whatever comes back until the server hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as link:
        link.sendall(request)
        answer = b""
        while piece := link.recv(65536):
            answer += piece
    return answer


def task(title: str) -> bytes:
    return orjson.dumps({"title": title})


def test_head_is_get_without_the_body(server):
    got, head = ask(server, "GET", "/api/tasks"), ask(server, "HEAD", "/api/tasks")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-type"] == got.headers["content-type"] == "application/json"


def test_head_needs_credentials_too(server):
    assert ask(server, "HEAD", "/api/tasks", key=None).status == 401


def test_an_unknown_method_of_a_known_path_is_405_without_a_body(server):
    for method in ("PATCH", "DELETE"):
        reply = ask(server, method, "/api/tasks")
        assert (reply.status, reply.body) == (405, b"")
        assert reply.headers.get("allow", "GET, POST, PUT") == "GET, POST, PUT"
    assert ask(server, "PATCH", "/api/tasks", key=None).status == 401


def test_options_names_the_methods_in_order(server):
    reply = ask(server, "OPTIONS", "/api/tasks")
    assert (reply.status, reply.body) == (204, b"")
    assert reply.headers["allow"] == "GET, HEAD, OPTIONS, POST, PUT"
    assert not [name for name in reply.headers if name.startswith("access-control")]
    assert ask(server, "OPTIONS", "/api/tasks", key=None).status == 401


def test_a_body_on_delete_is_read(server):
    sent = orjson.dumps({"tool_name": "curl", "agent_name": "deleter"})
    connected = ask(server, "POST", "/api/connect", sent).json
    body = orjson.dumps({"connection_id": connected["connection_id"]})
    assert ask(server, "DELETE", "/api/connect", body).json["status"] == "disconnected"
    assert ask(server, "DELETE", "/api/connect").json == {"error": "Invalid request body"}


@pytest.mark.parametrize(
    "type", [None, "text/plain", "application/x-www-form-urlencoded", "application/xml; charset=x"]
)
def test_whatever_the_content_type_says_a_body_is_json(server, type):
    headers = {"content_type": type} if type else {}
    assert ask(server, "POST", "/api/tasks", task(f"typed {type}"), **headers).status == 201


def test_whatever_the_client_accepts_the_answer_is_json(server):
    reply = ask(server, "GET", "/api/tasks", accept="text/html")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")


def test_a_chunked_body_is_read(server):
    pieces = iter([b'{"title":', b'"in pieces"', b"}"])
    reply = ask(server, "POST", "/api/tasks", pieces)
    assert reply.json["task"]["title"] == "in pieces"


@pytest.mark.parametrize("path", ["/api/tasks/", "/api//tasks", "/api/tasks//?limit=1"])
def test_a_slash_too_many_leads_to_the_clean_address(server, path):
    reply = ask(server, "GET", path, key=None)
    assert reply.status == 308
    assert reply.headers["location"] in ("/api/tasks", "/api/tasks?limit=1")


def test_addresses_are_case_sensitive(server):
    reply = ask(server, "GET", "/api/Tasks")
    assert (reply.status, reply.json) == (404, {"error": "Not found"})


def test_an_unknown_address_is_404_for_those_who_may_come_in(server):
    assert ask(server, "POST", "/api/nowhere", b"{}").json == {"error": "Not found"}
    reply = ask(server, "GET", "/api/nowhere", key=None)
    assert (reply.status, reply.json) == (401, {"error": "Unauthorized"})


def test_one_connection_serves_many_requests(server):
    with connection(server) as link:
        for n in range(20):
            assert exchange(link, "POST", "/api/tasks", task(f"kept {n}"), x_api_key=server.key).status == 201
            assert exchange(link, "GET", "/api/tasks?limit=1", x_api_key=server.key).status == 200
            assert exchange(link, "GET", "/api/nowhere", x_api_key=server.key).status == 404


def test_a_refused_body_does_not_spoil_the_connection(server):
    with connection(server) as link:
        assert exchange(link, "POST", "/api/tasks", b"x" * 100_000, x_api_key="wrong").status == 401
        assert exchange(link, "GET", "/api/tasks?limit=1", x_api_key=server.key).status == 200


def test_a_large_body_is_stored_whole(server):
    made = ask(server, "POST", "/api/tasks", task("with a long comment")).json["task"]
    content = "x" * (6 * 1024 * 1024)
    reply = ask(server, "POST", f"/api/tasks/{made['id']}/comments", orjson.dumps({"content": content}))
    assert reply.status == 201
    assert reply.json["comment"]["content"] == content


def test_a_body_beyond_the_limit_is_no_json(server):
    reply = ask(server, "POST", "/api/tasks", task("x" * (11 * 1024 * 1024)))
    assert (reply.status, reply.json) == (400, {"error": "Invalid request body"})


def test_very_long_headers_end_in_a_4xx_and_the_server_lives_on(server):
    head = f"GET /api/tasks HTTP/1.1\r\nHost: localhost\r\nx-api-key: {server.key}\r\nx-long: {'y' * 300_000}\r\n"
    answer = raw(server, head.encode() + b"Connection: close\r\n\r\n")
    assert answer[:12] in (b"", b"HTTP/1.1 431", b"HTTP/1.1 400", b"HTTP/1.1 200")
    assert ask(server, "GET", "/api/tasks").status == 200


def test_an_unreadable_request_is_refused_and_the_server_lives_on(server):
    assert raw(server, b"\x16\x03\x01\x02\x00 hello\r\n\r\n").startswith(b"HTTP/1.1 400")
    assert ask(server, "GET", "/api/tasks").status == 200


def test_a_client_that_leaves_in_the_middle_of_its_body_costs_nothing(server):
    head = f"POST /api/tasks HTTP/1.1\r\nHost: x\r\nx-api-key: {server.key}\r\nContent-Length: 1000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as link:
        link.sendall(head.encode() + b'{"title":"half')
    assert "half" not in ask(server, "GET", "/api/tasks?limit=5").body.decode()


def test_old_http_gets_an_answer_and_a_hang_up(server):
    answer = raw(server, f"GET /api/tasks?limit=1 HTTP/1.0\r\nx-api-key: {server.key}\r\n\r\n".encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 200 " in head.splitlines()[0]
    assert orjson.loads(body)["limit"] == 1


def test_expect_100_continue_is_answered(server):
    body = task("expected")
    head = (
        f"POST /api/tasks HTTP/1.1\r\nHost: x\r\nx-api-key: {server.key}\r\nExpect: 100-continue\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as link:
        link.sendall(head.encode())
        assert link.recv(100).startswith(b"HTTP/1.1 100")
        link.sendall(body)
        assert b"201" in link.recv(65536).splitlines()[0]


def test_a_byte_order_mark_and_broken_bytes_are_no_obstacle(server):
    assert ask(server, "POST", "/api/tasks", b"\xef\xbb\xbf" + task("marked")).status == 201
    broken = ask(server, "POST", "/api/tasks", b'{"title":"a\xff"}')
    assert broken.json["task"]["title"] == "a\ufffd"


def test_the_last_of_two_equal_keys_wins(server):
    assert ask(server, "POST", "/api/tasks", b'{"title":"one","title":"two"}').json["task"]["title"] == "two"


def test_texts_are_stored_as_sent(server):
    for title in (" ", "  padded  ", "\u202eمرحبا", "🦀" * 250, "line\nbreak\ttab"):
        assert ask(server, "POST", "/api/tasks", task(title)).json["task"]["title"] == title


def test_every_spelling_of_the_key_is_accepted(server):
    for header in ("Bearer", "bearer", "ApiKey", "Token", "tOkEn"):
        assert ask(server, "GET", "/api/tasks", key=None, authorization=f"{header} {server.key}").status == 200
    for key in ("operator-key", "operator:operator-key"):
        assert ask(server, "POST", "/api/tasks", task("keyed"), key=key).status == 201
    assert ask(server, "GET", "/api/tasks", key="x", authorization=f"Bearer {server.key}").status == 401


def test_the_first_of_repeated_parameters_wins(server):
    assert ask(server, "GET", "/api/tasks?limit=2&limit=7").json["limit"] == 2


def test_junk_in_the_query_falls_back_or_is_cut(server):
    for query, limit in (("limit=abc", 50), ("limit=", 50), ("limit=1.5", 1), ("limit=9999", 200), ("limit=-1", 0)):
        assert ask(server, "GET", f"/api/tasks?{query}").json["limit"] == limit
    assert ask(server, "GET", "/api/tasks?offset=-5&limit=1").json["page"] == 1
    assert ask(server, "GET", f"/api/tasks?offset={'9' * 40}").status == 200
    assert ask(server, "GET", "/api/tasks?status=%00%ff%F0%9F").json["tasks"] == []


def test_json_answers_carry_no_caching_but_the_documents_do(server):
    assert "cache-control" not in ask(server, "GET", "/api/projects").headers
    assert ask(server, "GET", "/api/docs", key=None).headers["cache-control"] == "public, max-age=3600"


def test_a_stream_begins_at_once_and_head_does_not_stream(server):
    assert ask(server, "HEAD", "/api/events").headers["content-type"] == "text/event-stream"
    head = f"GET /api/events HTTP/1.1\r\nHost: x\r\nx-api-key: {server.key}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as link:
        link.sendall(head.encode())
        heard = b""
        while b'"connected"' not in heard:
            heard += link.recv(65536)
    assert b"x-accel-buffering: no" in heard.lower()
