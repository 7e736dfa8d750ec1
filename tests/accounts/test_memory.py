"""Answers about credentials are remembered, and forgotten when access changes."""

from __future__ import annotations

from accounts import credentials
from accounts.credentials import Presented, resolve
from accounts.services import access_changed, issue_key, revoke_keys_of_agent
from core.actors import Role, system
from tests.base import BaseTestCase


class MemoryTests(BaseTestCase):
    def key(self, **options):
        return issue_key(actor=system(1), name="k", role=Role.VIEWER, workspace=self.home, **options)[1]

    def test_a_known_key_is_not_looked_up_again(self):
        presented = Presented(key=self.key())
        resolve(presented)
        with self.assertNumQueries(0):
            assert resolve(presented).role == Role.VIEWER
            assert credentials.remembered(presented)[0]

    def test_a_bad_key_is_remembered_too(self):
        presented = Presented(key="mc_" + "0" * 48)
        resolve(presented)
        with self.assertNumQueries(0):
            assert resolve(presented) is None

    def test_an_absurdly_long_key_is_neither_looked_up_nor_remembered(self):
        with self.assertNumQueries(0):
            assert resolve(Presented(key="x" * 10_000)) is None
        assert not credentials._memory

    def test_a_change_of_access_empties_the_memory(self):
        resolve(Presented(key=self.key()))
        with self.captureOnCommitCallbacks(execute=True):
            access_changed(actor=system(1), what="user", id=1)
        assert not credentials._memory

    def test_an_agents_keys_end_with_it(self):
        presented = Presented(key=self.key(agent=(7, "nova")))
        assert resolve(presented).agent_name == "nova"
        with self.captureOnCommitCallbacks(execute=True):
            revoke_keys_of_agent(agent_id=7, actor=system(1), now=self.now)
        assert resolve(presented) is None

    def test_the_memory_is_bounded(self):
        before, credentials.REMEMBERED_AT_MOST = credentials.REMEMBERED_AT_MOST, 10
        self.addCleanup(setattr, credentials, "REMEMBERED_AT_MOST", before)
        for n in range(50):
            resolve(Presented(key=f"key-{n}"))
        assert len(credentials._memory) <= 10
