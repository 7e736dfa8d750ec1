"""`python -m tools.routes`: write the pages of docs/ that list routes, roles and moves."""

from __future__ import annotations

import os
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "api.md"
HEAD = """# The API at `/api/*`

Every route, what it needs, and whether what lies behind it is there. Shapes, parameters and errors: `/api/docs` of a
running server (OpenAPI 3.1). This page is written by `python -m tools.routes`.

A route that is *not connected* reaches out of the server's own database, to gateways, GitHub, folders of agents or
scanners. It checks what it is sent, and then answers in the words clients know for "not configured", or 501 with an
`error` that says what is missing.

| Route | Methods and least roles | What | State |
|---|---|---|---|
"""


def page() -> str:
    from api.legacy.catalogue import endpoints

    rows = []
    for endpoint in endpoints():
        roles = ", ".join(
            f"{method} {role.word if role is not None else ('any key' if endpoint.is_guarded else 'public')}"
            for method, role in endpoint.roles.items()
        )
        state = "answers" if endpoint.is_connected else "not connected"
        rows.append(f"| `{endpoint.path}` | {roles} | {endpoint.summary} | {state} |\n")
    return HEAD + "".join(rows)


def pages() -> dict[Path, str]:
    """What each page should say."""
    from api.v1.docs.pages import routes_page, states_page

    return {PAGE: page(), DOCS / "v1.md": routes_page(), DOCS / "v1-states.md": states_page()}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "missioncontrol.settings")
    import django

    django.setup()
    for path, text in pages().items():
        path.write_text(text)
