from __future__ import annotations

from accounts.services import issue_key
from core.actors import Role, system
from projects.models import Project
from projects.services import create_project
from tasks.models import Task
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_agent, make_task

PATH = "/api/tasks"
BARE_KEYS = [
    "id", "title", "description", "status", "priority", "assigned_to", "created_by", "created_at", "updated_at",
    "due_date", "estimated_hours", "actual_hours", "tags", "metadata", "workspace_id", "project_id",
    "project_ticket_no", "outcome", "error_message", "resolution", "feedback_rating", "feedback_notes", "retry_count",
    "completed_at", "github_issue_number", "github_repo", "github_synced_at", "github_branch", "github_pr_number",
    "github_pr_state", "dispatch_attempts",
]  # fmt: skip
KEYS = [*BARE_KEYS, "project_name", "project_prefix", "ticket_ref"]


class TaskListTests(LegacyApiTestCase):
    def titles(self, query="", **options):
        answer = self.get(f"{PATH}?{query}", **options).body
        assert answer["total"] == len(answer["tasks"])
        return [task["title"] for task in answer["tasks"]]

    def test_tasks_are_listed_newest_first_with_all_keys(self):
        make_task("old"), make_task("new", tags=["auth"], metadata={"a": 1})
        answer = self.get(PATH, as_=self.vera).body
        assert list(answer) == ["tasks", "total", "page", "limit"]
        assert (answer["total"], answer["page"], answer["limit"]) == (2, 1, 50)
        new, old = answer["tasks"]
        assert list(new) == [*KEYS, "comment_count"]
        assert (new["title"], new["tags"], new["metadata"], new["comment_count"]) == ("new", ["auth"], {"a": 1}, 0)
        assert (old["status"], old["priority"], old["ticket_ref"]) == ("inbox", "medium", "TASK-001")

    def test_comments_are_counted(self):
        task = make_task()
        self.post(f"{PATH}/{task.pk}/comments", {"content": "x"})
        assert self.get(PATH).body["tasks"][0]["comment_count"] == 1

    def test_filters_take_one_exact_value(self):
        make_task("a", status=Task.Status.REVIEW, priority=1)
        make_task("b", assigned_to="nova")
        project = create_project(actor=system(1), name="Web", prefix="WEB")
        make_task("c", project_id=project.pk)
        for query, found in (
            ("status=review", ["a"]),
            ("status=assigned", ["b"]),
            ("status=review,assigned", []),
            ("status=todo", []),
            ("status=REVIEW", []),
            ("priority=critical", ["a"]),
            ("priority=urgent", []),
            ("assigned_to=nova", ["b"]),
            ("assigned_to=Nova", []),
            (f"project_id={project.pk}", ["c"]),
            ("project_id=987654", []),
            ("project_id=-1", []),
            (f"project_id={10**30}", []),
            ("priority=medium&status=inbox", ["c"]),
        ):
            with self.subTest(query=query):
                assert self.titles(query) == found

    def test_empty_and_junk_filters_are_ignored(self):
        make_task("a")
        for query in ("status=", "assigned_to=", "project_id=abc", "project_id=", "priority=", "unknown=1"):
            with self.subTest(query=query):
                assert self.titles(query) == ["a"]

    def test_states_of_the_new_dialect_show_as_their_nearest_word(self):
        for status, word in (("BLOCKED", "awaiting_owner"), ("NEEDS_APPROVAL", "awaiting_owner"), ("CANCELED", "done")):
            with self.subTest(status=status):
                make_task(status, status=status)
                task = self.get(f"{PATH}?status={word}").body["tasks"][0]
                assert (task["status"], task["v1_status"]) == (word, status)

    def test_pages(self):
        for n in range(3):
            make_task(f"task {n}")
        for query, shown, page, limit in (
            ("limit=2&offset=2", 1, 2, 2),
            ("limit=0", 0, None, 0),
            ("limit=-7&offset=-7", 0, None, 0),
            ("limit=201", 3, 1, 200),
            ("limit=&offset=", 3, 1, 50),
            ("limit=1e3", 3, 1, 200),
            ("limit=NaN&offset=Infinity", 3, 1, 50),
            ("limit=1&limit=2", 1, 1, 1),
        ):
            with self.subTest(query=query):
                answer = self.get(f"{PATH}?{query}").body
                assert (len(answer["tasks"]), answer["total"]) == (shown, 3)
                assert (answer["page"], answer["limit"]) == (page, limit)

    def test_an_outsider_sees_none(self):
        make_task()
        assert self.titles(as_=self.charlie) == []

    def test_who_speaks_as_an_agent_sees_its_own(self):
        agent = make_agent("nova")
        key = issue_key(actor=system(1), name="k", role=Role.VIEWER, workspace=self.home, agent=(agent.pk, "nova"))[1]
        make_task("mine", assigned_to="nova"), make_task("other", assigned_to="other"), make_task("free")
        assert self.titles(as_=key) == ["mine"]
        assert self.titles("assigned_to=other", as_=key) == ["mine"]
        assert self.titles(x_agent_name="other") == ["other"]
        assert len(self.titles(as_=self.alice, x_agent_name="other")) == 3

    def test_the_number_of_queries_does_not_grow_with_the_list(self):
        for n in (1, 6):
            for i in range(n):
                make_task(f"{n}-{i}", assigned_to="nova")
            self.get(PATH)
            for query in ("", "status=assigned", "assigned_to=nova"):
                with self.subTest(n=n, query=query), self.assertNumQueries(2):
                    self.get(f"{PATH}?{query}")


