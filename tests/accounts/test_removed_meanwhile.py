"""Changes of what somebody else removed after the caller had read it."""

from __future__ import annotations

import pytest

from accounts.models import User, Workspace
from accounts.services import change_profile, delete_user, update_user
from core.actors import system
from core.errors import NotFound
from provisioning.workspaces import create_workspace, delete_workspace, update_workspace
from tests.base import BaseTestCase


class RemovedMeanwhileTests(BaseTestCase):
    def test_a_person_is_not_found(self):
        bob = User.objects.select_related("workspace").get(pk=self.bob.pk)
        delete_user(actor=system(1), id=bob.pk, now=self.now)
        with pytest.raises(NotFound):
            update_user(user=bob, actor=system(1), now=self.now, changes={"role": "admin"})
        with pytest.raises(NotFound):
            change_profile(user=bob, now=self.now, changes={"display_name": "Bobby"})

    def test_a_workspace_is_not_found(self):
        made = create_workspace(actor=system(1), now=self.now, name="Apollo")
        as_read_before = Workspace.objects.get(pk=made.pk)
        delete_workspace(workspace=made, actor=system(1), now=self.now)
        with pytest.raises(NotFound):
            update_workspace(workspace=as_read_before, actor=system(1), now=self.now, changes={"name": "Artemis"})
