import orjson

from tests.server import Server


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
