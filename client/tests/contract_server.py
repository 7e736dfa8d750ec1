"""A small server on a real socket that speaks the contract, remembers what it was asked, and fails on request."""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import domain

TOKENS = {"mc_agt_jordan": "jordan", "mc_agt_casey": "casey", "mc_adm_root": "admin"}


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any


@dataclass
class Trouble:
    """What happens to the next request instead of an answer; `after`: it has been carried out by then."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    after: bool = False
    delay: float = 0.0


class ContractServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.asked: list[Asked] = []
        self.trouble: list[Trouble] = []
        self.world = domain.World()
        self.replays: dict[tuple[str, str, str], tuple[str, int, Any]] = {}
        self.lock = threading.RLock()
        self.frames: list[tuple[int | None, str]] = []
        self.frames_per_connection: int | None = None
        self.closing = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error here."""

    def calls(self, method: str, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.method == method and asked.path == f"/api/v1{path}"]

    def publish(self, number: int | None, kind: str, data: Any) -> None:
        text = json.dumps({"type": kind, "data": data, "timestamp": 1_770_000_000_000}, ensure_ascii=False)
        self.frames.append((number, text))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ContractServer

    def log_message(self, *unused: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.answer()

    do_POST = do_PATCH = do_DELETE = do_GET

    def answer(self) -> None:
        parts = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(content) if content else None
        asked = Asked(self.command, parts.path, parse_qs(parts.query), headers, body)
        with self.server.lock:
            self.server.asked.append(asked)
            trouble = self.server.trouble.pop(0) if self.server.trouble else None
        if trouble is not None and not trouble.after:
            return self.fail(trouble)
        if parts.path == "/api/events":
            return self.stream(asked)
        with self.server.lock:
            status, found, extra = self.served(asked)
        if trouble is not None:
            return self.fail(trouble)
        self.write(status, found, extra)

    def served(self, asked: Asked) -> tuple[int, Any, dict[str, str]]:
        if asked.path == "/api/v1/health":
            return 200, {"status": "ok", "version": "1.0.0", "time": "2026-02-01T10:00:00Z"}, {}
        actor = TOKENS.get(asked.headers.get("authorization", "").removeprefix("Bearer "))
        if actor is None:
            return 401, domain.refusal("UNAUTHORIZED", "who are you?"), {"WWW-Authenticate": "Bearer"}
        if actor != "admin" and asked.headers.get("x-agent-id") not in (None, actor):
            return 403, domain.refusal("AGENT_MISMATCH", "that is another agent"), {}
        key = asked.headers.get("x-idempotency-key")
        if key is None:
            return *self.server.world.handle(actor, asked), {}
        place = (actor, asked.method + re.sub(r"_\d+", "", asked.path), key)
        print_ = asked.path + json.dumps(asked.body, sort_keys=True)
        if place in self.server.replays:
            known, status, found = self.server.replays[place]
            if known != print_:
                return 409, domain.refusal("IDEMPOTENCY_CONFLICT", "this key was used for something else"), {}
            return status, found, {"X-Idempotent-Replay": "true"}
        status, found = self.server.world.handle(actor, asked)
        if status < 300:
            self.server.replays[place] = (print_, status, found)
        return status, found, {}

    def fail(self, trouble: Trouble) -> None:
        if trouble.delay:
            self.server.closing.wait(trouble.delay)
        if trouble.status is None:
            self.close_connection = True
            return
        body = trouble.body
        if body is None:
            code = {429: "RATE_LIMITED", 503: "UNAVAILABLE"}.get(trouble.status, "INTERNAL_ERROR")
            body = json.dumps(domain.refusal(code, "not now")).encode()
        self.send(trouble.status, body, trouble.headers)

    def write(self, status: int, found: Any, headers: dict[str, str]) -> None:
        body = b"" if status == 204 else json.dumps(found, ensure_ascii=False).encode()
        self.send(status, body, {"Content-Type": "application/json; charset=utf-8", **headers})

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, asked: Asked) -> None:
        if asked.headers.get("x-api-key") not in TOKENS:
            return self.write(401, {"error": "Unauthorized"}, {})
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        self.frame('retry: 20\ndata: {"type":"connected","data":null,"timestamp":1770000000000}\n\n: heartbeat\n\n')
        seen = int(asked.headers.get("last-event-id") or 0)
        sent = position = 0
        while not self.server.closing.is_set():
            for number, text in self.server.frames[position:]:
                position += 1
                if number is not None and number <= seen:
                    continue
                self.frame((f"id: {number}\n" if number is not None else "") + f"data: {text}\n\n")
                sent += 1
                if sent == self.server.frames_per_connection:
                    return
            time.sleep(0.01)

    def frame(self, text: str) -> None:
        self.wfile.write(text.encode())
        self.wfile.flush()
