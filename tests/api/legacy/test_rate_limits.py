from __future__ import annotations

import time

from django.test import override_settings

from tests.base import LegacyApiTestCase, forget_rates
from tests.factories import make_agent, make_task

TOO_MANY = {"error": "Too many requests. Please try again later."}


@override_settings(RATE_LIMITS_OFF=False)
class RateLimitTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        forget_rates()
        self.agent = make_agent("nova")
        self.task = make_task()

    def from_address(self, address):
        self.client.defaults["REMOTE_ADDR"] = address

    def test_all_mutations_share_one_bucket_per_address(self):
        calls = [
            ("POST", "/api/tasks"), ("PUT", "/api/tasks"), ("PUT", f"/api/tasks/{self.task.pk}"),
            ("DELETE", "/api/tasks/987654"), ("POST", f"/api/tasks/{self.task.pk}/comments"), ("POST", "/api/agents"),
            ("PUT", "/api/agents"), ("POST", "/api/quality-review"), ("PUT", "/api/notifications"),
            ("POST", "/api/projects"),
        ]  # fmt: skip
        for n in range(60):
            assert self.call(*calls[n % len(calls)], {}, as_=self.alice).status != 429
        for method, path in calls:
            with self.subTest(method=method, path=path):
                answer = self.call(method, path, {}, as_=self.alice)
                assert (answer.status, answer.body) == (429, TOO_MANY)
                assert not {"retry-after", "x-ratelimit-limit"} & {name.lower() for name in answer.headers}
        self.from_address("10.0.0.2")
        assert self.post("/api/tasks", {}).status == 400

    def test_reads_and_unlimited_routes_never_fill_the_bucket(self):
        for _ in range(61):
            self.put(f"/api/agents/{self.agent.pk}", {})
            self.post("/api/tokens", {})
            self.post("/api/connect", {})
            self.get("/api/tasks")
        assert self.post("/api/tasks", {"title": "x"}).status == 201
        assert self.post("/api/tokens", {}).status == 400

    def test_the_role_comes_before_the_limit_and_the_limit_before_the_body(self):
        for _ in range(61):
            self.post("/api/tasks", b"no json")
        assert self.post("/api/tasks", {}, as_=self.vera).status == 403
        assert self.post("/api/tasks", b"no json").status == 429

    def test_who_is_refused_by_role_uses_nothing_up(self):
        for _ in range(61):
            self.post("/api/tasks", {}, as_=self.vera)
        assert self.post("/api/tasks", {}).status == 400

    def test_an_agent_beats_thirty_times_a_minute(self):
        path = f"/api/agents/{self.agent.pk}/heartbeat"
        began = int(time.time())
        assert {self.post(path).status for _ in range(30)} == {200}
        answer = self.post(path)
        assert (answer.status, answer.body) == (429, {"error": "Agent heartbeat rate limit exceeded."})
        headers = answer.headers
        assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("30", "0")
        assert 1 <= int(headers["Retry-After"]) <= 60
        assert began <= int(headers["X-RateLimit-Reset"]) <= began + 65

    def test_beats_are_counted_by_the_agents_header(self):
        path = "/api/agents/nova/heartbeat"
        for _ in range(30):
            self.post(path, x_agent_name="nova")
        assert self.post(path, x_agent_name="nova").status == 429
        assert self.post(path).status == 200

    def test_a_get_beats_without_limit(self):
        assert {self.get(f"/api/agents/{self.agent.pk}/heartbeat").status for _ in range(35)} == {200}

    def test_an_agent_polls_the_queue_twenty_times_a_minute(self):
        assert {self.get("/api/tasks/queue").status for _ in range(20)} == {400}
        answer = self.get("/api/tasks/queue?agent=nova")
        assert (answer.status, answer.body) == (429, {"error": "Agent task polling rate limit exceeded."})
        assert answer.headers["X-RateLimit-Limit"] == "20"
        assert self.get("/api/tasks/queue", x_agent_name="nova").status == 200

    def test_good_answers_carry_no_rate_headers(self):
        answer = self.post(f"/api/agents/{self.agent.pk}/heartbeat")
        assert not [name for name in answer.headers if name.lower().startswith(("x-ratelimit", "retry-after"))]

    def test_forwarded_addresses_count_only_from_a_trusted_proxy(self):
        for n in range(61):
            self.post("/api/tasks", {}, x_forwarded_for=f"1.2.3.{n}")
        assert self.post("/api/tasks", {}, x_forwarded_for="9.9.9.9").status == 429
        with self.settings(TRUSTED_PROXIES={"127.0.0.1"}):
            assert self.post("/api/tasks", {}, x_forwarded_for="9.9.9.9").status == 400
            assert self.post("/api/tasks", {}, x_forwarded_for="9.9.9.9, 127.0.0.1").status == 400


class SwitchedOffTests(LegacyApiTestCase):
    def test_limits_that_are_switched_off_refuse_nobody(self):
        assert {self.post("/api/tasks", {}).status for _ in range(65)} == {400}
