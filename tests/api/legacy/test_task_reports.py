from __future__ import annotations

from datetime import timedelta

from django.test import override_settings
from django.utils import timezone

from core.clock import iso
from tasks.models import Task
from tests.base import LegacyApiTestCase, actor_of, forget_rates
from tests.factories import make_task

OUTCOMES, REGRESSION = "/api/tasks/outcomes", "/api/tasks/regression"
NOTHING = {"success": 0, "failed": 0, "partial": 0, "abandoned": 0, "unknown": 0}


def done(*, ago=0, took=60, **fields):
    """A task that was completed `ago` seconds ago, and had taken `took` seconds."""
    task = make_task(status=Task.Status.DONE, **fields)
    completed = timezone.now() - timedelta(seconds=ago)
    Task.objects.filter(pk=task.pk).update(
        created_at=completed - timedelta(seconds=took), completed_at=completed, updated_at=completed
    )
    return task


class OutcomesTests(LegacyApiTestCase):
    def test_nothing_done_yet(self):
        make_task()
        assert self.get(OUTCOMES, as_=self.vera).body == {
            "timeframe": "all",
            "summary": {
                "total_done": 0,
                "with_outcome": 0,
                "by_outcome": NOTHING,
                "avg_retry_count": 0,
                "avg_time_to_resolution_seconds": 0,
                "success_rate": 0,
            },
            "by_agent": {},
            "by_priority": {},
            "common_errors": [],
            "record_count": 0,
        }

    def test_finished_tasks_are_counted(self):
        done(assigned_to="nova", outcome="success", priority=1, retry_count=3, took=100)
        done(assigned_to="nova", outcome="success", took=200)
        done(assigned_to="nova", outcome="failed", error_message="boom", retry_count=1, took=300)
        done(error_message="boom"), done(error_message="bang"), done(error_message="", outcome="partial")
        done(actor=actor_of(self.charlie), outcome="abandoned")
        make_task(status=Task.Status.FAILED, outcome="failed", error_message="not done")
        body = self.get(OUTCOMES).body
        assert body["summary"] == {
            "total_done": 6,
            "with_outcome": 4,
            "by_outcome": {"success": 2, "failed": 1, "partial": 1, "abandoned": 0, "unknown": 2},
            "avg_retry_count": 4 / 6,
            "avg_time_to_resolution_seconds": 130,
            "success_rate": 0.5,
        }
        assert body["by_agent"] == {
            "nova": {**NOTHING, "success": 2, "failed": 1, "total": 3, "success_rate": 2 / 3},
            "unassigned": {**NOTHING, "partial": 1, "unknown": 2, "total": 3, "success_rate": 0},
        }
        assert body["by_priority"] == {
            "critical": {**NOTHING, "success": 1, "total": 1, "success_rate": 1},
            "medium": {**NOTHING, "success": 1, "failed": 1, "partial": 1, "unknown": 2, "total": 5,
                       "success_rate": 1 / 3},
        }  # fmt: skip
        assert body["common_errors"] == [{"error_message": "boom", "count": 2}, {"error_message": "bang", "count": 1}]
        assert body["record_count"] == 6

    def test_a_task_that_only_a_review_made_done_counts_by_its_last_change(self):
        task = make_task()
        self.post("/api/quality-review", {"taskId": task.pk, "status": "approved", "notes": "n"})
        body = self.get(f"{OUTCOMES}?timeframe=day").body
        assert (body["record_count"], body["summary"]["avg_time_to_resolution_seconds"]) == (1, 0)

    def test_timeframes(self):
        hour = 3600
        for hours in (1, 25, 8 * 24, 31 * 24):
            done(ago=hours * hour, error_message=f"{hours}")
        for query, n in (("day", 1), ("week", 2), ("month", 3), ("all", 4), ("", 4), ("decade", 4)):
            with self.subTest(query=query):
                body = self.get(f"{OUTCOMES}?timeframe={query}").body
                assert (body["record_count"], len(body["common_errors"])) == (n, n)
                assert body["timeframe"] == (query or "all")

    def test_the_ten_most_common_errors(self):
        for n in range(12):
            done(error_message=f"error {n:02}")
        done(error_message="error 11")
        errors = self.get(OUTCOMES).body["common_errors"]
        assert [row["error_message"] for row in errors][:2] == ["error 11", "error 00"]
        assert len(errors) == 10


