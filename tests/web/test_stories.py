"""Who did what: told once in each place, and by one name everywhere."""

from __future__ import annotations

from django.test import Client

from core.actors import Actor, Role, system
from governance.services.approving import Request, request_approval
from tasks.services import update_task
from tests.base import BaseTestCase
from tests.factories import make_agent, make_task


class StoryTests(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.jordan = make_agent("jordan")
        self.task = make_task("Write the guide", assigned_to="jordan")

    def page(self, path: str) -> str:
        browser = Client()
        browser.force_login(self.bob)
        return browser.get(path).content.decode()

    def asks(self) -> None:
        request = Request(
            requestor=self.jordan, task=self.task, summary="Send it", action_type="TOOL_EXEC", risk="YELLOW",
            justification="It is ready",
        )  # fmt: skip
        request_approval(request=request, actor=system(self.home.pk), now=self.now)

    def test_a_request_for_approval_is_told_once(self) -> None:
        self.asks()
        assert "jordan asks for approval: Send it" not in self.page("/activity/")
        assert "<p>asks for approval: Send it" in self.page("/activity/")
        assert '<span class="faint">jordan</span>' not in self.page(f"/agents/{self.jordan.pk}/")
        thread = self.page(f"/tasks/{self.task.pk}/")
        assert "jordan asks for approval (TOOL_EXEC, YELLOW): Send it" in thread
        assert "asks for approval: Send it" not in thread

    def test_a_key_has_one_name(self) -> None:
        key = Actor("key", 0, "api", "API Access", Role.ADMIN, self.home.pk)
        update_task(task=self.task, actor=key, now=self.now, changes={"priority": 1}, sent={"priority": "critical"})
        for path in ("/activity/", f"/tasks/{self.task.pk}/"):
            page = self.page(path)
            assert ">API Access</" in page, path
            assert ">api</" not in page, path
