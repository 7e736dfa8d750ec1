from __future__ import annotations

import random
from datetime import UTC, timedelta

from core.clock import iso
from projects.services import create_project
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_task
from tokens.models import LARGEST_SUM, Rollup, TokenUsage
from tokens.services import Report, book

PATH = "/api/tokens"
REPORT = {"model": "claude-sonnet-4", "sessionId": "nova:cli", "inputTokens": 1500, "outputTokens": 800}
STATS = {
    "totalTokens": 2300,
    "totalCost": 0.0165,
    "requestCount": 1,
    "avgTokensPerRequest": 2300,
    "avgCostPerRequest": 0.0165,
}
NO_STATS = {"totalTokens": 0, "totalCost": 0, "requestCount": 0, "avgTokensPerRequest": 0, "avgCostPerRequest": 0}


class TokensTestCase(LegacyApiTestCase):
    def report(self, **fields):
        return self.post(PATH, {**REPORT, **fields})


class ReportTests(TokensTestCase):
    def test_a_report_is_stored_and_answered_with_its_cost(self):
        answer = self.report()
        assert answer.status == 200
        record = answer.body["record"]
        assert answer.body == {"success": True, "record": record}
        assert record.pop("id") == f"db-{TokenUsage.objects.get().pk}"
        assert 1_700_000_000_000 < record.pop("timestamp") < 10_000_000_000_000
        assert record == {
            "model": "claude-sonnet-4",
            "sessionId": "nova:cli",
            "agentName": "nova",
            "inputTokens": 1500,
            "outputTokens": 800,
            "totalTokens": 2300,
            "cost": 0.0165,
            "operation": "chat_completion",
            "taskId": None,
            "workspaceId": 1,
        }

    def test_operation_duration_and_task_are_kept(self):
        task = make_task()
        for id in (task.pk, str(task.pk), float(task.pk)):
            record = self.report(operation="embed", duration=12.5, taskId=id).body["record"]
            assert (record["operation"], record["duration"], record["taskId"]) == ("embed", 12.5, task.pk)

    def test_an_unknown_or_foreign_task_is_stored_as_none(self):
        foreign = make_task(actor=actor_of(self.charlie))
        for id in (987_654, foreign.pk, "x", "", None, -1, 1e30, 1.5):
            answer = self.report(taskId=id)
            assert (answer.status, answer.body["record"]["taskId"]) == (200, None)

    def test_the_agent_is_the_sessions_first_part(self):
        for session, agent in (("a:b:c", "a"), (":x", "unknown"), ("plain", "plain")):
            assert self.report(sessionId=session).body["record"]["agentName"] == agent

    def test_the_models_name_is_trimmed(self):
        assert self.report(model="  m ").body["record"]["model"] == "m"

    def test_limits_are_included(self):
        for fields in (
            {"model": "x" * 200},
            {"sessionId": "x" * 512},
            {"sessionId": "\N{ROBOT FACE}" * 256},
            {"operation": "x" * 100},
            {"duration": 604_800_000},
            {"duration": 0},
            {"inputTokens": 0, "outputTokens": 0},
            {"inputTokens": 2**53 - 1, "outputTokens": 0},
            {"inputTokens": 15.0},
        ):
            with self.subTest(fields=str(fields)[:60]):
                assert self.report(**fields).status == 200

    def test_any_broken_rule_is_an_invalid_record(self):
        for fields in (
            {"model": ""},
            {"model": "  "},
            {"model": "x" * 201},
            {"model": 5},
            {"sessionId": ""},
            {"sessionId": "x" * 513},
            {"inputTokens": -1},
            {"inputTokens": 1.5},
            {"inputTokens": "5"},
            {"inputTokens": True},
            {"inputTokens": None},
            {"inputTokens": 2**53 - 1, "outputTokens": 1},
            {"inputTokens": 1e30},
            {"operation": ""},
            {"operation": "x" * 101},
            {"duration": -1},
            {"duration": 604_800_001},
            {"duration": "5"},
            {"taskId": []},
            {"taskId": {}},
            {"taskId": True},
            # Lengths are counted in UTF-16 units.
            {"sessionId": "\N{ROBOT FACE}" * 257},
            {"model": "\N{ROBOT FACE}" * 101},
        ):
            with self.subTest(fields=str(fields)[:60]):
                answer = self.report(**fields)
                assert (answer.status, answer.body) == (400, {"error": "Invalid token usage record"})
        assert not TokenUsage.objects.exists()

    def test_what_is_no_report_at_all_is_refused(self):
        for body in (b"", b"{", [], [REPORT], "text", b"null"):
            with self.subTest(body=body):
                assert self.post(PATH, body).status == 400

    def test_the_largest_reports_leave_the_sums_readable(self):
        for _ in range(3):
            assert self.report(inputTokens=0, outputTokens=2**53 - 1).status == 200
        for action in ("list", "stats", "agent-costs", "task-costs", "trends", "export"):
            assert self.get(f"{PATH}?action={action}").status == 200
        total = Rollup.objects.get(dimension="total")
        assert (total.output_tokens, total.cost_microusd, total.requests) == (LARGEST_SUM, LARGEST_SUM, 3)


