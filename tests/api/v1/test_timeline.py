from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from api.v1.timeline import ACTIONS
from tests.api.v1.base import V1ApiTestCase

KEYS = {
    "id", "actorType", "actorId", "action", "description", "targetType", "targetId", "taskId", "agentId",
    "beforeState", "afterState", "metadata", "createdAt",
}  # fmt: skip


class TimelineTests(V1ApiTestCase):
    def told(self, query="", *, as_=None):
        answer = self.ask("GET", f"/events/timeline{query}", as_=as_)
        assert answer.status == 200, answer.raw
        return answer.body["activities"]

    def actions(self, query=""):
        return [row["action"] for row in self.told(query)]

    def test_a_task_leaves_its_trace_newest_first(self):
        agent = self.agent("jordan")
        task = self.new_task(assigneeIds=["jordan"], as_=agent)
        rows = self.told(f"?taskId={task['id']}")
        assert [row["action"] for row in rows] == ["TASK_TRANSITION", "TASK_CREATED"]
        moved = rows[0]
        assert set(moved) == KEYS
        assert (moved["actorType"], moved["actorId"]) == ("AGENT", "jordan")
        assert (moved["targetType"], moved["targetId"], moved["taskId"]) == ("task", task["id"], task["id"])
        assert (moved["beforeState"], moved["afterState"]) == ({"status": "INBOX"}, {"status": "ASSIGNED"})
        assert task["title"] in moved["description"] and moved["createdAt"].endswith("Z")

    def test_what_happens_to_agents_is_found_by_agent_and_by_action(self):
        self.agent("jordan"), self.agent("riley")
        self.ask("POST", "/agents/jordan/control", {"action": "QUARANTINE", "reason": "odd"})
        self.ask("PATCH", "/agents/jordan", {"emoji": "🧭"}, as_=self.alice)
        assert self.actions("?agentId=jordan") == [
            "AGENT_UPDATED", "ALERT_OPENED", "AGENT_STATUS_CHANGED", "AGENT_REGISTERED",
        ]  # fmt: skip
        assert self.actions("?agentId=riley") == ["AGENT_REGISTERED"]
        assert self.actions("?action=ALERT_OPENED,AGENT_STATUS_CHANGED") == ["ALERT_OPENED", "AGENT_STATUS_CHANGED"]
        stopped = self.told("?action=AGENT_STATUS_CHANGED")[0]
        assert (stopped["beforeState"], stopped["afterState"]) == ({"status": "ACTIVE"}, {"status": "QUARANTINED"})
        assert (stopped["agentId"], stopped["targetId"], stopped["metadata"]["reason"]) == ("jordan", "jordan", "odd")

    def test_it_goes_back_page_by_page(self):
        for n in range(5):
            self.new_task(f"Task {n}")
        seen, before = [], ""
        while True:
            body = self.ask("GET", f"/events/timeline?limit=2{before}").body
            seen += [row["id"] for row in body["activities"]]
            if not body["hasMore"]:
                break
            before = f"&before={seen[-1]}"
        assert len(seen) == len(set(seen)) == 5

    def test_a_task_given_to_somebody_else_is_assigned_and_not_just_updated(self):
        self.agent("jordan"), self.agent("riley")
        task = self.new_task(assigneeIds=["jordan"])["id"]
        path = f"/api/tasks/{task.removeprefix('task_')}"
        self.put(path, {"assigned_to": "riley"}), self.put(path, {"title": "Another"})
        assert self.actions(f"?taskId={task}") == ["TASK_UPDATED", "TASK_ASSIGNED", "TASK_TRANSITION", "TASK_CREATED"]
        assert self.actions(f"?taskId={task}&action=TASK_ASSIGNED") == ["TASK_ASSIGNED"]
        assert self.actions(f"?taskId={task}&action=TASK_UPDATED&action=TASK_UPDATED") == ["TASK_UPDATED"]
        both = self.actions(f"?taskId={task}&action=TASK_UPDATED,TASK_ASSIGNED,TASK_CREATED")
        assert both == ["TASK_UPDATED", "TASK_ASSIGNED", "TASK_CREATED"]

    def test_a_new_webhook_is_told_of_and_a_changed_one_is_not(self):
        sent = {"name": "Hook", "url": "https://93.184.216.34/in", "events": ["*"]}
        made = self.post("/api/webhooks", sent, as_=self.alice)
        assert made.status < 300, made.raw
        self.put("/api/webhooks", {"id": made.body["id"], "name": "Other"}, as_=self.alice)
        assert self.actions() == ["WEBHOOK_CREATED"]

    def test_every_action_can_be_asked_for(self):
        for action in ACTIONS:
            with self.subTest(action=action):
                self.told(f"?action={action}")

    def test_what_is_wrong_and_what_is_elsewhere(self):
        task = self.new_task()
        assert self.told(as_=self.charlie) == []
        for query in ("?action=task_created", "?limit=0", "?before=never"):
            self.refused(self.ask("GET", f"/events/timeline{query}"), 400, "VALIDATION_ERROR")
        self.refused(self.ask("GET", "/events/timeline?agentId=nobody"), 404, "NOT_FOUND")
        self.refused(self.ask("GET", "/events/timeline?taskId=5"), 404, "NOT_FOUND")
        assert self.told(f"?taskId={task['id']}", as_=self.vera)

    def test_what_an_agent_did_and_what_was_done_to_it_are_told_once_each(self):
        agent = self.agent("jordan")
        task = self.new_task(as_=agent, assigneeIds=["jordan"])
        self.ask("POST", "/agents/jordan/control", {"action": "PAUSE"})
        rows = self.told("?agentId=jordan")
        assert [row["action"] for row in rows] == [
            "AGENT_STATUS_CHANGED", "TASK_TRANSITION", "TASK_CREATED", "AGENT_REGISTERED",
        ]  # fmt: skip
        first = self.told("?agentId=jordan&limit=1")
        rest = self.told(f"?agentId=jordan&before={first[0]['id']}")
        assert [row["id"] for row in first + rest] == [row["id"] for row in rows]
        assert self.told("?agentId=jordan&action=TASK_CREATED")[0]["taskId"] == task["id"]

    def test_one_agents_part_is_found_by_an_index_however_long_the_log_is(self):
        if connection.vendor != "sqlite":
            self.skipTest("The plans of small tables say nothing on PostgreSQL.")
        self.agent("jordan")
        with CaptureQueriesContext(connection) as asked:
            self.told("?agentId=jordan")
        log = [query["sql"] for query in asked if 'FROM "activity_event"' in query["sql"]]
        with connection.cursor() as cursor:
            found = []
            for sql in log:
                cursor.execute("EXPLAIN QUERY PLAN " + sql.replace("%", "%%"))
                found.append([row[3] for row in cursor.fetchall()])
        assert found == [
            ["SEARCH activity_event USING INDEX event_told_of_agent (agent_id=?)"],
            ["SEARCH activity_event USING INDEX event_told_by_actor (actor=?)"],
        ]
