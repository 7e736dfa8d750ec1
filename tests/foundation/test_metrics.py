"""`GET /metrics` of a running server with its worker."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from core import metrics
from tests.realtime.listening import listening
from tests.server import ROOT, Server, free_port, unique

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(scope="module")
def whole():
    with Server(web=2, worker=True) as running:
        running.wait_until_ready()
        yield running


def samples(server: Server) -> Samples:
    status, _, body = server.ask_raw("GET", "/metrics", key=server.key)
    assert status == 200
    families = text_string_to_metric_families(body.decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(found: Samples, name: str, **labels: str) -> float:
    return found.get((name, frozenset(labels.items())), 0.0)


def until(server: Server, holds: Callable[[Samples], bool]) -> Samples:
    wait_for(lambda: holds(samples(server)))
    return samples(server)


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_strangers_learn_nothing(whole):
    assert whole.ask_raw("GET", "/metrics", key=None)[0] == 401


def test_requests_of_all_web_processes_are_counted_by_route(whole):
    def told(found: Samples) -> float:
        return value(found, "mc_http_request_seconds_count", method="GET", route="/api/tasks/<key>", status="404")

    before = told(samples(whole))
    for n in range(30):
        whole.ask("GET", f"/api/tasks/{90_000 + n}")
    until(whole, lambda found: told(found) == before + 30)


def test_hot_paths_have_names_too(whole):
    name = unique("agent")
    whole.ask("POST", "/api/agents", {"name": name, "role": "coder"})
    whole.ask("POST", f"/api/agents/{name}/heartbeat", {})
    route = "/api/agents/<key>/heartbeat"
    found = until(
        whole,
        lambda found: value(found, "mc_http_request_seconds_count", method="POST", route=route, status="200") >= 1,
    )
    assert value(found, "mc_group_commit_size_count", kind="beats") >= 1
    assert not any(name in dict(labels).values() for _, labels in found)


def test_open_streams_are_counted_while_they_are_open(whole):
    with listening(whole, "/api/events"):
        until(whole, lambda found: value(found, "mc_streams_open", kind="sse") == 1)
    until(whole, lambda found: value(found, "mc_streams_open", kind="sse") == 0)


def test_the_database_and_the_worker_tell_too(whole):
    before = samples(whole)
    whole.ask("POST", "/api/tasks", {"title": unique("task")})
    found = until(whole, lambda found: value(found, "mc_log_position") > value(before, "mc_log_position"))
    assert value(found, "mc_tasks", status="INBOX") == value(before, "mc_tasks", status="INBOX") + 1
    assert value(found, "mc_worker_alive") == 1
    job = {"job": "activity.jobs.fold_back_the_write_ahead_log", "outcome": "success"}
    until(whole, lambda found: value(found, "mc_job_seconds_count", **job) >= 1)


def test_a_reader_that_is_behind_is_seen(whole):
    position = whole.django(
        "from activity.models import Event, Reader\n"
        "answer = Event.objects.order_by('-id').first().pk\n"
        "Reader.objects.create(name='slow', position=answer - 1)"
    )
    assert position > 1
    found = samples(whole)
    lag = value(found, "mc_log_reader_lag_events", reader="slow")
    assert lag >= 1


def test_a_worker_on_a_machine_of_its_own_tells_what_it_counted():
    port = free_port()
    with Server(worker=True, MC_METRICS_PORT=str(port)) as running:
        running.wait_until_ready()
        wait_for(lambda: "mc_job_seconds" in page(f"http://127.0.0.1:{port}/metrics"))


def page(url: str) -> str:
    """Empty while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.read().decode())
    except urllib.error.URLError:
        return ""


def test_a_restart_begins_again_at_zero(whole):
    def answered(found: Samples) -> float:
        return sum(figure for (name, _), figure in found.items() if name == "mc_http_request_seconds_count")

    for _ in range(20):
        whole.ask("GET", "/api/me")
    before = answered(samples(whole))
    whole.stop("web")
    whole.start("web")
    whole.wait_until_alive()
    assert answered(samples(whole)) < before


def test_the_dashboard_for_grafana_asks_for_nothing_else(whole):
    panels = json.loads((ROOT / "docs" / "grafana.json").read_text())["panels"]
    asked = {name for panel in panels for target in panel["targets"] for name in re.findall(r"mc_\w+", target["expr"])}
    told = {metric._name for metric in vars(metrics).values() if isinstance(metric, MetricWrapperBase)}
    told |= set(re.findall(r"^# TYPE (\w+)", whole.ask_raw("GET", "/metrics", key=whole.key)[2].decode(), re.M))
    assert {re.sub(r"_(count|sum|bucket)$", "", name) for name in asked} <= told
    assert {"mc_http_request_seconds", "mc_log_reader_lag_events"} <= told
