from __future__ import annotations

from datetime import timedelta

from activity.models import Event
from agents.models import Agent
from alerts.models import AlertRule
from notifications.models import Notification
from tests.api.legacy.wire import frames, mark
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_agent, make_task

PATH = "/api/alerts"
RULE = {
    "name": "Agent down",
    "entity_type": "agent",
    "condition_field": "status",
    "condition_operator": "equals",
    "condition_value": "error",
}


class AlertsTestCase(LegacyApiTestCase):
    def create(self, entity="agent", field="status", operator="equals", value="error", **fields):
        rule = {
            **RULE,
            "entity_type": entity,
            "condition_field": field,
            "condition_operator": operator,
            "condition_value": value,
            **fields,
        }
        answer = self.post(PATH, rule, as_=self.alice)
        assert answer.status == 201, answer.raw
        return answer.body["rule"]

    def evaluate(self, **options):
        answer = self.post(PATH, {"action": "evaluate"}, as_=options.get("as_", self.alice))
        assert answer.status == 200, answer.raw
        return answer.body


class AlertRuleTests(AlertsTestCase):
    def test_a_rule_is_stored_with_its_defaults(self):
        since = mark()
        rule = self.create()
        now = rule["created_at"]
        assert rule == {
            "id": AlertRule.objects.get().pk,
            **RULE,
            "description": None,
            "enabled": 1,
            "action_type": "notification",
            "action_config": "{}",
            "cooldown_minutes": 60,
            "last_triggered_at": None,
            "trigger_count": 0,
            "created_by": rule["created_by"],
            "created_at": now,
            "updated_at": now,
            "workspace_id": 1,
        }
        assert self.get(PATH, as_=self.alice).body == {"rules": [rule]}
        assert frames(since) == []
        audit = Event.objects.audit(1).get()
        assert (audit.type, audit.data["detail"]) == ("alert_rule_created", "Created alert rule: Agent down")
        assert (audit.actor, audit.data["actor_id"]) == ("api", None)

    def test_the_newest_comes_first(self):
        ids = [self.create(name=name)["id"] for name in "abc"]
        assert [rule["id"] for rule in self.get(PATH, as_=self.alice).body["rules"]] == ids[::-1]

    def test_wrong_fields_are_listed(self):
        answer = self.post(PATH, {}, as_=self.alice)
        required = ("name", "entity_type", "condition_field", "condition_operator", "condition_value")
        details = [f"{name}: Invalid input" for name in required]
        assert (answer.status, answer.body) == (400, {"error": "Validation failed", "details": details})
        for field, value in (
            ("name", "x" * 201), ("description", "x" * 1001), ("entity_type", "planet"), ("condition_field", ""),
            ("condition_operator", "like"), ("condition_value", "x" * 501), ("condition_value", 5),
            ("action_type", "x" * 101), ("action_config", []), ("cooldown_minutes", 0), ("cooldown_minutes", 10_081),
        ):  # fmt: skip
            with self.subTest(field=field):
                answer = self.post(PATH, {**RULE, field: value}, as_=self.alice)
                assert answer.body == {"error": "Validation failed", "details": [f"{field}: Invalid input"]}
        assert self.post(PATH, b"{", as_=self.alice).body == {"error": "Invalid request body"}

    def test_a_rule_is_changed(self):
        rule = self.create()
        for change, shown in (
            ({"enabled": 0}, {"enabled": 0}),
            ({"enabled": True}, {"enabled": 1}),
            ({"name": "New", "cooldown_minutes": 5}, {"name": "New", "cooldown_minutes": 5}),
            ({"action_config": {"recipient": "bob"}}, {"action_config": '{"recipient":"bob"}'}),
            ({"description": None}, {"description": None}),
            ({"condition_value": 7}, {"condition_value": "7"}),
        ):
            with self.subTest(change=change):
                answer = self.put(PATH, {"id": rule["id"], **change}, as_=self.alice)
                assert answer.status == 200
                assert shown.items() <= answer.body["rule"].items()
        row = self.get(PATH, as_=self.alice).body["rules"][0]
        assert self.put(PATH, row, as_=self.alice).body["rule"] == row

    def test_changes_that_cannot_be(self):
        id = self.create()["id"]
        for body, status, error in (
            (b"", 400, "Invalid request body"),
            ({}, 400, "id is required"),
            ({"id": id}, 400, "No valid fields to update"),
            ({"id": id, "workspace_id": 2}, 400, "No valid fields to update"),
            ({"id": 999_999, "name": "x"}, 404, "Rule not found"),
            ({"id": 1e30, "name": "x"}, 404, "Rule not found"),
            ({"id": id, "name": 5}, 400, "Validation failed"),
            ({"id": id, "enabled": 2}, 400, "Validation failed"),
        ):
            with self.subTest(body=body):
                answer = self.put(PATH, body, as_=self.alice)
                assert (answer.status, answer.body["error"]) == (status, error)

    def test_a_rule_is_removed(self):
        id = self.create()["id"]
        assert self.delete(PATH, {"id": id}).body == {"deleted": True}
        for unknown in (id, 1e30, "x"):
            answer = self.delete(PATH, {"id": unknown})
            assert (answer.status, answer.body) == (200, {"deleted": False})
        assert self.delete(PATH, {}).body == {"error": "id is required"}
        assert self.delete(PATH, b"").status == 400
        assert Event.objects.audit(1).filter(type="alert_rule_deleted").count() == 4

    def test_only_administrators_see_rules(self):
        for method in ("GET", "POST", "PUT", "DELETE"):
            answer = self.call(method, PATH, RULE, as_=self.bob)
            assert (answer.status, answer.body) == (403, {"error": "Requires admin role or higher"})

    def test_another_workspace_sees_and_touches_nothing(self):
        id = self.create()["id"]
        assert self.get(PATH, as_=self.charlie).body == {"rules": []}
        assert self.put(PATH, {"id": id, "name": "x"}, as_=self.charlie).status == 404
        assert self.delete(PATH, {"id": id}, as_=self.charlie).body == {"deleted": False}
        assert self.evaluate(as_=self.charlie) == {"evaluated": 0, "triggered": 0, "results": []}


