from __future__ import annotations

from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_agent, make_task

PATH = "/api/mentions"


class MentionsTests(LegacyApiTestCase):
    def handles(self, query=""):
        return [row["handle"] for row in self.get(f"{PATH}?{query}").body["mentions"]]

    def test_people_come_first_then_agents(self):
        make_agent("Nova Prime", role="coder"), make_agent("theirs", actor=actor_of(self.charlie))
        answer = self.get(PATH, as_=self.vera).body
        assert list(answer) == ["mentions", "total", "q"]
        assert (answer["total"], answer["q"]) == (4, "")
        assert [row["handle"] for row in answer["mentions"]] == ["alice", "bob", "vera", "nova-prime"]
        assert answer["mentions"][0] == {
            "handle": "alice", "recipient": "alice", "type": "user", "display": "Alice", "role": "admin",
        }  # fmt: skip
        assert answer["mentions"][3] == {
            "handle": "nova-prime", "recipient": "Nova Prime", "type": "agent", "display": "Nova Prime",
            "role": "coder",
        }  # fmt: skip

    def test_by_text_and_type(self):
        make_agent("nova"), make_agent("Vega", config={"openclawId": "The-Star"}), make_agent("alice")
        for query, found in (
            ("q=A", ["alice", "vera", "nova", "the-star", "vega"]),
            ("q=ali", ["alice"]),
            ("q=ali&type=agent", ["alice"]),
            ("q=star", ["the-star", "vega"]),
            ("q=%20nov%20", ["nova"]),
            ("type=user", ["alice", "bob", "vera"]),
            ("type=agent", ["alice", "nova", "the-star", "vega"]),
            ("type=planet&q=nova", ["nova"]),
            ("q=zzz", []),
            ("q=%25", []),
            ("q=%00", []),
        ):
            with self.subTest(query=query):
                assert self.handles(query) == found

    def test_the_limit(self):
        for n in range(30):
            make_agent(f"agent-{n:02}")
        for query, shown in (("", 25), ("limit=3", 3), ("limit=0", 1), ("limit=-5", 1), ("limit=x", 25),
                             ("limit=201", 33)):  # fmt: skip
            with self.subTest(query=query):
                answer = self.get(f"{PATH}?{query}").body
                assert (len(answer["mentions"]), answer["total"]) == (shown, 33)

    def test_what_is_listed_can_be_mentioned(self):
        make_agent("Nova Prime", config={"openclawId": "Star.1"}), make_agent("alice")
        path = f"/api/tasks/{make_task(assigned_to='x').pk}/comments"
        for handle in [*self.handles(), "STAR.1"]:
            with self.subTest(handle=handle):
                assert self.post(path, {"content": f"@{handle}"}).status == 201
