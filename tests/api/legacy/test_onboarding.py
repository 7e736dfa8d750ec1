from __future__ import annotations

from activity.models import Event
from tests.base import LegacyApiTestCase

PATH = "/api/onboarding"
STEPS = ["welcome", "interface-mode", "gateway-link", "credentials"]


class OnboardingTests(LegacyApiTestCase):
    def act(self, action, **more):
        return self.post(PATH, {"action": action, **more}, as_=self.alice)

    def shown(self, **options):
        return self.get(PATH, **{"as_": self.alice, **options}).body

    def test_a_new_deployment_begins_with_the_first_step(self):
        assert self.shown() == {
            "showOnboarding": True,
            "completed": False,
            "skipped": False,
            "checklistDismissed": False,
            "isAdmin": True,
            "currentStep": 0,
            "steps": [
                {"id": "welcome", "title": "Welcome", "completed": False},
                {"id": "interface-mode", "title": "Interface Mode", "completed": False},
                {"id": "gateway-link", "title": "Gateway Link", "completed": False},
                {"id": "credentials", "title": "Credentials", "completed": False},
            ],
        }

    def test_others_are_not_bothered_with_it(self):
        body = self.shown(as_=self.vera)
        assert (body["showOnboarding"], body["isAdmin"]) == (False, False)

    def test_steps_are_taken_in_any_order_and_once(self):
        assert self.act("complete_step", step="gateway-link").body == {"ok": True, "completedSteps": ["gateway-link"]}
        self.act("complete_step", step="welcome")
        assert self.act("complete_step", step="welcome").body["completedSteps"] == ["welcome", "gateway-link"]
        body = self.shown()
        assert body["currentStep"] == 1
        assert [step["completed"] for step in body["steps"]] == [True, False, True, False]
        for step in STEPS:
            self.act("complete_step", step=step)
        assert self.shown()["currentStep"] == 3

    def test_it_ends_when_it_is_done_or_skipped(self):
        assert self.act("complete").body == {"ok": True}
        assert (self.shown()["completed"], self.shown()["showOnboarding"]) == (True, False)
        self.act("reset")
        assert self.shown()["showOnboarding"]
        self.act("skip"), self.act("dismiss_checklist")
        body = self.shown()
        assert (body["skipped"], body["checklistDismissed"], body["showOnboarding"]) == (True, True, False)

    def test_a_reset_forgets_everything(self):
        self.act("complete_step", step="welcome"), self.act("complete"), self.act("dismiss_checklist")
        assert self.act("reset").body == {"ok": True}
        body = self.shown()
        assert not (body["completed"] or body["checklistDismissed"] or body["currentStep"])

    def test_it_is_noted_in_the_audit_log(self):
        self.act("complete")
        assert Event.objects.audit(1).get().type == "settings_update"

    def test_bad_bodies(self):
        for body, error in (
            (b"", "Invalid request body"),
            ([], "Invalid request body"),
            ({}, "Invalid action"),
            ({"action": "dance"}, "Invalid action"),
            ({"action": ["skip"]}, "Invalid action"),
            ({"action": "complete_step"}, "step is required"),
            ({"action": "complete_step", "step": ""}, "step is required"),
            ({"action": "complete_step", "step": "nowhere"}, "Invalid step"),
            ({"action": "complete_step", "step": {"a": 1}}, "Invalid step"),
        ):
            with self.subTest(body=body):
                answer = self.post(PATH, body, as_=self.alice)
                assert (answer.status, answer.body) == (400, {"error": error})

    def test_only_administrators_take_steps(self):
        assert self.post(PATH, {"action": "skip"}, as_=self.bob).status == 403
