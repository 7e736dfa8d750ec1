"""What a person waits for: pages as the server renders them, with a signed-in session."""

from __future__ import annotations

import json
import time
import urllib.request

from bench.figures import Figure, failed, percentile
from bench.server import PASSWORD, USER
from bench.wire import NotServed, Target, Wire

BOARD, COSTS = "/", "/costs/"
TIMES = 20


def sign_in(target: Target) -> Target:
    """The same server, as a browser with a session cookie."""
    body = json.dumps({"username": USER, "password": PASSWORD}).encode()
    request = urllib.request.Request(f"{target.url}/api/auth/login", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        cookies = [cookie.partition(";")[0] for cookie in answer.headers.get_all("Set-Cookie", [])]
    return Target(target.url, {"Cookie": "; ".join(cookies)})


async def measure(target: Target, note: str) -> list[Figure]:
    browser = sign_in(target)
    board = await page("board page", BOARD, browser, note)
    size = Figure("board page, size", board.detail.get("kB", float("nan")), "kB", fault=board.fault)
    return [board, size, await page("costs page", COSTS, browser, note)]


async def page(name: str, path: str, browser: Target, note: str) -> Figure:
    wire, seconds, body = Wire(browser), [], b""
    for _ in range(TIMES):
        began = time.perf_counter()
        try:
            status, body = await wire.send(browser.request("GET", path))
        except (NotServed, OSError) as error:
            return failed(name, "ms", str(error))
        if status != 200:
            return failed(name, "ms", f"GET {path} answered {status}")
        seconds.append(time.perf_counter() - began)
    wire.close()
    detail = {"kB": len(body) / 1000, "p95_ms": percentile(seconds, 95) * 1000, "first_ms": seconds[0] * 1000}
    # The first answer is compared as well: nothing may hide behind a cache that the first visitor pays for.
    return Figure(
        name, percentile(seconds, 50) * 1000, "ms", note=f"{note}; first {seconds[0] * 1000:.0f} ms", detail=detail
    )
