from __future__ import annotations

from connections.services import connect, disconnect
from core.actors import system
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_agent
from tests.server import free_port

PATH = "/api/diagnostics"


class DiagnosticsTests(LegacyApiTestCase):
    def ask(self, **options):
        return self.get(PATH, **{"as_": self.alice, **options}).body

    def test_it_tells_of_the_server(self):
        body = self.ask()
        assert {name: sorted(body[name]) for name in body} == {
            "system": ["arch", "isDocker", "nodeVersion", "platform", "processMemory", "processUptime"],
            "version": ["app", "openclaw"],
            "security": ["checks", "score"],
            "database": ["migrationVersion", "sizeBytes", "walMode"],
            "agents": ["byStatus", "total"],
            "sessions": ["active", "total"],
            "gateway": ["configured", "host", "port", "reachable"],
            "retention": [
                "activities", "auditLog", "gatewaySessions", "logs", "notifications", "pipelineRuns", "tokenUsage",
            ],
        }  # fmt: skip
        assert body["system"]["processMemory"]["rss"] > 1_000_000
        assert body["system"]["processUptime"] > 0
        assert body["database"]["sizeBytes"] > 0
        assert body["database"]["walMode"] is True
        assert body["database"]["migrationVersion"]
        assert body["version"]["openclaw"] is None

    def test_it_counts_agents_and_sessions_of_the_workspace(self):
        make_agent("nova", status="idle"), make_agent("rex", status="busy")
        make_agent("there", actor=actor_of(self.charlie))
        connect(actor=system(1), now=self.now, agent_name="nova", tool_name="t")
        gone = connect(actor=system(1), now=self.now, agent_name="rex", tool_name="t")
        disconnect(actor=system(1), now=self.now, connection_id=str(gone.connection_id))
        body = self.ask()
        assert body["agents"]["total"] == sum(body["agents"]["byStatus"].values()) == 2
        assert body["sessions"]["active"] == 1
        assert self.ask(as_=self.charlie)["agents"]["total"] == 1

    def test_the_checks_follow_the_configuration(self):
        def passing():
            security = self.ask()["security"]
            assert security["score"] == round(
                100 * sum(check["pass"] for check in security["checks"]) / len(security["checks"])
            )
            return {check["name"] for check in security["checks"] if check["pass"]}

        assert not {"Rate limits", "Host names"} & passing()
        with self.settings(RATE_LIMITS_OFF=False, HOSTS_ALLOWED=["mc.example.com", "testserver"]):
            assert {"Rate limits", "Host names"} <= passing()

    def test_no_secret_is_in_it(self):
        assert "test-admin-key" not in str(self.ask())

    def test_the_gateway_is_probed_where_one_is_set(self):
        assert self.ask()["gateway"] == {
            "configured": False, "reachable": False, "host": "127.0.0.1", "port": 18789,
        }  # fmt: skip
        self.put("/api/settings", {"settings": {"gateway.port": free_port()}}, as_=self.alice)
        gateway = self.ask()["gateway"]
        assert (gateway["configured"], gateway["reachable"]) == (True, False)

    def test_others_must_be_administrators(self):
        assert self.get(PATH, as_=self.bob).status == 403
