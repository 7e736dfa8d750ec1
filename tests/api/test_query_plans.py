"""The requests that are asked all the time read what they show, and no table from end to end."""

from __future__ import annotations

import re

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.base import LegacyApiTestCase
from tests.factories import make_agent, make_task

# Tables that grow with use.
LARGE = {
    "tasks_task", "tasks_comment", "tasks_transition", "tasks_subscription", "tasks_mention", "activity_event",
    "notifications_notification", "tokens_tokenusage", "chat_message", "webhooks_delivery",
}  # fmt: skip
HOTTEST = (
    ("GET", "/api/tasks?limit=50", None),
    ("GET", "/api/tasks?status=done", None),
    ("GET", "/api/tasks?assigned_to=nova", None),
    ("GET", "/api/tasks/{task}", None),
    ("GET", "/api/tasks/{task}/comments", None),
    ("GET", "/api/tasks/queue?agent=nova", None),
    ("GET", "/api/agents?limit=50", None),
    ("GET", "/api/activities?limit=50", None),
    ("GET", "/api/activities?type=task_created", None),
    ("GET", "/api/notifications?recipient=nova", None),
    ("GET", "/api/tokens?action=stats&timeframe=day", None),
    ("POST", "/api/agents/nova/heartbeat", {}),
    ("POST", "/api/tasks", {"title": "New", "assigned_to": "nova"}),
    ("PUT", "/api/tasks/{task}", {"status": "in_progress"}),
)
SCAN = re.compile(r"\bSCAN (\w+)")


class QueryPlanTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        if connection.vendor != "sqlite":
            self.skipTest("The plans of small tables say nothing on PostgreSQL.")
        make_agent("nova")
        self.task = make_task("First", assigned_to="nova")

    def test_a_table_that_is_read_from_end_to_end_is_seen(self):
        for sql in (
            "SELECT count(*) FROM tasks_task WHERE title = 'x'",
            "SELECT t.id FROM tasks_task AS t ORDER BY t.title LIMIT 5",
            'SELECT count(*) FROM "activity_event" WHERE "activity_event"."actor" = \'x\'',
        ):
            assert scans(sql), sql

    def test_no_large_table_is_read_from_end_to_end(self):
        for method, path, body in HOTTEST:
            with self.subTest(path=f"{method} {path}"), CaptureQueriesContext(connection) as asked:
                assert self.call(method, path.format(task=self.task.pk), body, as_=self.alice).status < 300
            assert asked.captured_queries
            assert [line for query in asked for line in scans(query["sql"])] == []


def scans(sql: str) -> list[str]:
    """The lines of the plan that read a whole large table, or a whole index of it."""
    if not sql.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "INSERT", "WITH")):
        return []
    tables = dict(re.findall(r'(?:FROM|JOIN|UPDATE)\s+"?(\w+)"?(?:\s+(?:AS\s+)?"?(\w+)"?)?', sql))
    names = {alias: table for table, alias in tables.items() if alias} | {table: table for table in tables}
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + sql.replace("%", "%%"))
        plan = [row[3] for row in cursor.fetchall()]
    return [
        f"{line} ← {sql[:200]}"
        for line in plan
        if (found := SCAN.search(line)) and names.get(found[1]) in LARGE and not in_order("LIMIT" in sql, line)
    ]


def in_order(is_limited: bool, line: str) -> bool:
    """Walking along an index until enough rows are found reads no more than it shows."""
    return is_limited and "USING" in line
