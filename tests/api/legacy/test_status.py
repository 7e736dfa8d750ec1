"""`GET /api/status`: six questions about the server, of which one is open to everybody."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from activity.audit import record_audit
from activity.models import Event
from connections.models import Connection
from system import counts, lookup, machine, modellist, status
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_agent, make_task

PATH = "/api/status"
OVERVIEW = ["timestamp", "uptime", "memory", "disk", "sessions", "processes"]
DB = [
    "tasks", "agents", "audit", "activities", "notifications", "pipelines", "backup", "dbSizeBytes", "webhookCount",
]  # fmt: skip
CHECKS = ["Database", "Process Memory", "Gateway", "Disk Space", "Memory Usage"]


class ActionTests(LegacyApiTestCase):
    def test_an_unknown_action_is_refused(self):
        for query in ("?action=nothing", "?action=Health", "?action=%00"):
            answer = self.get(f"{PATH}{query}")
            assert (answer.status, answer.body) == (400, {"error": "Invalid action"})

    def test_overview_is_what_is_answered_without_a_word(self):
        for query in ("", "?action=", "?action=overview"):
            answer = self.get(f"{PATH}{query}", as_=self.vera)
            assert (answer.status, list(answer.body)) == (200, OVERVIEW)

    def test_the_figures_are_those_of_this_machine(self):
        answer = self.get(PATH).body
        memory, pages = answer["memory"], os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        assert abs(memory["total"] - pages // 2**20) <= 1
        assert 0 < memory["used"] < memory["total"]
        assert abs(memory["used"] + memory["available"] - memory["total"]) <= 1
        assert answer["uptime"] > 1000
        assert 1_700_000_000_000 < answer["timestamp"] < 10_000_000_000_000
        assert answer["disk"]["usage"].endswith("%")
        assert answer["disk"]["total"][-1] in "MGT"
        assert all(isinstance(process["pid"], str) for process in answer["processes"])

    def test_sessions_are_the_open_connections_of_the_callers_workspace(self):
        for name in ("nova", "luna", "gone"):
            self.post("/api/connect", {"tool_name": "cli", "agent_name": name})
        Connection.objects.filter(agent__name="luna").update(last_heartbeat=self.now - timedelta(hours=2))
        Connection.objects.filter(agent__name="gone").update(status="disconnected")
        assert self.get(PATH).body["sessions"] == {"total": 2, "active": 1}
        assert self.get(PATH, as_=self.charlie).body["sessions"] == {"total": 0, "active": 0}

    def test_models_are_listed_with_their_prices(self):
        models = self.get(f"{PATH}?action=models", as_=self.vera).body["models"]
        assert len(models) == 15
        assert all({"alias", "name", "provider", "description", "costPerMTok"} <= set(model) for model in models)
        (haiku,) = [model for model in models if model["alias"] == "haiku"]
        assert (haiku["name"], haiku["costPerMTok"]) == ("anthropic/claude-haiku-4-5", {"input": 1, "output": 5})
        assert models == modellist.MODELS

    def test_capabilities(self):
        answer = self.get(f"{PATH}?action=capabilities", as_=self.vera).body
        assert list(answer) == [
            "gateway", "openclawHome", "claudeHome", "claudeSessions", "hermesInstalled", "hermesSessions",
            "subscription", "subscriptions", "processUser", "interfaceMode", "dashboardRegistration", "isDocker",
        ]  # fmt: skip
        assert (answer["gateway"], answer["interfaceMode"]) == (False, "essential")
        assert (answer["subscription"], answer["subscriptions"]) == (None, {})
        assert answer["processUser"]

    def test_the_interface_is_the_one_that_was_chosen(self):
        self.addCleanup(lookup.forget)
        for mode in ("full", "essential", "nothing"):
            self.put("/api/settings", {"settings": {"general.interface_mode": mode}}, as_=self.alice)
            shown = self.get(f"{PATH}?action=capabilities").body["interfaceMode"]
            assert shown == (mode if mode == "full" else "essential")

    def test_a_subscription_is_told(self):
        with self.settings(SUBSCRIBED_PROVIDERS=["Anthropic"]):
            answer = self.get(f"{PATH}?action=capabilities").body
        assert answer["subscription"] == {"type": "subscription", "provider": "anthropic"}
        assert answer["subscriptions"]["anthropic"]["source"] == "env"


class GatewayTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        machine._probes.clear()

    def test_without_a_gateway_none_runs(self):
        with gateway_at(1):
            answer = self.get(f"{PATH}?action=gateway", as_=self.vera).body
        assert answer == {
            "running": False, "port": 1, "pid": None, "uptime": 0, "version": "unknown", "connections": 0,
            "port_listening": False,
        }  # fmt: skip

    def test_one_that_listens_is_seen(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            with gateway_at(port):
                answer = self.get(f"{PATH}?action=gateway").body
                assert (answer["running"], answer["port_listening"], answer["port"]) == (True, True, port)
                assert self.get(f"{PATH}?action=capabilities").body["gateway"] is True

    def test_a_port_that_cannot_be_is_not_listened_on(self):
        with gateway_at(99_999_999):
            assert self.get(f"{PATH}?action=gateway").body["port_listening"] is False

    def test_the_setting_says_where(self):
        assert self.put("/api/settings", {"settings": {"gateway.port": 2}}, as_=self.alice).status == 200
        self.addCleanup(lookup.forget)
        assert self.get(f"{PATH}?action=gateway").body["port"] == 2


class HealthTests(LegacyApiTestCase):
    def ask(self):
        return self.call("GET", f"{PATH}?action=health")

    def test_everybody_may_ask_for_the_health_and_for_nothing_else(self):
        assert self.ask().status == 200
        assert self.call("HEAD", f"{PATH}?action=health").status == 200
        assert self.call("GET", f"{PATH}?action=health", as_="wrong").status == 200
        for query in ("", "?action=overview", "?action=health2", "?action=overview&action=health"):
            answer = self.call("GET", f"{PATH}{query}")
            assert (answer.status, answer.body) == (401, {"error": "Unauthorized"})

    def test_five_checks_in_this_order(self):
        answer = self.ask().body
        assert list(answer) == ["status", "version", "uptime", "checks", "timestamp"]
        assert [check["name"] for check in answer["checks"]] == CHECKS
        for check in answer["checks"]:
            assert {"name", "status", "message"} == set(check) - {"detail"}
            assert ("detail" in check) == (check["name"] == "Process Memory")
        detail = answer["checks"][1]["detail"]
        assert list(detail) == ["rss", "heapUsed", "heapTotal"]
        assert detail["rss"] > 2**20
        assert 0 < answer["uptime"] < 1e6

    def test_a_missing_gateway_does_not_spoil_the_whole(self):
        machine._probes.clear()
        with gateway_at(1), healthy_machine():
            answer = self.ask().body
        assert (answer["checks"][2]["status"], answer["status"]) == ("unhealthy", "healthy")

    def test_levels(self):
        for disk, rss, level, overall in (
            (89, 400, "healthy", "healthy"),
            (90, 400, "warning", "warning"),
            (95, 400, "critical", "unhealthy"),
            (10, 401, "healthy", "warning"),
            (10, 801, "healthy", "unhealthy"),
        ):
            with self.subTest(disk=disk, rss=rss), healthy_machine(disk, rss):
                answer = self.ask().body
                assert (answer["checks"][3]["status"], answer["status"]) == (level, overall)

    def test_a_disk_that_cannot_be_looked_at_is_an_error(self):
        with healthy_machine(), patch.object(machine, "disk", side_effect=OSError):
            answer = self.ask()
        assert (answer.status, answer.body["status"], answer.body["checks"][3]["status"]) == (200, "unhealthy", "error")

    def test_a_slow_database_degrades_the_whole(self):
        with healthy_machine(), patch("system.status.SLOW_SECONDS", 0.0):
            assert self.ask().body["status"] == "degraded"

    def test_a_database_that_does_not_answer_has_its_own_line(self):
        with healthy_machine(), patch("system.status.probe", side_effect=OperationalError):
            answer = self.ask()
        assert (answer.status, answer.body["checks"][0]["status"]) == (200, "unhealthy")


class DashboardTests(LegacyApiTestCase):
    def ask(self, **options):
        return self.get(f"{PATH}?action=dashboard", **options).body

    def test_the_figures_of_the_workspace(self):
        make_agent("nova"), make_agent("luna")
        for word in ("INBOX", "INBOX", "AWAITING_OWNER", "BLOCKED"):
            make_task(status=word)
        make_task(assigned_to="nova")
        answer = self.ask(as_=self.vera)
        assert list(answer) == [*OVERVIEW, "db"]
        db = answer["db"]
        assert list(db) == DB
        assert db["tasks"] == {"total": 5, "byStatus": {"inbox": 2, "awaiting_owner": 2, "assigned": 1}}
        assert db["agents"] == {"total": 2, "byStatus": {"offline": 2}}
        assert db["notifications"] == {"unread": 1}
        assert db["activities"]["day"] == 7
        assert db["pipelines"] == {"active": 0, "recentDay": 0}
        assert db["dbSizeBytes"] > 0

    def test_the_audit_log_is_counted_by_day_and_week(self):
        for days, action in ((0, "login_failed"), (0, "login"), (3, "login_failed"), (9, "login")):
            record_audit(action, actor=actor_of(self.alice), at=self.now - timedelta(days=days))
        assert self.ask()["db"]["audit"] == {"day": 2, "week": 3, "loginFailures": 1}

    def test_activities_are_those_of_the_day(self):
        make_task(), make_task()
        oldest = Event.objects.stories(1).last()
        Event.objects.filter(pk=oldest.pk).update(at=self.now - timedelta(days=2))
        assert self.ask()["db"]["activities"] == {"day": 1}

    def test_the_newest_backup_is_told(self):
        home = Path(self.enterContext(TemporaryDirectory()))
        with self.settings(DATA_DIR=home):
            assert self.ask()["db"]["backup"] is None
            backups = home / "backups"
            backups.mkdir()
            for hours, name in ((30, "mc-backup-2026-01-01_00-00-00.db"), (5, "mc-backup-2026-01-02_00-00-00.db")):
                (backups / name).write_bytes(b"x" * hours)
                moment = self.now.timestamp() - hours * 3600 - 60
                os.utime(backups / name, (moment, moment))
            assert self.ask()["db"]["backup"] == {
                "name": "mc-backup-2026-01-02_00-00-00.db", "size": 5, "age_hours": 5,
            }  # fmt: skip

    def test_an_outsider_sees_other_figures(self):
        make_task(assigned_to="nova"), make_agent()
        db = self.ask(as_=self.charlie)["db"]
        assert (db["tasks"], db["agents"]) == ({"total": 0, "byStatus": {}}, {"total": 0, "byStatus": {}})
        assert (db["activities"]["day"], db["notifications"]["unread"]) == (0, 0)

    def test_a_database_in_trouble_leaves_the_rest(self):
        with patch.object(counts, "tasks_by_status", side_effect=OperationalError):
            answer = self.ask()
        assert (list(answer), answer["db"]) == ([*OVERVIEW, "db"], None)

    def test_the_number_of_queries_is_the_same_for_many_rows(self):
        self.ask()
        asked = []
        for n in range(2):
            with CaptureQueriesContext(connection) as queries:
                self.ask()
            asked.append(len(queries))
            for i in range(5):
                make_task(assigned_to=make_agent(f"{n}-{i}").name)
        assert asked[0] == asked[1] < 16


class FigureTests(LegacyApiTestCase):
    def test_sizes_are_written_as_df_writes_them(self):
        for size, text in (
            (0, "0"), (1023, "1023"), (1024, "1.0K"), (1025, "1.1K"), (9 * 2**30 + 1, "9.1G"), (10 * 2**30 + 1, "11G"),
            (50 * 2**30, "50G"), (2**40, "1.0T"),
        ):  # fmt: skip
            assert machine.human(size) == text

    def test_a_machine_without_proc_still_has_figures(self):
        with patch.object(machine, "PROC", Path("/nowhere")):
            assert machine.memory().total > 0
            assert machine.uptime() > 0
            assert machine.gateway_processes() == []
            assert machine.process().rss == 0

    def test_a_gateways_command_is_shown_without_what_may_be_secret(self):
        root = Path(self.enterContext(TemporaryDirectory()))
        with patch.object(machine, "PROC", root):
            for pid, words in (("12", "/usr/bin/openclaw-gateway run --port 1 --token abc"), ("7", "vim openclaw.md")):
                (root / pid).mkdir()
                (root / pid / "cmdline").write_bytes(words.replace(" ", "\0").encode())
            assert machine.gateway_processes() == [("12", "/usr/bin/openclaw-gateway run --port")]


def gateway_at(port):
    return patch.object(status, "gateway_address", return_value=("127.0.0.1", port))


def healthy_machine(disk=10, rss=100):
    stack = ExitStack()
    stack.enter_context(patch.object(machine, "disk", return_value=machine.Disk(100, disk, 100 - disk)))
    stack.enter_context(patch.object(machine, "memory", return_value=machine.Memory(100, 90)))
    stack.enter_context(patch.object(machine, "process", return_value=machine.Process(rss * machine.MIB, 1, 1)))
    return stack
