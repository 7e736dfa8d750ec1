from __future__ import annotations

from api.v1.docs.moves import NEEDS, RIGHTS
from governance.states import EDGES, Need, Right
from tools.routes import DOCS, pages


def test_the_pages_list_every_route_and_move_as_it_is():
    for path, text in pages().items():
        assert path.read_text() == text, f"Run `python -m tools.routes` and look at what changed in docs/{path.name}."


def test_every_right_and_need_has_its_words():
    assert (set(RIGHTS), set(NEEDS)) == (set(Right), set(Need))


def test_the_page_of_moves_has_a_row_for_each():
    lines = (DOCS / "v1-states.md").read_text().splitlines()
    for was, to in EDGES:
        assert sum(line.startswith(f"| {was} | {to} |") for line in lines) == 1
