"""Two web processes against one on the hot paths, and the price of an append while others read the log.

Rates of two processes say little where the driver and the database share their cores: beside each stands how much of
the machine one process, its database and the driver used together, and with it what two could reach at most.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psutil  # type: ignore[import-untyped]

from bench import rates, report, seed
from bench.figures import Figure, failed
from bench.rates import Load
from bench.wire import NotServed, Target
from tests.databases import Postgres
from tests.server import KEY, ROOT, Server
from tests.servers import find

WORKS = {"beat": "heartbeats", "tokens": "token reports", "tasks": "polled list of 50 tasks", "create": "new tasks"}
# A database of that name, as the settings of a server.
Fresh = Callable[[str], dict[str, str]]
READERS = (0, 1, 4, 16)
APPENDS = 1500
APPENDING = """
import json, os, sys, time, django; django.setup()
from django.db import connection, transaction
from activity.catalogue import Kind
from activity.services import fact, record
from core.actors import system
def append():
    with transaction.atomic():
        record(fact(Kind.TASK_DELETED, actor=system(1), subject="task:1", data={"id": 1, "title": "bench"}))
def ticks(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
for _ in range(200):
    append()
backend = 0
if connection.vendor == "postgresql":
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
before = time.process_time() + (ticks(backend) if backend else 0)
for _ in range(int(sys.argv[1])):
    append()
print(json.dumps(time.process_time() + (ticks(backend) if backend else 0) - before))
"""
READING = """
import sys, threading, time, django; django.setup()
from activity.bell import Listener
from activity.models import Event
from activity.tail import read_after
def read():
    position = Event.objects.order_by("-id").values_list("id", flat=True).first() or 0
    with Listener() as wait:
        while True:
            if page := read_after(position, limit=500):
                position = page[-1].id
            time.sleep(0.003)
            wait()
for _ in range(int(sys.argv[1])):
    threading.Thread(target=read, daemon=True).start()
print("reading", flush=True)
sys.stdin.read()
"""


def measure(*, quick: bool) -> dict[str, list[Figure]]:
    load = Load(seconds=2, warm_up=1, runs=1) if quick else Load(seconds=4, warm_up=1, runs=3)
    tables: dict[str, list[Figure]] = {}
    with ExitStack() as stack:
        databases: dict[str, Fresh] = {"SQLite": lambda name: {}}
        if find("postgres"):
            postgres = stack.enter_context(Postgres())
            databases["PostgreSQL"] = lambda name: {"DATABASE_URL": postgres.create(name)}
        else:
            print("PostgreSQL is not installed here: SQLite alone is measured")
        for name, fresh in databases.items():
            print(f"measuring on {name} …", flush=True)
            tables[name] = [*_appends(fresh("appends")), *_one_and_two(fresh, load)]
            report.show(tables[name], 0, name)
    return tables


def _one_and_two(fresh: Fresh, load: Load) -> list[Figure]:
    one, busy = _rates(1, fresh("one"), load)
    two, _ = _rates(2, fresh("two"), load)
    figures = []
    for work, name in WORKS.items():
        faults = one[work].fault or two[work].fault
        ratio = two[work].value / one[work].value if one[work].value else 0.0
        room = (os.cpu_count() or 1) / busy[work]
        note = (
            f"{one[work].value:,.0f} → {two[work].value:,.0f} /s; one used {busy[work]:.2f} cores with driver and"
            f" database, so that {max(1.0, room):.2f} times is all there is"
        )
        detail = {"one": one[work].value, "two": two[work].value, "cores_used_by_one": busy[work]}
        figures.append(Figure(f"{name}, 2 web processes", ratio, "×", note=note, fault=faults, detail=detail))
    return figures


def _rates(web: int, environment: dict[str, str], load: Load) -> tuple[dict[str, Figure], dict[str, float]]:
    found: dict[str, Figure] = {}
    busy: dict[str, float] = {}
    with Server(web=web, **environment) as server:
        target = Target(server.url, {"x-api-key": KEY})
        planted = asyncio.run(seed.plant(target))
        for work, name in WORKS.items():
            before = psutil.cpu_times()
            try:
                found[work] = rates.measure(work, name, target, planted, load)
            except (NotServed, OSError, RuntimeError, subprocess.SubprocessError) as error:
                found[work] = failed(name, "/s", str(error))
            busy[work] = _cores(before, psutil.cpu_times())
    return found, busy


def _cores(before: Any, after: Any) -> float:
    """How many cores of the whole machine were at work."""
    idle = after.idle + after.iowait - before.idle - before.iowait
    total = sum(after[:8]) - sum(before[:8])
    return float((os.cpu_count() or 1) * (1 - idle / total))


def _appends(environment: dict[str, str]) -> list[Figure]:
    """Processor time of the process that appends and of its backend, which other processes take nothing from."""
    with Server(**environment) as server:
        spent = {}
        for readers in READERS:
            with _reading(server, readers):
                done = _python(server, APPENDING, APPENDS)
                spent[readers] = float(json.loads(done)) / APPENDS * 1e6
    note = ", ".join(f"{readers}: {microseconds:,.0f} µs" for readers, microseconds in spent.items())
    detail = {str(readers): value for readers, value in spent.items()}
    name = f"processor time of an append, {READERS[-1]} readers against none"
    return [Figure(name, spent[READERS[-1]] / spent[0], "×", note=f"by readers: {note}", detail=detail)]


@contextmanager
def _reading(server: Server, readers: int) -> Iterator[None]:
    if not readers:
        yield
        return
    command = [sys.executable, "-c", READING, str(readers)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, env=server.environment, **pipes) as process:  # type: ignore[call-overload]
        process.stdout.readline()
        yield
        process.kill()


def _python(server: Server, code: str, *words: object) -> str:
    command = [sys.executable, "-c", code, *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, env=server.environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()[-1]
