import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bench.wire import NotServed, Target, Wire


def asked(handler, *paths: str) -> list[tuple[int, bytes]]:
    async def scenario():
        app = web.Application()
        app.router.add_get("/{path}", handler)
        async with TestServer(app) as server:
            target = Target(str(server.make_url("")), {"x-api-key": "k"})
            wire = Wire(target)
            answers = [await wire.send(target.request("GET", path)) for path in paths]
            wire.close()
            return answers

    return asyncio.run(scenario())


async def chunked(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    answer.enable_chunked_encoding()
    await answer.prepare(request)
    for part in (b"one ", b"two"):
        await answer.write(part)
    return answer


async def plain(request: web.Request) -> web.Response:
    answer = web.Response(text=request.headers["x-api-key"], status=404 if "missing" in request.path else 200)
    if "close" in request.path:
        answer.force_close()
    return answer


def test_answers_of_both_kinds_are_read_to_their_end():
    assert asked(plain, "/a", "/missing", "/b") == [(200, b"k"), (404, b"k"), (200, b"k")]
    assert asked(chunked, "/a", "/b") == [(200, b"one two"), (200, b"one two")]


def test_a_connection_that_was_closed_is_opened_again():
    assert asked(plain, "/close", "/a") == [(200, b"k"), (200, b"k")]


def test_an_answer_that_cannot_count_is_an_error():
    async def scenario():
        async with TestServer(web.Application()) as server:
            wire = Wire(Target(str(server.make_url("")), {}))
            try:
                await wire.call("GET", "/nowhere")
            finally:
                wire.close()

    with pytest.raises(NotServed, match="404"):
        asyncio.run(scenario())
