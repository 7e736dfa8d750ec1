"""`python -m tools.migrationguard`: whether the version before can go on on the tables of this one.

Looks at the migrations that the last release did not have. `--release` notes those of today as released.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

RELEASED = Path(__file__).with_name("released_migrations.txt")
Node = tuple[str, str]


def released() -> set[Node]:
    lines = RELEASED.read_text().splitlines()
    return {(app, name) for app, _, name in (line.partition(".") for line in lines if not line.startswith("#"))}


def findings() -> Iterator[str]:
    """One line for each operation that would break, or hold up, the version before."""
    from django.apps import apps
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState

    from .migrationrules import Rules

    loader, known = MigrationLoader(None), released()
    ours = {config.label for config in apps.get_app_configs() if not config.name.startswith("django.")}
    state, rules = ProjectState(), Rules()
    for node in loader.graph._generate_plan(loader.graph.leaf_nodes(), at_end=True):
        migration = loader.graph.nodes[node]
        if node in known or node[0] not in ours:
            state = migration.mutate_state(state, preserve=False)
        else:
            yield from rules.check(migration, state)
            state = migration.mutate_state(state, preserve=False)


def note_release() -> None:
    from django.conf import settings
    from django.db.migrations.loader import MigrationLoader

    names = sorted(f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations or {})
    RELEASED.write_text("\n".join([f"# Of version {settings.VERSION}", *names, ""]))


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "missioncontrol.settings")
    django.setup()
    if sys.argv[1:] == ["--release"]:
        note_release()
        return
    if found := list(findings()):
        sys.exit("\n".join(["The version before could not go on beside these (docs/upgrading.md):", *found]))


if __name__ == "__main__":
    main()