class EvaluationTests(AlertsTestCase):
    def reason(self, *rule):
        AlertRule.objects.all().delete()
        self.create(*rule)
        (result,) = self.evaluate()["results"]
        assert result["triggered"] == (result["reason"] == "Condition met")
        return result["triggered"]

    def test_a_rule_that_is_met_tells_its_recipient_once(self):
        make_agent("nova", status="error")
        rule = self.create(action_config={"recipient": "bob"}, description="Look at it")
        self.create(name="Other", value="nowhere")
        off = self.create(name="Off")
        self.put(PATH, {"id": off["id"], "enabled": 0}, as_=self.alice)
        since = mark()
        first = self.evaluate()
        assert (first["evaluated"], first["triggered"]) == (2, 1)
        assert first["results"][0] == {
            "rule_id": rule["id"], "rule_name": "Agent down", "triggered": True, "reason": "Condition met",
        }  # fmt: skip
        assert first["results"][1]["reason"] == "Condition not met"
        assert frames(since) == []
        note = Notification.objects.get()
        assert (note.recipient, note.type, note.title, note.message) == (
            "bob", "alert", "Alert: Agent down", "Look at it",
        )  # fmt: skip
        assert (note.source_type, note.source_id) == ("alert_rule", rule["id"])
        again = self.evaluate()
        assert (again["triggered"], again["results"][0]["reason"]) == (0, "In cooldown")
        stored = self.get(PATH, as_=self.alice).body["rules"][-1]
        assert (stored["trigger_count"], bool(stored["last_triggered_at"])) == (1, True)
        AlertRule.objects.filter(id=rule["id"]).update(last_triggered_at=self.now - timedelta(minutes=61))
        assert self.evaluate()["triggered"] == 1

    def test_without_more_words_the_system_is_told_the_rules_name(self):
        make_agent("nova", status="error")
        self.create(name="x" * 200)
        assert self.evaluate()["triggered"] == 1
        note = Notification.objects.get()
        assert (note.recipient, note.message) == ("system", f'Rule "{"x" * 200}" triggered')

    def test_a_config_that_is_no_object_is_passed_over(self):
        make_agent("nova", status="error")
        for text in ("", "x", "[]", '{"recipient":5}'):
            id = self.create()["id"]
            self.put(PATH, {"id": id, "action_config": text}, as_=self.alice)
        assert self.evaluate()["triggered"] == 4
        assert set(Notification.objects.values_list("recipient", flat=True)) == {"system"}

    def test_rules_about_agents(self):
        make_agent("nova", status="idle", role="coder")
        old = make_agent("old", status="busy", role="7")
        Agent.objects.filter(pk=old.pk).update(last_seen=self.now - timedelta(minutes=90))
        make_agent("gone", status="offline", role="ghost")
        for met, *rule in (
            (True, "status", "equals", "idle"),
            (False, "status", "equals", "offline"),
            (False, "role", "equals", "ghost"),
            (True, "status", "not_equals", "idle"),
            (True, "name", "contains", "NOV"),
            (False, "last_activity", "contains", "x"),
            (True, "role", "greater_than", "6"),
            (False, "role", "less_than", "7"),
            (True, "last_seen", "age_minutes_above", "60"),
            (False, "last_seen", "age_minutes_above", "120"),
            (False, "name", "age_minutes_above", "0"),
            (False, "status", "count_above", "0"),
            (True, "status", "count_below", "3"),
            (False, "role", "count_above", "7"),
            (True, "role", "count_below", "7"),
            (False, "status", "count_below", "many"),
            (True, "planet", "equals", str(old.pk)),
            (False, "id", "count_above", str(2**80)),
            (False, "last_seen", "count_above", "99999999999999999999"),
        ):
            with self.subTest(rule=rule):
                assert self.reason("agent", *rule) is met

    def test_rules_about_tasks(self):
        task = make_task("Fix Login", assigned_to="nova", status="IN_PROGRESS", priority=1)
        make_task("other")
        for met, *rule in (
            (True, "status", "equals", "in_progress"),
            (False, "status", "equals", "done"),
            (True, "priority", "equals", "critical"),
            (True, "priority", "not_equals", "critical"),
            (True, "assigned_to", "equals", "nova"),
            (False, "assigned_to", "not_equals", "nova"),
            (True, "title", "contains", "login"),
            (True, "title", "equals", "other"),
            (False, "title", "greater_than", "5"),
            (True, "planet", "equals", str(task.pk)),
            (True, "id", "greater_than", "0"),
            (True, "status", "count_below", "3"),
            (False, "status", "count_below", "2"),
            (False, "status", "count_above", "0"),
            (False, "title", "age_minutes_above", "0"),
        ):
            with self.subTest(rule=rule):
                assert self.reason("task", *rule) is met

    def test_rules_about_sessions_and_activities(self):
        make_agent("nova", status="busy")
        for met, *rule in (
            (True, "session", "status", "count_above", "0"),
            (False, "session", "status", "count_above", "1"),
            (False, "session", "status", "equals", "busy"),
            (True, "activity", "type", "count_above", "0"),
            (False, "activity", "type", "count_above", "1"),
            (False, "activity", "type", "count_above", "9" * 30),
            (False, "activity", "type", "count_above", "many"),
            (False, "activity", "type", "equals", "agent_created"),
        ):
            with self.subTest(rule=rule):
                assert self.reason(*rule) is met
        Event.objects.update(at=self.now - timedelta(minutes=61))
        assert self.reason("activity", "type", "count_above", "0") is False

    def test_another_workspace_is_another_world(self):
        make_agent("nova", status="error", actor=actor_of(self.charlie))
        make_task("theirs", actor=actor_of(self.charlie))
        assert self.reason("agent", "status", "equals", "error") is False
        assert self.reason("task", "title", "contains", "theirs") is False

    def test_many_rules_with_one_question_ask_once(self):
        make_agent("nova", status="idle")
        self.create(value="nowhere")
        self.evaluate()
        with self.assertNumQueries(2):
            self.evaluate()
        for _ in range(3):
            self.create(value="nowhere")
        with self.assertNumQueries(2):
            self.evaluate()
