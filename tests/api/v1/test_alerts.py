from __future__ import annotations

from accounts.credentials import digest
from accounts.models import ApiKey
from core.actors import system
from governance.models import Alert
from governance.services.alerts import Trouble, open_alert
from tests.api.v1.base import V1ApiTestCase

KEYS = {
    "id", "severity", "type", "title", "description", "agentId", "taskId", "runId", "status", "acknowledgedBy",
    "acknowledgedAt", "resolvedAt", "resolutionNote", "metadata", "createdAt",
}  # fmt: skip
S = Alert.Severity


class AlertTests(V1ApiTestCase):
    def open(self, type="SYSTEM_ERROR", severity=S.ERROR, **fields):
        trouble = Trouble(type, severity, f"{type} happened", **fields)
        return f"alert_{open_alert(trouble=trouble, actor=system(self.home.pk), now=self.now).pk}"

    def test_the_newest_comes_first_and_the_counts_ignore_the_filters(self):
        agent = self.agent("jordan")
        self.open("AGENT_OFFLINE", S.INFO, agent_id=agent.pk)
        self.open(severity=S.CRITICAL, task_id=3, run_id=4)
        body = self.ask("GET", "/alerts").body
        assert [(row["type"], row["agentId"]) for row in body["alerts"]] == [
            ("SYSTEM_ERROR", None), ("AGENT_OFFLINE", "jordan"),
        ]  # fmt: skip
        assert set(body["alerts"][0]) == KEYS
        assert (body["alerts"][0]["taskId"], body["alerts"][0]["runId"]) == ("task_3", "run_4")
        for query in ("?severity=INFO", "?agentId=jordan", "?status=OPEN&limit=1&offset=1"):
            found = self.ask("GET", f"/alerts{query}").body
            assert [row["type"] for row in found["alerts"]] == ["AGENT_OFFLINE"]
            assert (found["openCount"], found["criticalCount"]) == (2, 1)
        assert self.ask("GET", "/alerts?status=RESOLVED").body["alerts"] == []
        self.refused(self.ask("GET", "/alerts?severity=low"), 400, "VALIDATION_ERROR")

    def test_an_open_one_about_the_same_is_counted(self):
        first = self.open("AGENT_ERROR_STREAK", S.WARNING, agent_id=7, metadata={"streak": 3})
        again = self.open("AGENT_ERROR_STREAK", S.ERROR, agent_id=7, metadata={"streak": 5})
        self.open("AGENT_ERROR_STREAK", S.WARNING, agent_id=8)
        assert again == first
        assert self.heard().count("alert.opened") == 2
        rows = self.ask("GET", "/alerts").body["alerts"]
        assert [(row["severity"], row["metadata"]["count"]) for row in rows] == [("WARNING", 1), ("ERROR", 2)]
        self.ask("POST", f"/alerts/{first}/resolve", {"resolutionNote": "done"})
        assert self.open("AGENT_ERROR_STREAK", S.WARNING, agent_id=7) != first

    def test_somebody_looks_after_it_and_then_it_is_over(self):
        id = self.open()
        answer = self.ask("POST", f"/alerts/{id}/acknowledge", {"note": "on it"})
        alert = answer.body["alert"]
        assert (answer.status, alert["status"], alert["acknowledgedBy"]) == (
            200, "ACKNOWLEDGED", f"key_{self.key_id(self.bob)}",
        )  # fmt: skip
        assert alert["acknowledgedAt"] and alert["metadata"] == {"count": 1, "note": "on it"}
        assert self.ask("POST", f"/alerts/{id}/acknowledge").body["alert"] == alert
        over = self.ask("POST", f"/alerts/{id}/resolve", {"resolutionNote": "repaired"}).body["alert"]
        assert (over["status"], over["resolutionNote"]) == ("RESOLVED", "repaired") and over["resolvedAt"]
        assert self.ask("POST", f"/alerts/{id}/resolve", {"resolutionNote": "twice"}).body["alert"] == over
        self.refused(self.ask("POST", f"/alerts/{id}/acknowledge"), 409, "STATE_CONFLICT")
        assert [kind for kind in self.heard() if kind.startswith("alert.")] == [
            "alert.opened", "alert.acknowledged", "alert.resolved",
        ]  # fmt: skip

    def key_id(self, user):
        return ApiKey.objects.get(digest=digest(self.keys[user])).pk

    def test_what_is_ignored_stays_so(self):
        id = self.open()
        Alert.objects.update(status="IGNORED")
        self.refused(self.ask("POST", f"/alerts/{id}/acknowledge"), 409, "STATE_CONFLICT")
        self.refused(self.ask("POST", f"/alerts/{id}/resolve", {"resolutionNote": "x"}), 409, "STATE_CONFLICT")

    def test_who_may_and_what_is_wrong(self):
        id, agent = self.open(), self.agent("jordan")
        assert self.ask("GET", "/alerts", as_=agent).status == 200
        self.refused(self.ask("POST", f"/alerts/{id}/acknowledge", as_=agent), 403, "FORBIDDEN")
        self.refused(self.ask("POST", f"/alerts/{id}/acknowledge", as_=self.vera), 403, "FORBIDDEN")
        self.refused(self.ask("POST", f"/alerts/{id}/acknowledge", as_=self.charlie), 404, "NOT_FOUND")
        self.refused(self.ask("POST", "/alerts/alert_0/acknowledge"), 404, "NOT_FOUND")
        for body in ({}, {"resolutionNote": " "}, {"resolutionNote": "x" * 2001}):
            self.refused(self.ask("POST", f"/alerts/{id}/resolve", body), 400, "VALIDATION_ERROR")
        assert self.ask("GET", "/alerts", as_=self.charlie).body["openCount"] == 0