class TokenListTests(TokensTestCase):
    def ask(self, query="", **options):
        answer = self.get(f"{PATH}?{query}", **options)
        assert answer.status == 200
        return answer.body

    def age(self, **passed):
        TokenUsage.objects.update(at=self.now - timedelta(**passed))

    def test_the_newest_hundred_are_listed(self):
        for n in range(102):
            self.report(inputTokens=n)
        answer = self.ask(as_=self.vera)
        assert list(answer) == ["usage", "total", "timeframe"]
        assert (answer["total"], answer["timeframe"], len(answer["usage"])) == (102, "all", 100)
        assert [row["inputTokens"] for row in answer["usage"]][:2] == [101, 100]

    def test_windows(self):
        for passed, seen in (
            ({"minutes": 59}, ["hour", "day", "week", "month", "all", "what"]),
            ({"hours": 23}, ["day", "week", "month", "all", "what"]),
            ({"days": 6}, ["week", "month", "all", "what"]),
            ({"days": 29}, ["month", "all", "what"]),
            ({"days": 400}, ["all", "what"]),
        ):
            TokenUsage.objects.all().delete()
            self.report()
            self.age(**passed)
            for timeframe in ("hour", "day", "week", "month", "all", "what"):
                with self.subTest(passed=passed, timeframe=timeframe):
                    answer = self.ask(f"timeframe={timeframe}")
                    assert (answer["total"], answer["timeframe"]) == (int(timeframe in seen), timeframe)

    def test_stats_add_up_by_model_session_and_agent(self):
        self.report()
        assert self.ask("action=stats&timeframe=day") == {
            "summary": STATS,
            "models": {"claude-sonnet-4": STATS},
            "sessions": {"nova:cli": STATS},
            "agents": {"nova": STATS},
            "timeframe": "day",
            "recordCount": 1,
        }

    def test_stats_of_nothing(self):
        assert self.ask("action=stats") == {
            "summary": NO_STATS, "models": {}, "sessions": {}, "agents": {}, "timeframe": "all", "recordCount": 0,
        }  # fmt: skip

    def test_averages_are_rounded_half_up(self):
        self.report(inputTokens=1, outputTokens=0), self.report(inputTokens=4, outputTokens=0)
        assert self.ask("action=stats")["summary"]["avgTokensPerRequest"] == 3

    def test_agent_costs(self):
        self.report(), self.report(sessionId="nova:other")
        answer = self.ask("action=agent-costs")
        assert answer.keys() == {"agents", "timeframe", "recordCount"}
        nova = answer["agents"]["nova"]
        assert nova.keys() == {"stats", "models", "sessions", "timeline"}
        assert (nova["stats"]["totalTokens"], sorted(nova["sessions"])) == (4600, ["nova:cli", "nova:other"])
        today = self.now.astimezone(UTC).date().isoformat()
        assert nova["timeline"] == [{"date": today, "cost": 0.033, "tokens": 4600}]

    def test_task_costs(self):
        web = create_project(actor=actor_of(self.bob), name="Web", prefix="WEB")
        task, gone = make_task("dear", assigned_to="nova", project_id=web.pk), make_task("gone")
        self.report(taskId=task.pk), self.report(taskId=gone.pk), self.report()
        self.delete(f"/api/tasks/{gone.pk}")
        for action in ("task-costs", "task_costs", "taskcosts"):
            answer = self.ask(f"action={action}")
            assert answer.keys() == {
                "summary", "tasks", "agents", "projects", "unattributed", "timeframe", "recordCount",
                "attributedRecordCount",
            }  # fmt: skip
            assert (answer["recordCount"], answer["attributedRecordCount"]) == (2, 1)
            (line,) = answer["tasks"]
            assert line.pop("timeline")
            assert line == {
                "taskId": task.pk,
                "title": "dear",
                "status": "assigned",
                "priority": "medium",
                "assignedTo": "nova",
                "project": {"id": web.pk, "name": "Web", "slug": "web", "ticketRef": "WEB-001"},
                "stats": STATS,
                "models": {"claude-sonnet-4": STATS},
            }
            assert answer["agents"] == {"nova": {"stats": STATS, "taskCount": 1, "taskIds": [task.pk]}}
            assert answer["projects"] == {str(web.pk): {"stats": STATS, "taskCount": 1, "taskIds": [task.pk]}}
            assert answer["unattributed"] == STATS

    def test_the_dearest_task_comes_first(self):
        cheap, dear = make_task(), make_task()
        self.report(taskId=cheap.pk), self.report(taskId=dear.pk), self.report(taskId=dear.pk)
        assert [line["taskId"] for line in self.ask("action=task-costs")["tasks"]] == [dear.pk, cheap.pk]

    def test_export_as_json(self):
        self.report()
        for query in ("action=export&timeframe=week", "action=export&timeframe=week&format=json"):
            answer = self.get(f"{PATH}?{query}")
            assert list(answer.body) == ["usage", "summary", "models", "sessions"]
            today = self.now.astimezone(UTC).date().isoformat()
            assert answer.headers["Content-Disposition"] == f"attachment; filename=token-usage-week-{today}.json"

    def test_export_as_csv(self):
        self.report(duration=5)
        answer = self.get(f"{PATH}?action=export&format=csv")
        assert answer.headers["Content-Type"] == "text/csv"
        assert answer.headers["Content-Disposition"].endswith(".csv")
        header, line = answer.raw.decode().split("\n")
        assert (
            header == "timestamp,agentName,model,sessionId,operation,inputTokens,outputTokens,totalTokens,cost,duration"
        )
        at, rest = line.split(",", 1)
        assert at.endswith("Z") and "T" in at
        assert rest == "nova,claude-sonnet-4,nova:cli,chat_completion,1500,800,2300,0.0165,5"

    def test_trends_are_hours_of_the_last_day(self):
        self.report(), self.report()
        answer = self.ask("action=trends&timeframe=week")
        assert answer["timeframe"] == "week"
        (hour,) = answer["trends"]
        assert hour.pop("timestamp") == self.now.astimezone(UTC).strftime("%Y-%m-%dT%H:00:00.000Z")
        assert hour == {"tokens": 4600, "cost": 0.033, "requests": 2}

    def test_trends_begin_24_hours_ago_to_the_minute(self):
        now = self.now
        for hours, tokens in ((0, 1), (23.9, 10), (24.1, 100)):
            book([Report(1, "m", "nova:cli", tokens, 0)], now=now - timedelta(hours=hours))
        assert sum(hour["tokens"] for hour in self.ask("action=trends")["trends"]) == 11

    def test_a_record_is_listed_as_it_was_answered(self):
        for fields in ({}, {"duration": 12.5, "taskId": make_task().pk}):
            record = self.report(**fields).body["record"]
            assert self.ask()["usage"][0] == record

    def test_an_unknown_action_is_refused(self):
        answer = self.get(f"{PATH}?action=what")
        assert (answer.status, answer.body) == (400, {"error": "Invalid action", "action": "what"})

    def test_an_outsider_sees_nothing(self):
        self.report()
        assert self.ask(as_=self.charlie)["total"] == 0
        for action in ("stats", "agent-costs", "task-costs"):
            assert self.ask(f"action={action}", as_=self.charlie)["recordCount"] == 0
        assert self.ask("action=trends", as_=self.charlie)["trends"] == []

    def test_the_number_of_queries_does_not_grow_with_the_reports(self):
        for n in (1, 6):
            for i in range(n):
                self.report(taskId=make_task().pk, sessionId=f"a{n}-{i}:cli")
            self.get(PATH)
            for action, queries in (("list", 1), ("stats", 1), ("agent-costs", 1), ("task-costs", 3), ("trends", 2)):
                with self.subTest(n=n, action=action), self.assertNumQueries(queries):
                    self.get(f"{PATH}?action={action}")


