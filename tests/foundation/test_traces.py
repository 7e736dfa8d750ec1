"""Traces of a running server with its worker, as a collector gets them."""

from __future__ import annotations

import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from tests.collector import Collector
from tests.server import ROOT, Server
from tests.webhooks.receiver import Receiver

SERVER, CLIENT = 2, 3
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = f"00-{TRACE}-b7ad6b7169203331-01"
LOADED = "import sys; import missioncontrol.asgi; print(any(name.startswith('opentelemetry') for name in sys.modules))"
WITHOUT_PACKAGES = "import sys; sys.modules['opentelemetry.sdk'] = None; import missioncontrol.asgi; print('up')"


def wait_for(holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def traced():
    """One task made by a request that belongs to somebody's trace, told to a webhook; one beat; one job."""
    with Collector() as collector, Receiver() as receiver:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        with Server(worker=True, MC_WEBHOOK_ALLOWED_NETWORKS="127.0.0.0/8", MC_SWEEP_SECONDS="1", **settings) as server:
            server.wait_until_ready()
            hook = {"name": "ci", "url": receiver.url, "events": ["activity.task_created"]}
            assert server.ask("POST", "/api/webhooks", hook)[0] == 200
            server.ask("POST", "/api/agents", {"name": "nova", "role": "coder"})
            status, headers, _ = server.ask_raw(
                "POST", "/api/tasks?token=of-a-query", {"title": "Traced"}, headers={"traceparent": CALLER}
            )
            assert status == 201
            server.ask("POST", "/api/agents/nova/heartbeat", {})
            wait_for(lambda: len(receiver.got) == 2 and len(collector.named("deliver activity.task_created")) == 2)
            wait_for(lambda: collector.named("job agent_heartbeat") and collector.named("commit beats"))
            yield SimpleNamespace(spans=collector, got=receiver.got, request=headers["x-request-id"])


def test_a_request_continues_the_callers_trace(traced):
    (request,) = traced.spans.named("POST /api/tasks")
    assert (request.service, request.kind) == ("missioncontrol-web", SERVER)
    assert (request.trace, request.parent) == (TRACE, "b7ad6b7169203331")
    assert (request.about["http.route"], request.about["http.response.status_code"]) == ("/api/tasks", 201)
    assert (request.about["mc.workspace"], request.about["mc.request_id"]) == (1, traced.request)


def test_the_transaction_of_its_service_is_within_it(traced):
    (request,) = traced.spans.named("POST /api/tasks")
    within = {span.name for span in traced.spans.spans if span.parent == request.id}
    assert any(name.startswith("transaction tasks.services.") for name in within)


def test_deliveries_belong_to_the_trace_of_what_they_tell_of_and_pass_it_on(traced):
    (request,) = traced.spans.named("POST /api/tasks")
    deliveries = traced.spans.named("deliver activity.task_created")
    for span in deliveries:
        assert (span.service, span.kind) == ("missioncontrol-worker", CLIENT)
        assert (span.trace, span.parent) == (TRACE, request.id)
        assert (span.about["mc.attempt"], span.about["http.response.status_code"]) == (1, 200)
    passed_on = {got.headers["traceparent"] for got in traced.got}
    assert passed_on == {f"00-{TRACE}-{span.id}-01" for span in deliveries}


def test_a_page_of_the_log_is_linked_with_the_requests_that_wrote_it(traced):
    (request,) = traced.spans.named("POST /api/tasks")
    pages = traced.spans.named("read realtime.readers.feed_webhooks")
    assert any(request.id in span.links for span in pages)


def test_a_batch_is_linked_with_its_requests(traced):
    (beat,) = traced.spans.named("POST /api/agents/<key>/heartbeat")
    (batch,) = traced.spans.named("commit beats")
    assert batch.links == (beat.id,)
    assert batch.about["mc.batch.size"] == 1


def test_a_run_of_a_job_is_a_span(traced):
    span = traced.spans.named("job agent_heartbeat")[0]
    assert span.service == "missioncontrol-worker"
    assert span.about["mc.request_id"].startswith("job-")


def test_nothing_of_a_query_or_a_body_is_in_a_span(traced):
    everything = "".join(span.raw for span in traced.spans.spans)
    assert "of-a-query" not in everything
    assert "Traced" not in everything


def process(code, folder, **environment):
    server = Server(folder=folder, MC_LOG_FORMAT="json", **environment)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=server.environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip(), done.stderr


def test_without_the_variables_nothing_of_it_is_loaded(tmp_path):
    assert process(LOADED, tmp_path)[0] == "False"


@pytest.mark.parametrize("off", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_it_can_be_switched_off_as_the_standard_has_it(tmp_path, off):
    assert process(LOADED, tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1", **off)[0] == "False"


def test_where_packages_are_missing_it_says_which_and_goes_on(tmp_path):
    out, err = process(WITHOUT_PACKAGES, tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")
    assert out == "up"
    assert "no_traces" in err and "missioncontrol[tracing]" in err


def test_another_protocol_is_refused_in_words(tmp_path):
    wanted = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    _, err = process("import missioncontrol.asgi", tmp_path, **wanted)
    assert "OTEL_EXPORTER_OTLP_PROTOCOL is grpc" in err
