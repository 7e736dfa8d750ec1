from __future__ import annotations

import pytest

from core.errors import Conflict
from tests.base import BaseTestCase, actor_of
from tests.factories import make_agent


class SlugTests(BaseTestCase):
    def test_a_slug_is_the_public_id_or_the_name(self):
        assert make_agent("Nova Prime").slug == "nova-prime"
        assert make_agent("Other", config={"openclawId": "main"}).slug == "main"
        assert make_agent("…").slug == "agent"

    def test_a_taken_slug_gets_a_number(self):
        assert [make_agent(name).slug for name in ("nova", "Nova", "NOVA")] == ["nova", "nova-2", "nova-3"]

    def test_slugs_are_free_in_every_workspace(self):
        assert [make_agent("nova", actor=actor_of(user)).slug for user in (self.bob, self.charlie)] == ["nova", "nova"]

    def test_session_keys_are_taken_once_in_all_workspaces(self):
        make_agent("nova", session_key="s")
        with pytest.raises(Conflict):
            make_agent("nova", session_key="s", actor=actor_of(self.charlie))

    def test_a_handle_fits_even_when_lower_case_is_longer(self):
        assert len(make_agent("İ" * 100).handle) == 100
