"""The documentation as pages: for everybody, the same for all, with every operation and every move on it."""

from __future__ import annotations

from html import unescape

from django.test import Client, SimpleTestCase

from api.legacy.schema import document as legacy_document
from api.reference.marking import blocks, line
from api.reference.schemas import fields_of, kind_of, notes_of
from api.v1.docs.document import document
from governance.states import EDGES, STATUSES

PAGES = ("/docs/", "/docs/api/", "/docs/states/")


class ReferenceTests(SimpleTestCase):
    def page(self, path: str) -> str:
        answer = Client().get(path)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=3600"
        assert not answer.cookies
        assert b'name="csrf-token" content=""' in answer.content
        return answer.content.decode()

    def test_each_page_leads_to_the_others(self):
        for path in PAGES:
            text = self.page(path)
            for other in PAGES:
                assert f'href="{other}"' in text

    def test_every_operation_is_on_its_page(self):
        for path, whole in (("/docs/", document()), ("/docs/api/", legacy_document())):
            text = unescape(self.page(path))
            for address, methods in whole["paths"].items():
                assert f"<code>{address}</code>" in text
                for told in methods.values():
                    with self.subTest(operation=told["operationId"]):
                        assert f'id="{told["operationId"]}"' in text
                        assert f">{unescape(line(told['summary']))}</p>" in text

    def test_what_a_link_leads_to_is_on_the_page(self):
        for path in PAGES[:2]:
            text = self.page(path)
            for name in {part.partition('"')[0] for part in text.split('href="#')[1:]}:
                assert f'id="{name}"' in text, name

    def test_every_move_is_on_the_page_of_moves(self):
        text = self.page("/docs/states/")
        for was, to in EDGES:
            assert f"{was} → {to}</th>" in text
        assert all(f'<th scope="row">{status}</th>' in text for status in STATUSES)

    def test_its_address_may_be_typed_short(self):
        assert Client().get("/docs").headers["Location"] == "/docs/"

    def test_only_reading_is_offered(self):
        assert Client().post("/docs/").status_code == 405


class MarkingTests(SimpleTestCase):
    def test_words_are_escaped_and_the_little_of_markdown_is_shown(self):
        assert line("`a<b` and **c**") == "<code>a&lt;b</code> and <strong>c</strong>"
        assert line("see `/docs/states/`") == 'see <a class="link" href="/docs/states/">/docs/states/</a>'
        table = blocks("One.\n\n| A | B |\n|---|---|\n| 1 | `2` |")
        assert table.startswith("<p>One.</p><div")
        assert '<th scope="col">A</th>' in table and "<td><code>2</code></td>" in table


class SchemaTests(SimpleTestCase):
    def test_a_schema_is_told_in_words(self):
        assert kind_of({"type": ["string", "null"]}) == ("string or null", "")
        assert kind_of({"type": "array", "items": {"$ref": "#/components/schemas/Task"}}) == ("list of Task", "Task")
        assert notes_of({"type": "string", "maxLength": 5, "enum": ["A", "B"]}) == (
            "One of `A`, `B`. At most 5 characters."
        )

    def test_fields_of_fields_are_below_them(self):
        inner = {"type": "object", "properties": {"b": {"type": "integer"}}, "required": ["b"]}
        found = list(fields_of({"type": "object", "properties": {"a": {"type": "array", "items": inner}}}, {}))
        assert [(field.name, field.depth, field.required) for field in found] == [("a", 0, False), ("b", 1, True)]
