"""The requests that a fleet sends all the time, with the writes of concurrent ones grouped into one transaction.

`POST /api/agents/{id or name}/heartbeat` and `POST /api/tokens` are answered here, on the event loop: the same
contract, roles and services as their views in `api.legacy`. Others are answered by who is given.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import structlog
from django.db import close_old_connections
from django.utils import timezone

from accounts import credentials
from accounts.access import gate, legacy
from accounts.access.limits import HEARTBEAT, limiter
from accounts.access.rates import check_rate
from accounts.credentials import Presented
from accounts.scopes import ip_by, presented_by
from core.actors import Actor, Role
from core.body import read_body
from core.errors import Denied, DomainError, RateLimited, Unauthenticated
from core.outages import NO_DATABASE, TRY_AGAIN_SECONDS, is_outage
from realtime.wire import legacy as shapes
from realtime.wire.legacy_in import connection_id_in, parse, report_in, spent_in
from tokens.beats import Answer, Beat, take_beats
from tokens.models import TokenUsage
from tokens.prices import rates
from tokens.services import Report, book

from .batch import Batcher
from .grouped import Answers, Grouped, Sorry, Takes

AGENTS, HEARTBEAT_END = "/api/agents/", "/heartbeat"
TOKENS = "/api/tokens"
STATUS = {Unauthenticated: 401, Denied: 403, RateLimited: 429}
Reply = tuple[int, dict[str, Any]]
log = structlog.get_logger(__name__)


def _take_beats(beats: Sequence[Beat]) -> Sequence[Answer | Denied | None]:
    return take_beats(beats, now=timezone.now())


def _book(reports: Sequence[Report]) -> Sequence[TokenUsage]:
    return book(reports, now=timezone.now())


class HotPaths:
    """Wraps the application that answers everything else. `together` are further kinds of requests that somebody
    answers many at a time: which ones, how, and what they hear when nobody knows whether it was done."""

    def __init__(self, inner: Any, *, together: Sequence[tuple[Takes, Answers, Sorry]] = ()) -> None:
        self.inner = inner
        # One writer: SQLite has one anyway, and it keeps beats from competing with themselves.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="ingest")
        self._beats = Batcher("beats", _take_beats, self._writer)
        self._reports = Batcher("token reports", _book, self._writer)
        self._grouped = [Grouped(inner, *one, self._writer) for one in together]

    async def start(self) -> None:
        """Do before the first report what it would have to wait for: reading the price list."""
        await asyncio.get_running_loop().run_in_executor(self._writer, rates, "claude-sonnet-4-5")

    async def stop(self) -> None:
        self._writer.shutdown(wait=False)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        path = scope["path"]
        if scope["method"] == "POST":
            if path.startswith(AGENTS) and path.endswith(HEARTBEAT_END):
                key = path[len(AGENTS) : -len(HEARTBEAT_END)]
                if key and "/" not in key:
                    scope["route"] = f"{AGENTS}<key>{HEARTBEAT_END}"
                    await self._reply(send, self._heartbeat, scope, receive, key)
                    return
            elif path == TOKENS:
                scope["route"] = TOKENS
                await self._reply(send, self._report, scope, receive)
                return
        for grouped in self._grouped:
            if grouped.takes(scope["method"], path):
                await grouped(scope, receive, send)
                return
        await self.inner(scope, receive, send)

    async def _reply(self, send: Any, answer: Any, scope: dict[str, Any], receive: Any, *rest: str) -> None:
        body = await read_body(receive)
        if body is None:
            return
        headers: dict[str, str] = {}
        try:
            status, shape = await answer(scope, body, *rest)
        except DomainError as error:
            status, shape = STATUS[type(error)], {"error": error.message}
            headers = error.headers if isinstance(error, RateLimited) else {}
        except Exception as error:
            log.exception("hot_path_failed", path=scope["path"])
            status, shape = 500, {"error": "Internal server error"}
            if is_outage(error):
                status, shape, headers = 503, {"error": NO_DATABASE}, {"Retry-After": str(TRY_AGAIN_SECONDS)}
        await _send(send, status, shape, headers)

    async def _heartbeat(self, scope: dict[str, Any], body: bytes, key: str) -> Reply:
        actor = await _admitted(scope, "agent-heartbeat")
        await _check_rate(scope, actor)
        sent = parse(body)
        beat = Beat(actor, key, connection_id_in(sent), spent_in(sent), scope.get("cause"))
        outcome = await self._beats.submit(beat)
        if outcome is None:
            return 404, {"error": "Agent not found"}
        if isinstance(outcome, Denied):
            raise outcome
        self.inner.wrote(actor)
        shape = shapes.heartbeat(outcome.agent.name, outcome.waiting, checked_at=int(time.time()))
        return 200, {**shape, "token_recorded": outcome.token_recorded}

    async def _report(self, scope: dict[str, Any], body: bytes) -> Reply:
        actor = await _admitted(scope, "tokens")
        report = report_in(parse(body), actor.workspace_id)
        if report is None:
            return 400, {"error": "Invalid token usage record"}
        row = await self._reports.submit(report)
        return 200, {"success": True, "record": row.as_record()}


async def _admitted(scope: dict[str, Any], route: str) -> Actor:
    least = legacy.TABLE[route]["POST"]
    assert least is not None
    presented = presented_by(scope)
    known, actor = credentials.remembered(presented)
    if known and actor is not None:
        return gate.check_role(actor, least)
    return await asyncio.get_running_loop().run_in_executor(None, _admit, presented, least)


def _admit(presented: Presented, least: Role) -> Actor:
    close_old_connections()
    return gate.admit(presented, least)


async def _check_rate(scope: dict[str, Any], actor: Actor) -> None:
    if not limiter().applies(HEARTBEAT):
        return
    await asyncio.get_running_loop().run_in_executor(None, _count, actor, ip_by(scope))


def _count(actor: Actor, ip: str) -> None:
    close_old_connections()
    check_rate(HEARTBEAT, actor.agent_name or ip, actor=actor, ip=ip, now=timezone.now())


async def _send(send: Any, status: int, shape: dict[str, Any], extra: dict[str, str]) -> None:
    body = orjson.dumps(shape)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in extra.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
