from __future__ import annotations

from datetime import timedelta

from chat.models import Message
from chat.services import Words, say
from tests.base import LegacyApiTestCase, actor_of

PATH = "/api/agents/comms"


class CommsTests(LegacyApiTestCase):
    def at(self, seconds, sender, to, *, key="a2a:x", **fields):
        from dataclasses import replace

        actor = replace(actor_of(self.bob), display_name=sender)
        moment = self.now + timedelta(seconds=seconds)
        return say(actor=actor, now=moment, words=Words("hi", key, to=to, **fields))[0]

    def comms(self, query="", **options):
        return self.get(f"{PATH}{query}", **options).body

    def test_nothing_yet(self):
        assert self.comms() == {
            "messages": [], "total": 0, "graph": {"edges": [], "agentStats": []},
            "source": {"mode": "empty", "seededCount": 0, "liveCount": 0},
        }  # fmt: skip

    def test_messages_between_agents_and_who_speaks_with_whom(self):
        a, b = self.at(-50, "nova", "vega"), self.at(-40, "vega", "nova", key="session:1")
        c, d = self.at(-30, "nova", "vega", key="coord:1"), self.at(-20, "Human", "nova", key="agent_nova")
        e = self.at(-10, "nova", None, key="plain", metadata={"channel": "coordinator-inbox"})
        self.at(-5, "nova", "vega", key="plain")
        self.at(-4, "nova", "vega", key="agents")
        shown = self.comms()
        assert [row["id"] for row in shown["messages"]] == [row.pk for row in (a, b, c, d, e)]
        assert (shown["total"], shown["source"]) == (5, {"mode": "live", "seededCount": 0, "liveCount": 5})
        assert shown["graph"]["edges"] == [
            {"from_agent": "nova", "to_agent": "vega", "message_count": 2,
             "last_message_at": int(c.created_at.timestamp())},
            {"from_agent": "vega", "to_agent": "nova", "message_count": 1,
             "last_message_at": int(b.created_at.timestamp())},
        ]  # fmt: skip
        assert shown["graph"]["agentStats"] == [
            {"agent": "nova", "sent": 3, "received": 2}, {"agent": "vega", "sent": 1, "received": 2},
        ]  # fmt: skip
        assert [row["id"] for row in self.comms("?limit=2")["messages"]] == [d.pk, e.pk]
        assert [row["id"] for row in self.comms("?limit=2&offset=3")["messages"]] == [a.pk, b.pk]
        mine = self.comms("?agent=vega")
        assert ([row["id"] for row in mine["messages"]], mine["total"]) == ([a.pk, b.pk, c.pk], 3)
        assert len(mine["graph"]["edges"]) == 2
        assert mine["graph"]["agentStats"] == shown["graph"]["agentStats"]
        late = self.comms(f"?since={int(b.created_at.timestamp())}")
        assert ([row["id"] for row in late["messages"]], late["total"]) == ([c.pk, d.pk, e.pk], 3)
        assert [edge["message_count"] for edge in late["graph"]["edges"]] == [1]
        assert late["graph"]["agentStats"] == shown["graph"]["agentStats"]

    def test_outsiders_see_none_and_viewers_may_not_look(self):
        self.at(0, "nova", "vega")
        assert self.comms(as_=self.charlie)["total"] == 0
        assert self.get(PATH, as_=self.vera).body == {"error": "Requires operator role or higher"}

    def test_the_number_of_queries_does_not_grow(self):
        for n in (1, 6):
            for i in range(n):
                self.at(i, f"a{i}", "vega", key=f"a2a:{i}")
            self.comms()
            with self.assertNumQueries(4):
                self.get(PATH)

    def test_say_something_to_an_agent(self):
        answer = self.post(PATH, {"content": "hi", "to": "vega"})
        assert answer.status == 201
        message = answer.body["message"]
        assert (message["conversation_id"], message["from_agent"], message["to_agent"]) == (
            "a2a:Bob:vega",
            "Bob",
            "vega",
        )
        assert [row["id"] for row in self.comms()["messages"]] == [message["id"]]
        assert self.told() == ["chat_message"]
        for body, error in (({"content": "x"}, '"to" is required'), ({"to": "x"}, '"content" is required')):
            assert self.post(PATH, body).body == {"error": error}
        assert self.post(PATH, b"{").status == 400
        assert Message.objects.count() == 1