class TokensByAgentTests(TokensTestCase):
    def ask(self, query="", **options):
        return self.get(f"{PATH}/by-agent?{query}", **options).body

    def test_each_agent_has_one_row_the_largest_first(self):
        self.report(sessionId="small:cli", inputTokens=1)
        self.report(), self.report(sessionId="nova:chat", model="other")
        answer = self.ask(as_=self.vera)
        assert [row["agent"] for row in answer["agents"]] == ["nova", "small"]
        nova = answer["agents"][0]
        assert nova.pop("last_active").endswith("Z")
        assert {model.pop("model"): model for model in nova.pop("models")} == {
            name: {"input_tokens": 1500, "output_tokens": 800, "request_count": 1, "cost": 0.0165}
            for name in ("claude-sonnet-4", "other")
        }
        assert nova == {
            "agent": "nova",
            "total_input_tokens": 3000,
            "total_output_tokens": 1600,
            "total_tokens": 4600,
            "total_cost": 0.033,
            "session_count": 2,
            "request_count": 2,
        }
        assert answer["summary"].keys() == {"total_cost", "total_tokens", "agent_count", "days"}
        assert (answer["summary"]["agent_count"], answer["summary"]["days"]) == (2, 30)

    def test_days_are_clamped(self):
        for text, days in (("7", 7), ("0", 1), ("-5", 1), ("9999", 365), ("x", 30), ("", 30)):
            assert self.ask(f"days={text}")["summary"]["days"] == days

    def test_older_reports_do_not_count(self):
        now = self.now
        for minute, tokens in ((-1, 1), (1, 10)):
            moment = now - timedelta(days=7, minutes=minute)
            book([Report(1, "m", f"nova:{tokens}", tokens, 0)], now=moment)
        book([Report(1, "m", "nova:100", 100, 0), Report(1, "m", "old:cli", 5, 5)], now=now - timedelta(days=8))
        (nova,) = self.ask("days=7")["agents"]
        assert (nova["total_tokens"], nova["session_count"], nova["request_count"]) == (1, 1, 1)
        nova, old = self.ask("days=9")["agents"]
        assert (nova["total_tokens"], nova["session_count"], old["total_tokens"]) == (111, 3, 10)
        assert nova["last_active"] == iso(now - timedelta(days=7, minutes=-1))

    def test_sums_and_reports_say_the_same(self):
        dice = random.Random(7)
        now = self.now
        for n in range(60):
            session = f"{dice.choice(['nova', 'other', 'third'])}:{dice.randint(1, 4)}"
            book([Report(1, dice.choice("abc"), session, dice.randint(0, 99), n)], now=now - timedelta(hours=95.5 - n))
        for days in (1, 2, 3, 4):
            rows = TokenUsage.objects.filter(at__gte=now - timedelta(days=days))
            for line in self.ask(f"days={days}")["agents"]:
                mine = [row for row in rows if row.agent_name == line["agent"]]
                assert line["request_count"] == len(mine)
                assert line["total_input_tokens"] == sum(row.input_tokens for row in mine)
                assert line["session_count"] == len({row.session_id for row in mine})
                assert line["last_active"] == iso(max(row.at for row in mine))
                assert {model["model"] for model in line["models"]} == {row.model for row in mine}

    def test_absurd_reports_can_be_added_up(self):
        reports = [Report(1, "m", "nova:cli", 0, 2**53 - 1)] * 1100
        book(reports, now=self.now)
        (nova,) = self.ask()["agents"]
        assert nova["request_count"] == 1100
        for action in ("stats", "agent-costs", "trends"):
            assert self.get(f"{PATH}?action={action}").status == 200

    def test_an_outsider_sees_none(self):
        self.report()
        assert self.ask(as_=self.charlie)["agents"] == []