class RegressionTests(LegacyApiTestCase):
    def start(self, ago):
        return int(timezone.now().timestamp()) - ago

    def test_before_and_after(self):
        for took in range(1, 21):
            done(ago=3600 + 1800, took=took)
        done(ago=3600 + 60, took=1000, retry_count=1)
        done(ago=60, took=10), done(ago=60, took=30, error_message="x"), done(ago=60, took=20, outcome="failed")
        done(ago=60, took=40, outcome="success", actor=actor_of(self.charlie))
        start = self.start(3600)
        body = self.get(f"{REGRESSION}?beta_start={start}", as_=self.vera).body
        assert list(body) == ["metric_definitions", "params", "windows", "deltas"]
        assert body["metric_definitions"].keys() == {"p95_task_latency_seconds", "intervention_rate"}
        assert body["params"] == {"beta_start": start, "lookback_seconds": 604_800}
        baseline, post = body["windows"]["baseline"], body["windows"]["post"]
        length = post["end"] - post["start"]
        assert (post["start"], baseline["end"], baseline["start"]) == (start, start, start - length)
        assert 3601 <= length <= 3610
        assert (baseline["label"], baseline["sample_size"]) == ("baseline", 21)
        assert baseline["latency_seconds"] == {"p50": 11, "p95": 20, "avg": 58}
        assert baseline["interventions"] == {"count": 1, "rate": 1 / 21}
        assert (post["label"], post["sample_size"]) == ("post", 3)
        assert post["latency_seconds"] == {"p50": 20, "p95": 30, "avg": 20}
        assert post["interventions"] == {"count": 2, "rate": 2 / 3}
        assert body["deltas"] == {"p95_latency_seconds": 10, "intervention_rate": 2 / 3 - 1 / 21}

    def test_empty_windows(self):
        body = self.get(f"{REGRESSION}?beta_start={self.start(5)}&lookback_seconds=1").body
        assert body["params"]["lookback_seconds"] == 60
        baseline = body["windows"]["baseline"]
        assert baseline["end"] - baseline["start"] == 60
        assert baseline["latency_seconds"] == {"p50": None, "p95": None, "avg": None}
        assert baseline["interventions"] == {"count": 0, "rate": 0}
        assert body["deltas"] == {"p95_latency_seconds": None, "intervention_rate": 0}

    def test_the_lookback_is_bounded(self):
        for text, seconds in (("1", 60), ("100", 100), ("9" * 30, 2_592_000), ("x", 604_800), ("-5", 60)):
            body = self.get(f"{REGRESSION}?beta_start=1&lookback_seconds={text}").body
            assert body["params"]["lookback_seconds"] == seconds

    def test_the_start_may_be_iso_and_has_another_name(self):
        start = self.start(3600)
        text = iso(timezone.now() - timedelta(hours=1))
        for query in (f"cutover={start}", f"beta_start={start}.9", f"beta_start={text}", "beta_start=2026-03-01"):
            with self.subTest(query=query):
                found = self.get(f"{REGRESSION}?{query}").body["params"]["beta_start"]
                assert abs(found - start) < 2 or query.endswith("2026-03-01")

    def test_a_start_is_required_and_lies_in_the_past(self):
        required = "beta_start query parameter is required (unix seconds or ISO timestamp)"
        future = "beta_start must not be in the future"
        for text, error in (
            ("", required), ("soon", required), ("0", required), ("-5", required), ("NaN", required),
            (self.start(-60), future), (10**30, future), ("1e999", required), ("9999-12-31", future),
            ("0001-01-01T00:00:00%2B14:00", required),
        ):  # fmt: skip
            with self.subTest(text=text):
                answer = self.get(f"{REGRESSION}?beta_start={text}")
                assert (answer.status, answer.body) == (400, {"error": error})

    @override_settings(RATE_LIMITS_OFF=False)
    def test_it_counts_against_the_limit_of_reads(self):
        forget_rates()
        for _ in range(120):
            assert self.get(REGRESSION).status == 400
        answer = self.get(REGRESSION)
        assert (answer.status, answer.body) == (429, {"error": "Too many requests. Please try again later."})
