from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from accounts.services import issue_key, issue_token
from core.actors import Role, system
from governance.services.deciding import expire_due
from governance.services.policies import publish_policy
from notifications.models import Notification
from tests.api.v1.base import V1ApiTestCase

BODY = {"actionType": "TOOL_EXEC", "actionSummary": "Deploy", "riskLevel": "RED", "justification": "It is time"}


class DualControlTests(V1ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.jordan = self.agent("jordan")
        publish_policy(actor=system(self.home.pk), now=self.now, name="strict", rules={"redDualControl": True})
        self.id = self.ask("POST", "/approvals", BODY, as_=self.jordan).body["approval"]["id"]

    def decide(self, who: Any, decision: str = "APPROVED", **fields: Any) -> dict[str, Any]:
        token = self.token_of(who) if isinstance(who, User) else who
        answer = self.ask("POST", f"/approvals/{self.id}/decide", {"decision": decision, **fields}, as_=token)
        assert answer.status == 200, answer.raw
        return answer.body["approval"]

    def token_of(self, user: User) -> str:
        return issue_token(
            actor=system(self.home.pk), role=Role.named(user.role), workspace=self.home, user=user,
            expires_at=timezone.now() + timedelta(days=1),
        )  # fmt: skip

    def timeline(self) -> list[dict[str, Any]]:
        rows = self.ask("GET", "/events/timeline?agentId=jordan").body["activities"]
        return [row for row in rows if row["action"].startswith("APPROVAL")]

    def test_the_first_of_two_is_told_and_shown(self):
        Notification.objects.all().delete()
        first = self.decide(self.bob, reason="looks fine")
        assert (first["status"], first["decidedByUserId"]) == ("PENDING", None)
        assert first["firstApproval"]["userId"] == f"user_{self.bob.pk}"
        assert first["firstApproval"]["at"].endswith("Z")
        assert "approval.seconded" in self.heard()
        told = self.timeline()[0]
        assert (told["action"], told["actorId"], told["targetId"]) == (
            "APPROVAL_SECONDED", f"user_{self.bob.pk}", self.id,
        )  # fmt: skip
        notes = Notification.objects.filter(title__startswith="A second approval is needed")
        assert "bob" not in {note.recipient for note in notes}
        assert "alice" in {note.recipient for note in notes}

    def test_the_same_person_again_tells_nothing_more(self):
        self.decide(self.bob)
        assert self.decide(self.bob)["status"] == "PENDING"
        assert self.heard().count("approval.seconded") == 1

    def test_the_second_is_another_person(self):
        self.decide(self.bob)
        key, secret = issue_key(
            actor=self.bob.as_actor(), workspace=self.home, name="my own", role=Role.OPERATOR, scopes=(),
            expires_at=None,
        )  # fmt: skip
        assert key.user is None
        assert self.decide(secret)["status"] == "PENDING"
        done = self.decide(self.alice)
        assert (done["status"], done["decidedByUserId"]) == ("APPROVED", f"user_{self.alice.pk}")
        assert done["firstApproval"]["userId"] == f"user_{self.bob.pk}"

    def test_one_is_enough_to_deny(self):
        self.decide(self.bob)
        assert self.decide(self.alice, "DENIED")["status"] == "DENIED"

    def test_what_was_approved_once_expires_all_the_same(self):
        self.decide(self.bob)
        expire_due(now=timezone.now() + timedelta(hours=25))
        assert self.ask("GET", f"/approvals/{self.id}").body["status"] == "EXPIRED"


class ProgramsTests(V1ApiTestCase):
    """What a program does with a key of nobody's is done for people, and not by the system."""

    def setUp(self) -> None:
        super().setUp()
        self.key, self.secret = issue_key(
            actor=self.alice.as_actor(), workspace=self.home, name="ci", role=Role.OPERATOR, scopes=(),
            expires_at=None,
        )  # fmt: skip
        self.who = f"key_{self.key.pk}"

    def test_it_is_named_wherever_it_acts(self):
        self.agent("jordan")
        task = self.ask("POST", "/tasks", {"title": "x", "type": "OPS", "assigneeIds": ["jordan"]}, as_=self.secret)
        shown = task.body["task"]
        assert (shown["creatorUserId"], shown["creatorAgentId"]) == (self.who, None)
        path = f"/tasks/{shown['id']}"
        said = self.ask("POST", f"{path}/messages", {"type": "COMMENT", "content": "hello"}, as_=self.secret)
        assert said.body["message"]["authorUserId"] == self.who
        moves = self.ask("GET", f"{path}/transitions").body["transitions"]
        assert {move["actorUserId"] for move in moves} == {self.who}
        asked = self.ask("POST", "/approvals", {**BODY, "taskId": shown["id"]}, as_=self.secret).body["approval"]
        decided = self.ask("POST", f"/approvals/{asked['id']}/decide", {"decision": "APPROVED"}, as_=self.secret)
        assert decided.body["approval"]["decidedByUserId"] == self.who

    def test_a_task_of_the_other_dialect_has_a_maker_too(self):
        made = self.post("/api/tasks", {"title": "Old ways"}, as_=self.alice).body["task"]["id"]
        [listed] = self.ask("GET", "/tasks").body["tasks"]
        assert listed["id"] == f"task_{made}"
        assert listed["creatorUserId"].startswith("key_")
