"""Changes of one agent by several callers, each of whom has read it before the others wrote."""

from __future__ import annotations

import pytest

from agents.models import Agent
from agents.services import configure_agent, delete_agent, set_hidden, set_soul, update_agent, write_memory
from core.actors import system
from core.errors import NotFound
from tests.base import BaseTestCase
from tests.factories import make_agent


class ChangingTests(BaseTestCase):
    def setUp(self):
        super().setUp()
        self.agent = make_agent("nova")
        self.as_read_before = Agent.objects.get(pk=self.agent.pk)
        self.by = {"actor": system(1), "now": self.now}

    def test_two_who_merge_configuration_keep_each_others(self):
        configure_agent(agent=self.agent, role=None, config={"model": "opus"}, **self.by)
        configure_agent(agent=self.as_read_before, role=None, config={"tools": ["git"]}, **self.by)
        assert Agent.objects.get().config == {"model": "opus", "tools": ["git"]}

    def test_what_was_removed_meanwhile_is_not_found(self):
        delete_agent(agent=self.agent, **self.by)
        heard = self.heard()
        for change in (
            lambda agent: update_agent(agent=agent, changes={"role": "x"}, **self.by),
            lambda agent: configure_agent(agent=agent, role="x", config=None, **self.by),
            lambda agent: set_hidden(agent=agent, hidden=True, **self.by),
            lambda agent: set_soul(agent=agent, content="x", **self.by),
            lambda agent: write_memory(agent=agent, now=self.now, text="x"),
            lambda agent: delete_agent(agent=agent, **self.by),
        ):
            with pytest.raises(NotFound):
                change(self.as_read_before)
        assert self.heard() == heard
