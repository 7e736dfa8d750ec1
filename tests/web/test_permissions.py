"""The inbox of permission requests as the server writes it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from activity.models import Event
from agents.models import Mandate
from core.actors import system
from governance.models import Permission
from governance.services.permissions import Wish, request_permission, withdraw_permission
from tests.base import BaseTestCase
from tests.factories import make_agent, make_task
from web.inputs import parts_of, summary_of

FRAGMENT = {"hx-request": "true"}


class PermissionTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.bob)
        self.jordan = make_agent("jordan")
        Mandate.objects.create(agent=self.jordan)

    def wants(self, input: dict[str, Any] | None = None, *, tool: str = "Bash", **fields: Any) -> Permission:
        wish = Wish(self.jordan, tool, input or {"command": "ls docs"}, **fields)
        return request_permission(wish=wish, actor=system(self.home.pk), now=self.now)[0]

    def page(self) -> str:
        return self.client.get("/permissions/").content.decode()

    def send(self, permission: Permission, decision: str = "APPROVED", **fields: str) -> Any:
        sent = {"decision": decision, **fields}
        return self.client.post(f"/permissions/{permission.pk}/decide/", sent, headers=FRAGMENT)

    def state(self, permission: Permission) -> tuple[Any, ...]:
        permission.refresh_from_db()
        return permission.status, permission.updated_input, permission.channel


class InboxTests(PermissionTestCase):
    def test_all_that_an_answer_needs_is_there(self) -> None:
        task = make_task("Write the guide", assigned_to="jordan")
        self.wants({"command": "echo '<b>'", "description": "Say it", "env": {"TOKEN": "abc"}}, task=task)
        page = self.page()
        for words in (
            "jordan", "Bash", "echo &#x27;&lt;b&gt;&#x27;", "Say it", "[REDACTED]", "red", task.ticket_ref,
            "Write the guide",
        ):  # fmt: skip
            assert words in page, words
        assert "<b>'" not in page and "abc" not in page

    def test_the_soonest_to_expire_comes_first_and_the_late_are_over(self) -> None:
        for seconds in (50, 20, 5):
            self.wants({"command": f"ls {seconds}"}, lasts=timedelta(seconds=seconds))
        Permission.objects.filter(input__command="ls 5").update(expires_at=self.now - timedelta(seconds=1))
        page = self.client.get("/permissions/")
        assert [line.summary for line in page.context["waiting"]] == ["ls 20", "ls 50"]
        assert [line.sign.word for line in page.context["decided"]] == ["expired"]

    def test_the_navigation_tells_on_every_page_how_many_wait(self) -> None:
        assert 'id="permissions-waiting" hidden' in self.page()
        self.wants()
        assert 'id="permissions-waiting"><b>1</b>' in self.client.get("/").content.decode()
        assert self.client.get("/figures/").json()["permissions"] == 1

    def test_an_empty_inbox_says_what_would_be_here(self) -> None:
        assert "No agent waits for you" in self.page()

    def test_who_answered_is_named(self) -> None:
        self.wants({"command": "rm -rf /"})
        self.send(self.wants(), "DENIED", reason="Not now")
        withdraw_permission(permission_id=self.wants().pk, actor=system(self.home.pk), now=self.now)
        lines = self.client.get("/permissions/").context["decided"]
        assert {(line.decider, line.sign.word) for line in lines} == {
            ("the policy", "denied"), (self.bob.display_name, "denied"), ("the system", "withdrawn"),
        }  # fmt: skip

    def test_more_requests_ask_the_database_no_more(self) -> None:
        for _ in range(2):
            self.wants(task=make_task("One"))
            self.send(self.wants())
        with CaptureQueriesContext(connection) as few:
            self.page()
        for _ in range(5):
            self.wants(task=make_task("One"))
            self.send(self.wants())
        with CaptureQueriesContext(connection) as many:
            self.page()
        assert len(many) <= len(few)

    def test_viewers_see_and_do_not_answer(self) -> None:
        permission = self.wants()
        self.client.force_login(self.vera)
        assert "Operators and administrators answer" in self.page() and 'value="APPROVED"' not in self.page()
        assert self.send(permission).status_code == 403

    def test_another_workspace_sees_and_answers_nothing(self) -> None:
        permission = self.wants()
        self.client.force_login(self.charlie)
        assert "ls docs" not in self.page()
        assert self.send(permission).status_code == 404
        assert self.client.get(f"/permissions/{permission.pk}/input/", headers=FRAGMENT).status_code == 404
        assert self.state(permission)[0] == "PENDING"


class AnswerTests(PermissionTestCase):
    def test_approving_and_denying(self) -> None:
        yes, no = self.wants(), self.wants()
        assert "Answered" in self.send(yes).content.decode()
        self.send(no, "DENIED", reason="Not now")
        assert self.state(yes) == ("APPROVED", None, "dashboard")
        assert self.state(no)[0] == "DENIED" and no.reason == "Not now"
        event = Event.objects.filter(type="permission_decided").latest("id")
        assert (event.actor, event.data["ip_address"]) == ("bob", "127.0.0.1")

    def test_another_input_goes_with_it(self) -> None:
        permission = self.wants()
        same = self.client.get(f"/permissions/{permission.pk}/input/").content.decode()
        assert json.loads(same) == {"command": "ls docs"}
        self.send(permission, input='{"command": "ls"}')
        assert self.state(permission)[:2] == ("APPROVED", {"command": "ls"})
        unchanged = self.wants()
        self.send(unchanged, input=same)
        assert self.state(unchanged)[:2] == ("APPROVED", None)

    def test_what_is_no_input_is_refused_and_nothing_is_decided(self) -> None:
        permission = self.wants()
        for text in ("{", "[1]", "3", '{"a": NaN}', '{"command": "ghp_' + "a1B2" * 9 + '"}', '{"a": "[REDACTED]"}'):
            answer = self.send(permission, input=text)
            assert answer.status_code == 400 and answer.content, text
        assert self.state(permission)[0] == "PENDING"
        self.send(permission, input='{"command": "ls\\u0000 -l"}')
        assert self.state(permission)[:2] == ("APPROVED", {"command": "ls -l"})

    def test_the_policy_has_the_last_word(self) -> None:
        permission = self.wants()
        answer = self.send(permission, input='{"command": "rm -rf /"}')
        assert answer.status_code == 403 and b"policy denies" in answer.content
        assert self.state(permission)[0] == "DENIED"

    def test_somebody_else_was_faster(self) -> None:
        permission = self.wants()
        self.send(permission, "DENIED", reason="Too dear")
        answer = self.send(permission)
        assert answer.status_code == 409
        assert answer.content.decode() == "Bob denied it before you: Too dear. Your decision changed nothing."

    def test_odd_answers_are_refused(self) -> None:
        permission = self.wants()
        assert self.send(permission, "MAYBE").status_code == 400
        assert self.send(permission, reason="x" * 2_001).status_code == 400
        assert self.client.post("/permissions/999/decide/", {"decision": "DENIED"}, headers=FRAGMENT).status_code == 404


class ReadingTests(BaseTestCase):
    def kinds(self, **input: Any) -> list[tuple[str, str, str]]:
        return [(part.name, part.kind, part.text) for part in parts_of(input)]

    def test_the_command_comes_first_and_the_rest_is_not_lost(self) -> None:
        assert self.kinds(timeout=5, command="make\nmake install", options={"a": 1}) == [
            ("command", "command", "make\nmake install"), ("timeout", "place", "5"),
            ("also", "rest", '{\n  "options": {\n    "a": 1\n  }\n}'),
        ]  # fmt: skip
        assert self.kinds(odd=[1]) == [("input", "rest", '{\n  "odd": [\n    1\n  ]\n}')]

    def test_edits_show_what_goes_and_what_comes(self) -> None:
        old, new = "\n".join("abcdefgh"), "\n".join("abcdefGh")
        [path, change] = parts_of({"file_path": "a.txt", "old_string": old, "new_string": new})
        assert (path.kind, path.text) == ("place", "a.txt")
        assert [(row.sign, row.text) for row in change.rows] == [
            ("…", "4 lines stay"), (" ", "e"), (" ", "f"), ("-", "g"), ("+", "G"), (" ", "h"),
        ]  # fmt: skip
        several = parts_of({"edits": [{"old_string": "a", "new_string": "b"}, {"old_string": "c", "new_string": ""}]})
        assert [part.name for part in several] == ["change 1", "change 2"]
        assert [part.kind for part in parts_of({"edits": [{"old_string": "a"}]})] == ["rest"]

    def test_long_texts_are_cut_and_say_so(self) -> None:
        [part] = parts_of({"content": "x\n" * 100})
        assert (len(part.rows), part.left_out) == (40, 61)
        [part] = parts_of({"content": "x" * 1000})
        assert part.left_out == 1 and len(part.rows[0].text) == 401
        [part] = parts_of({"old_string": "a\n" * 5000, "new_string": "b\n" * 5000})
        assert len(part.rows) == 40

    def test_the_summary_is_what_the_tool_is_used_on(self) -> None:
        assert summary_of({"file_path": "a.txt", "content": "x"}) == "a.txt"
        assert summary_of({"command": "  make\nmore"}) == "make"
        assert summary_of({"a": 1, "b": 2}) == "a, b"
