"""The first steps of a new deployment."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import FLAG, TEXT, WHOLE, has, many
from core.actors import Role
from core.errors import Invalid
from system.services import onboarding

from .base import LegacyView
from .docs import describe

STEP = has(id=TEXT, title=TEXT, completed=FLAG)
PROGRESS = has(
    showOnboarding=FLAG,
    completed=FLAG,
    skipped=FLAG,
    checklistDismissed=FLAG,
    isAdmin=FLAG,
    currentStep=WHOLE,
    steps=many(STEP),
)
ACTIONS = {
    "complete": onboarding.complete,
    "skip": onboarding.skip,
    "dismiss_checklist": onboarding.dismiss_checklist,
    "reset": onboarding.start_again,
}
BODY = has(
    "step",
    action={"type": "string", "enum": ["complete_step", *ACTIONS]},
    step={"type": "string", "enum": list(onboarding.STEPS)},
)


class Onboarding(LegacyView):
    route = "onboarding"

    @describe("How far the first steps are.", answers={200: PROGRESS})
    def get(self, request: Request) -> Response:
        so_far, is_admin = onboarding.progress(), self.actor.can(Role.ADMIN)
        steps = [{"id": id, "title": title, "completed": id in so_far.steps} for id, title in onboarding.STEPS.items()]
        return Response(
            {
                "showOnboarding": is_admin and not so_far.completed and not so_far.skipped,
                "completed": so_far.completed,
                "skipped": so_far.skipped,
                "checklistDismissed": so_far.dismissed,
                "isAdmin": is_admin,
                "currentStep": so_far.current,
                "steps": steps,
            }
        )

    @describe("Take a step.", body=BODY, answers={200: has("completedSteps", ok=FLAG, completedSteps=many(TEXT))})
    def post(self, request: Request) -> Response:
        sent = self.sent_object()
        action, step = sent.get("action"), sent.get("step")
        if action == "complete_step":
            return Response({"ok": True, "completedSteps": self._complete(step)})
        act = ACTIONS.get(action) if isinstance(action, str) else None
        if act is None:
            raise Invalid("Invalid action")
        act(actor=self.actor, now=self.now, origin=self.origin)
        return Response({"ok": True})

    def _complete(self, step: object) -> list[str]:
        if not step:
            raise Invalid("step is required")
        if not isinstance(step, str) or step not in onboarding.STEPS:
            raise Invalid("Invalid step")
        return onboarding.complete_step(actor=self.actor, now=self.now, step=step, origin=self.origin)
