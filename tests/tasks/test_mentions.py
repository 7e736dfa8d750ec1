from __future__ import annotations

import pytest

from core.errors import Invalid
from tasks import mentions
from tests.base import BaseTestCase, actor_of
from tests.factories import make_agent


def test_tokens_are_words_after_an_at_sign():
    for text, found in (
        ("@nova", ["nova"]),
        ("hi @nova, @Bob!", ["nova", "Bob"]),
        ("mail@nova.com", []),
        ("x.@nova _@nova -@nova 5@nova", []),
        ("(@nova)", ["nova"]),
        ("@nova.", ["nova."]),
        ("@nova-", ["nova-"]),
        ("@ nova @", []),
        ("@_nova @.nova @-nova", []),
        ("@nova @NOVA @Nova", ["nova"]),
        ("@@nova", ["nova"]),
        ("é@nova", ["nova"]),
        ("@" + "x" * 70, ["x" * 64]),
        ("", []),
        (None, []),
    ):
        assert mentions.tokens(text) == found, text


class ResolveTests(BaseTestCase):
    def resolve(self, text):
        return [(who.recipient, who.is_agent) for who in mentions.resolve(text, workspace_id=1)]

    def test_people_by_user_name_and_agents_by_each_of_their_handles(self):
        make_agent("Nova Prime", config={"openclawId": "main"})
        assert self.resolve("@ALICE @nova-prime") == [("alice", False), ("Nova Prime", True)]
        assert self.resolve("@main") == [("Nova Prime", True)]

    def test_names_with_dots_and_underscores_are_found(self):
        make_agent("data.bot_2")
        assert self.resolve("@data.bot_2") == [("data.bot_2", True)]

    def test_people_win(self):
        make_agent("alice")
        assert self.resolve("@alice") == [("alice", False)]

    def test_the_unknown_are_all_listed(self):
        make_agent("theirs", actor=actor_of(self.charlie))
        with pytest.raises(Invalid) as error:
            self.resolve("@ghost @alice @theirs @charlie")
        assert error.value.extra == {"missing_mentions": ["ghost", "theirs", "charlie"]}
