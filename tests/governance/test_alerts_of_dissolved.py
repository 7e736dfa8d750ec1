from __future__ import annotations

from accounts.models import Workspace
from core.actors import system
from governance.models import Alert
from governance.services.alerts import Trouble, open_alert, resolve_alert
from provisioning.moving import move_everything
from tests.base import BaseTestCase


class DissolvedWorkspaceTests(BaseTestCase):
    def test_only_an_alert_that_is_open_on_both_sides_gives_way(self):
        other = Workspace.objects.create(tenant=self.home.tenant, slug="apollo", name="Apollo")
        trouble = Trouble("SYSTEM_ERROR", Alert.Severity.CRITICAL, "The worker stands still")
        here = open_alert(trouble=trouble, actor=system(self.home.pk), now=self.now)
        old = open_alert(trouble=trouble, actor=system(other.pk), now=self.now)
        resolve_alert(alert=old, actor=system(other.pk), now=self.now, note="It runs again")
        open_alert(trouble=trouble, actor=system(other.pk), now=self.now)
        move_everything(workspace_id=other.pk, to=self.home.pk, now=self.now)
        left = Alert.objects.order_by("id")
        assert [(alert.pk, alert.workspace_id) for alert in left] == [(here.pk, self.home.pk), (old.pk, self.home.pk)]