class OneTaskTests(LegacyApiTestCase):
    def test_a_task_is_shown_whole(self):
        task = make_task("Fix login", actor=actor_of(self.alice))
        answer = self.get(f"{PATH}/{task.pk}", as_=self.vera).body
        assert list(answer) == ["task"]
        assert list(answer["task"]) == KEYS
        assert answer["task"]["created_by"] == "Alice"
        assert (answer["task"]["project_name"], answer["task"]["project_prefix"]) == ("General", "TASK")

    def test_the_id_is_the_leading_number(self):
        task = make_task()
        for key in (f"{task.pk}abc", f"%20{task.pk}", f"+{task.pk}", f"{task.pk}.9"):
            with self.subTest(key=key):
                assert self.get(f"{PATH}/{key}").body["task"]["id"] == task.pk

    def test_what_is_no_number_is_bad_input(self):
        for key in ("abc", "-", "%00", "٣", "x1", "..."):
            for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/comments"), ("POST", "/comments")):
                with self.subTest(key=key, method=method, path=path):
                    answer = self.call(method, f"{PATH}/{key}{path}", {"content": "x", "title": "x"}, as_=self.alice)
                    assert (answer.status, answer.body) == (400, {"error": "Invalid task ID"})

    def test_what_is_not_there_is_not_found(self):
        theirs = make_task(actor=actor_of(self.charlie))
        for key in (0, -1, 987_654, 2**63, 10**40, f"-{theirs.pk}", theirs.pk):
            for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/comments"), ("POST", "/comments")):
                with self.subTest(key=key, method=method, path=path):
                    answer = self.call(method, f"{PATH}/{key}{path}", {"content": "x", "title": "x"}, as_=self.alice)
                    assert (answer.status, answer.body) == (404, {"error": "Task not found"})

    def test_who_speaks_as_an_agent_reaches_only_its_own(self):
        other = make_task(assigned_to="other")
        mine = make_task(assigned_to="nova")
        for method, path in (("GET", ""), ("PUT", ""), ("GET", "/comments"), ("POST", "/comments")):
            with self.subTest(method=method, path=path):
                body = {"content": "x", "title": "x"}
                answer = self.call(method, f"{PATH}/{other.pk}{path}", body, as_=self.bob, x_agent_name="nova")
                assert answer.status == 403
                assert answer.body == {"error": "Access denied: agent key may only access its own tasks."}
                fine = self.call(method, f"{PATH}/{mine.pk}{path}", body, as_=self.bob, x_agent_name="nova")
                assert fine.status in (200, 201)


class DeleteTaskTests(LegacyApiTestCase):
    def test_a_task_goes_with_its_comments_and_stays_in_inboxes(self):
        task = make_task("Fix login", assigned_to="nova")
        self.post(f"{PATH}/{task.pk}/comments", {"content": "x"})
        answer = self.delete(f"{PATH}/{task.pk}")
        assert (answer.status, answer.body) == (200, {"success": True})
        assert self.get(f"{PATH}/{task.pk}").status == 404
        rows = self.get("/api/notifications?recipient=nova").body["notifications"]
        assert [(row["type"], row["source"]) for row in rows] == [("comment", None), ("assignment", None)]

    def test_its_ticket_number_never_comes_back(self):
        self.delete(f"{PATH}/{make_task().pk}")
        assert make_task().ticket_ref == "TASK-002"
        assert Project.objects.get().ticket_counter == 2

    def test_the_frames(self):
        from tests.api.legacy.wire import frames, mark, names

        task = make_task("Fix login")
        before = mark()
        self.delete(f"{PATH}/{task.pk}")
        assert names(before) == ["A:task_deleted", "task.deleted"]
        story, deleted = (frame["data"] for frame in frames(before))
        assert (story["actor"], story["description"]) == ("api", "Deleted task: Fix login")
        assert story["data"] == {"title": "Fix login", "status": "inbox", "assigned_to": None}
        assert deleted == {"id": task.pk, "title": "Fix login", "workspace_id": 1}
