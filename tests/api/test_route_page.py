from __future__ import annotations

from tools.routes import PAGE, page


def test_the_page_lists_every_route_as_it_is():
    assert PAGE.read_text() == page(), "Run `python -m tools.routes` and look at what changed in docs/api.md."
