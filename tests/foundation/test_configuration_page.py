from __future__ import annotations

from pathlib import Path

from missioncontrol import env

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "configuration.md"


def test_every_name_that_the_server_reads_stands_on_the_page():
    page = PAGE.read_text()
    assert env.ASKED_FOR
    assert [name for name in sorted(env.ASKED_FOR) if f"`{name}`" not in page] == []
