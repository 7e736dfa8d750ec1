from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.utils import timezone

from activity.models import Event
from agents.models import Agent, Mandate
from core.actors import Actor, Role, system
from core.errors import Conflict, Denied, Invalid, NotFound
from governance.models import Permission
from governance.services import permissions as services
from governance.services.permissions.inputs import check_update, kept
from system import work
from tests.base import BaseTestCase
from tests.factories import make_agent

MARK = "[REDACTED]"
SECRET = "ghp_" + "a1B2" * 9


class PermissionTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.at = timezone.now()
        self.nova = self.new_agent("nova")
        self.bob_acts = Actor("user", self.bob.pk, "bob", "Bob", Role.OPERATOR, self.home.pk)

    def new_agent(self, name: str) -> Agent:
        agent = make_agent(name, actor=system(self.home.pk))
        Mandate.objects.create(agent=agent)
        return agent

    def ask(self, input: dict[str, Any] | None = None, *, agent: Agent | None = None, **more: Any) -> Permission:
        wish = services.Wish(agent or self.nova, "Bash", input or {"command": "ls"}, **more)
        return services.request_permission(wish=wish, actor=system(self.home.pk), now=self.at)[0]

    def respond(self, permission: Permission, approved: bool = True, **more: Any) -> Permission:
        more = {"actor": self.bob_acts, "now": self.at, **more}
        return services.respond_permission(permission_id=permission.pk, approved=approved, **more)


class AnswerTests(PermissionTestCase):
    def test_the_channel_of_an_answer_is_kept(self):
        for channel in ("websocket", "dashboard", "mc", "rest"):
            self.respond(self.ask(), channel=channel)
        assert list(Permission.objects.order_by("id").values_list("channel", flat=True)) == [
            "websocket", "dashboard", "mc", "rest",
        ]  # fmt: skip

    def test_a_second_answer_is_told_the_first(self):
        permission = self.ask()
        self.respond(permission, False, reason="Not now")
        with pytest.raises(Conflict) as refused:
            self.respond(permission)
        assert refused.value.code == "ALREADY_DECIDED"
        assert refused.value.extra["permission"]["reason"] == "Not now"

    def test_viewers_agents_and_strangers_do_not_answer(self):
        permission = self.ask()
        viewer = Actor("user", 9, "vera", "Vera", Role.VIEWER, self.home.pk)
        agent = Actor("agent", self.nova.pk, "nova", "nova", Role.OPERATOR, self.home.pk, agent_id=self.nova.pk)
        for actor in (viewer, agent):
            with pytest.raises(Denied):
                self.respond(permission, actor=actor)
        with pytest.raises(NotFound):
            self.respond(permission, actor=Actor("user", 9, "x", "X", Role.ADMIN, self.home.pk + 1))

    def test_a_denied_update_ends_the_request_and_says_so(self):
        permission = self.ask()
        with pytest.raises(Denied) as refused:
            self.respond(permission, updated_input={"command": "rm -rf /"})
        assert refused.value.code == "POLICY_VIOLATION"
        permission.refresh_from_db()
        assert (permission.status, permission.updated_input) == ("DENIED", {"command": "rm -rf /"})
        kinds = Event.objects.filter(subject=f"permission:{permission.pk}").values_list("kind", flat=True)
        assert sorted(kinds) == ["audit.recorded", "permission.requested", "permission.resolved"]

    def test_an_answer_that_comes_too_late_changes_nothing(self):
        permission = self.ask(lasts=timedelta(seconds=10))
        self.at += timedelta(seconds=11)
        with pytest.raises(Conflict):
            self.respond(permission)
        assert services.find_permission(permission_id=permission.pk, actor=self.bob_acts).status == "EXPIRED"


class EndTests(PermissionTestCase):
    def test_the_worker_expires_what_nobody_answered(self):
        late = [self.ask(lasts=timedelta(seconds=10)) for _ in range(2)]
        self.ask(lasts=timedelta(seconds=60))
        assert work.expire_permissions(self.at + timedelta(seconds=30)) == "Expired 2 permission requests"
        assert work.expire_permissions(self.at + timedelta(seconds=30)) == "Expired 0 permission requests"
        assert {row.status for row in Permission.objects.filter(pk__in=[one.pk for one in late])} == {"EXPIRED"}

    def test_what_waits_is_told_soonest_to_expire_first(self):
        later, sooner = self.ask(lasts=timedelta(seconds=60)), self.ask(lasts=timedelta(seconds=20))
        self.respond(self.ask())
        assert list(services.pending_permissions(self.home.pk, now=self.at)) == [sooner, later]
        assert list(services.pending_permissions(self.home.pk + 1, now=self.at)) == []

    def test_all_of_a_workspace_can_be_canceled(self):
        for agent in (self.nova, self.new_agent("riley")):
            self.ask(agent=agent)
        canceled = services.cancel_permissions(actor=system(self.home.pk), now=self.at, reason="Reset")
        assert canceled == 2 and not Permission.objects.pending().exists()


class InputTests(PermissionTestCase):
    def test_events_hold_only_as_much_of_an_input_as_fits(self):
        permission = self.ask({"command": "ls", "content": "x" * 60_000})
        self.respond(permission, updated_input={"command": "ls", "content": "y" * 60_000})
        events = Event.objects.filter(subject=f"permission:{permission.pk}")
        assert max(len(orjson.dumps(event.data)) for event in events) < 64 * 1024
        told = [event.data["permission"] for event in events if "permission" in event.data]
        assert all(one["truncated"] and one["input"]["command"] == "ls" for one in told)
        assert "more characters" in told[0]["input"]["content"]
        permission.refresh_from_db()
        assert len(permission.input["content"]) == 60_000

    def test_what_is_named_a_secret_is_one(self):
        given = {"api_key": "abc", "db": {"password": "hunter2", "port": 5432}, "max_tokens": "many", "token": ""}
        assert kept(given, field="input") == {
            "api_key": MARK, "db": {"password": MARK, "port": 5432}, "max_tokens": "many", "token": "",
        }  # fmt: skip

    def test_an_update_keeps_marks_where_they_were_and_nowhere_else(self):
        asked = kept({"command": f"curl {SECRET}", "files": ["a", f"b {SECRET}"]}, field="input")
        for fine in (
            {"command": "ls"}, {"command": f"wget {MARK}", "files": []}, {"files": ["x", f"{MARK} c"]},
        ):  # fmt: skip
            assert check_update(fine, asked) == fine
        for wrong in (
            {"command": f"{MARK} {MARK}"}, {"other": MARK}, {"files": [f"b {MARK}"]}, {"command": SECRET},
        ):  # fmt: skip
            with pytest.raises(Invalid):
                check_update(wrong, asked)
