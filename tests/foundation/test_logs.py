import time

import orjson

from tests.server import Server
from tests.webhooks.receiver import Receiver


def test_a_line_of_the_log_is_json_and_names_its_request():
    with Server(MC_LOG_FORMAT="json", MC_LOG_LEVEL="DEBUG") as running:
        _, headers, _ = running.ask_raw("GET", "/api/tasks?limit=1")
        running.ask_raw("GET", "/healthz")
    lines = [orjson.loads(line) for line in (running.log_of("web")).splitlines()]
    line = next(line for line in lines if line.get("request_id") == headers["x-request-id"] and "path" in line)
    assert (line["event"], line["method"], line["path"], line["status"]) == ("request", "GET", "/api/tasks", 200)
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")


def test_a_secret_in_a_request_is_in_no_line():
    with Server(MC_LOG_FORMAT="json", MC_LOG_LEVEL="DEBUG") as running:
        running.ask("POST", "/api/auth/login", {"username": "admin", "password": "wrong but secret"}, key="secret-key")
        running.ask("GET", "/api/tasks", key="secret-key")
    assert "secret" not in running.log_of("web")


def lines_of(log):
    """Without what others print, such as blank lines."""
    return [orjson.loads(line) for line in log.splitlines() if line.startswith("{")]


def test_from_a_request_to_its_events_and_deliveries_by_one_id():
    with (
        Receiver() as receiver,
        Server(
            worker=True,
            MC_LOG_FORMAT="json",
            MC_LOG_REQUESTS="1",
            MC_LOG_LEVEL="INFO",
            MC_WEBHOOK_ALLOWED_NETWORKS="127.0.0.0/8",
        ) as server,
    ):
        server.wait_until_ready()
        hook = {"name": "ci", "url": receiver.url, "events": ["activity.task_created"]}
        server.ask("POST", "/api/webhooks", hook)
        _, headers, _ = server.ask_raw("POST", "/api/tasks", {"title": "Follow me"})
        server.ask("POST", "/api/scheduler", {"task_id": "auto_backup"})
        deadline = time.monotonic() + 60
        while "delivered" not in server.log_of("worker") and time.monotonic() < deadline:
            time.sleep(0.1)
        events = {id for (id,) in server.query("SELECT id FROM activity_event WHERE request_id IS NOT NULL")}
    lines = lines_of(server.log_of("web")) + lines_of(server.log_of("worker"))
    mine = [line for line in lines if line.get("request_id") == headers["x-request-id"]]
    (request,) = [line for line in mine if line["event"] == "request"]
    assert (request["method"], request["path"], request["status"]) == ("POST", "/api/tasks", 201)
    recorded = {line["event_id"]: line["kind"] for line in mine if line["event"] == "recorded"}
    assert "task.created" in recorded.values()
    assert recorded.keys() <= events
    delivered = [line for line in mine if line["event"] == "delivered"]
    assert len(delivered) == 2
    assert {line["event_id"] for line in delivered} <= recorded.keys()
    assert {line["status"] for line in delivered} == {200}
    by_hand = next(line for line in lines if line["event"] == "job" and line["job"] == "auto_backup")
    started = next(line for line in lines if line["event"] == "request" and line["path"] == "/api/scheduler")
    assert by_hand["request_id"] == started["request_id"]


def test_a_run_of_a_job_and_what_it_records_have_an_id_of_their_own():
    with Server(
        worker=True, MC_LOG_FORMAT="json", MC_LOG_REQUESTS="1", MC_LOG_LEVEL="INFO", MC_SWEEP_SECONDS="1"
    ) as server:
        deadline = time.monotonic() + 60
        while "agent_heartbeat" not in server.log_of("worker") and time.monotonic() < deadline:
            time.sleep(0.2)
    lines = lines_of(server.log_of("worker"))
    runs = [line for line in lines if line["event"] == "job"]
    assert all(line["request_id"].startswith("job-") and line["ok"] for line in runs)
    assert len({line["request_id"] for line in runs}) == len(runs) > 0
