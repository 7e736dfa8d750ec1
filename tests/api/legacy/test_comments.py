from __future__ import annotations

from datetime import timedelta

from notifications.models import Notification
from tasks.models import Comment, Subscription
from tests.api.legacy.wire import frames, mark, names
from tests.base import LegacyApiTestCase
from tests.factories import make_agent, make_task

KEYS = ["id", "task_id", "author", "content", "created_at", "parent_id", "mentions", "workspace_id", "replies"]


class CommentTestCase(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.task = make_task("Fix login")
        self.path = f"/api/tasks/{self.task.pk}/comments"
        Subscription.objects.all().delete()
        self.client.force_login(self.bob)

    def say(self, content, **fields):
        return self.call("POST", self.path, {"content": content, **fields})

    def told(self):
        return [(n.recipient, n.type, n.title, n.message) for n in Notification.objects.order_by("id")]


class AddCommentTests(CommentTestCase):
    def test_a_comment_is_added_in_the_callers_name(self):
        answer = self.say("on it", author={"somebody": "else"}, task_id="5")
        assert answer.status == 201
        assert list(answer.body) == ["comment"]
        comment = answer.body["comment"]
        assert list(comment) == KEYS
        assert 1_700_000_000 < comment.pop("created_at") < 10_000_000_000
        assert comment == {
            "id": comment["id"],
            "task_id": self.task.pk,
            "author": "Bob",
            "content": "on it",
            "parent_id": None,
            "mentions": [],
            "workspace_id": 1,
            "replies": [],
        }

    def test_a_reply_names_its_parent(self):
        parent = self.say("first").body["comment"]["id"]
        assert self.say("second", parent_id=parent).body["comment"]["parent_id"] == parent

    def test_a_parent_must_be_a_comment_of_the_same_task(self):
        other = make_task()
        foreign = Comment.objects.create(workspace_id=1, task=other, author="x", content="x", created_at=self.now)
        for id in (987_654, foreign.pk, 0, -1, 1.5, 2**53, 1e300):
            answer = self.say("x", parent_id=id)
            assert (answer.status, answer.body) == (404, {"error": "Parent comment not found"})

    def test_mentions_are_stored_as_typed(self):
        make_agent("nova")
        assert self.say("@Nova and @ALICE, @nova").body["comment"]["mentions"] == ["Nova", "ALICE"]

    def test_unknown_mentions_are_refused_and_nothing_is_written(self):
        before = mark()
        answer = self.say("@ghost. and @nobody")
        assert (answer.status, answer.body["missing_mentions"]) == (400, ["ghost.", "nobody"])
        assert (Comment.objects.count(), names(before)) == (0, [])

    def test_people_win_over_agents_of_the_same_name(self):
        make_agent("Alice")
        self.say("@alice")
        assert self.told() == [
            ("alice", "mention", "You were mentioned", 'Bob mentioned you in a comment on "Fix login": @alice')
        ]

    def test_naming_an_agent_gives_it_a_task_that_nobody_has(self):
        make_agent("nova"), make_agent("other")
        answer = self.say("@alice, @nova or @other")
        assert answer.body["auto_assigned_to"] == "nova"
        self.task.refresh_from_db()
        assert (self.task.status, self.task.assigned_to) == ("ASSIGNED", "nova")

    def test_an_assigned_task_stays_where_it_is(self):
        make_agent("nova")
        self.call("PUT", f"/api/tasks/{self.task.pk}", {"assigned_to": "other"})
        assert "auto_assigned_to" not in self.say("@nova").body

    def test_only_the_inbox_is_left_by_it(self):
        make_agent("nova")
        self.call("PUT", f"/api/tasks/{self.task.pk}", {"status": "backlog"})
        assert self.say("@nova").body["auto_assigned_to"] == "nova"
        self.task.refresh_from_db()
        assert self.task.status == "BACKLOG"

    def test_the_frames(self):
        before = mark()
        self.say("x")
        assert names(before) == ["A:comment_added", "comment.created"]
        story = frames(before)[0]["data"]
        assert (story["actor"], story["description"]) == ("Bob", "Added comment to task: Fix login")
        assert story["data"] == {
            "task_id": self.task.pk, "task_title": "Fix login", "mentions": [], "content_preview": "x",
        }  # fmt: skip

    def test_the_frames_of_an_assignment(self):
        make_agent("nova")
        Subscription.objects.create(task=self.task, name="Alice")
        before = mark()
        self.say("@nova, please")
        assert [name for name in names(before) if name[1] == ":"] == [
            "A:comment_added", "N:assignment", "A:task_assigned", "N:comment", "N:mention",
        ]  # fmt: skip
        story = next(f["data"] for f in frames(before) if f["data"].get("type") == "task_assigned")
        assert (story["actor"], story["data"]) == ("Bob", {"assigned_to": "nova", "trigger": "mention"})
        assert "task.updated" in names(before)

    def test_subscribers_hear_of_it_but_the_author_does_not(self):
        make_agent("nova")
        Subscription.objects.create(task=self.task, name="vera")
        Subscription.objects.create(task=self.task, name="Bob")
        self.say("@nova " + "x" * 200)
        preview = "@nova " + "x" * 94 + "..."
        assert self.told() == [
            ("nova", "assignment", "Task Assigned", "You have been assigned to task: Fix login (via @mention by Bob)"),
            ("vera", "comment", "New comment on a subscribed task", f'Bob commented on "Fix login": {preview}'),
            ("nova", "mention", "You were mentioned", f'Bob mentioned you in a comment on "Fix login": {preview}'),
        ]

    def test_an_agents_raw_result_becomes_its_texts_and_a_line_of_figures(self):
        texts = '"payloads": [{"text": "Done."}, {"media": 1}, {"text": "All tests pass."}]'
        for meta, line in (
            ("{}", ""),
            ("5", ""),
            ('{"model": "m", "tokens": 12, "seconds": 3}', "\n\nm · 12 tokens · 3.0s"),
            (
                '{"durationMs": 5600, "agentMeta": {"model": "opus", "usage": {"input": 30, "output": 4}}}',
                "\n\nopus · 34 tokens · 5.6s",
            ),
            ('{"agentMeta": {"usage": {"total": 7, "input": "x"}, "model": 5}}', "\n\n7 tokens"),
        ):
            with self.subTest(meta=meta):
                comment = self.say(f'{{{texts}, "meta": {meta}}}').body["comment"]
                assert comment["content"] == "Done.\n\nAll tests pass." + line

    def test_other_json_stays_as_it_is(self):
        for content in ('{"a": 1}', '{"payloads": 5}', '{"payloads": []}', "{not json"):
            with self.subTest(content=content):
                assert self.say(content).body["comment"]["content"] == content

    def test_content_has_no_upper_bound(self):
        assert self.say("x" * 6_000_000).status == 201

    def test_broken_rules_are_listed(self):
        for body, details in (
            ({}, ["content: Invalid input"]),
            ({"content": ""}, ["content: Comment content is required"]),
            ({"content": 5, "parent_id": "x"}, ["content: Invalid input", "parent_id: Invalid input"]),
        ):
            with self.subTest(body=body):
                assert self.call("POST", self.path, body).body["details"] == details

    def test_a_body_over_the_limit_is_no_json(self):
        answer = self.call("POST", self.path, {"content": "x" * 10_500_000})
        assert (answer.status, answer.body) == (400, {"error": "Invalid request body"})


class CommentListTests(CommentTestCase):
    def comments(self, **options):
        return self.get(self.path, **options).body

    def test_replies_stand_below_their_parents_oldest_first(self):
        first = self.say("first").body["comment"]["id"]
        self.say("second")
        reply = self.say("reply", parent_id=first).body["comment"]["id"]
        self.say("reply to the reply", parent_id=reply)
        answer = self.comments(as_=self.vera)
        assert list(answer) == ["comments", "total"]
        assert answer["total"] == 4
        assert [comment["content"] for comment in answer["comments"]] == ["first", "second"]
        (shown,) = answer["comments"][0]["replies"]
        assert list(shown) == KEYS
        assert [comment["content"] for comment in shown["replies"]] == ["reply to the reply"]

    def test_no_comments_are_an_empty_list(self):
        assert self.comments() == {"comments": [], "total": 0}

    def test_a_reply_that_is_older_than_its_parent_is_not_lost(self):
        first = self.say("first").body["comment"]["id"]
        self.say("reply", parent_id=first)
        Comment.objects.filter(pk=first).update(created_at=self.now + timedelta(hours=1))
        assert self.comments()["total"] == 2
        assert str(self.comments()).count("'content'") == 2

    def test_the_longest_exchange_can_be_read(self):
        parent = None
        for n in range(300):
            row = Comment.objects.create(
                workspace_id=1, task=self.task, author="x", content=f"{n}", parent_id=parent, created_at=self.now
            )
            parent = row.pk
        assert self.comments()["total"] == 300
        assert str(self.comments()).count("'content'") == 300

    def test_the_number_of_queries_does_not_grow_with_the_exchange(self):
        for n in (1, 6):
            for _ in range(n):
                self.say("x")
            self.comments()
            self.client.logout()
            self.get(self.path)
            with self.assertNumQueries(2):
                self.get(self.path)
            self.client.force_login(self.bob)
