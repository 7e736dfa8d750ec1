"""Where the settled part of the log ends: no running transaction can still put an event in front of it.

SQLite has one writer at a time, so every committed row is settled. On PostgreSQL ids are given when rows are written
but rows appear when they are committed: a reader could pass an id that is about to appear. So a transaction that is
about to write events first takes a lock that nobody ever waits for; the lock's number is an id that its events come
after. Readers stop at the smallest number that is held. The locks are gone exactly when their transactions are.
"""

from __future__ import annotations

from django.db import connection

# The upper 16 bits of the lock numbers; the rest is an id.
SPACE = 0x4D43
ANNOUNCED = "missioncontrol.announced"


def announce() -> None:
    """Call before writing events, inside the transaction; once in each has an effect."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock_shared(%s + CASE WHEN is_called THEN last_value ELSE 0 END),"
            " set_config(%s, 'yes', true) FROM activity_event_id_seq"
            " WHERE coalesce(current_setting(%s, true), '') <> 'yes'",
            [SPACE << 48, ANNOUNCED, ANNOUNCED],
        )


def horizon() -> int | None:
    """The id at which readers stop; None where everything that is committed is settled."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        # In this order: who takes no lock yet gives its events ids beyond all that are visible now.
        cursor.execute("SELECT coalesce(max(id), 0) FROM activity_event")
        (newest,) = cursor.fetchone()
        cursor.execute(
            "SELECT min((classid::bigint & 65535) << 32 | objid::bigint) FROM pg_locks"
            " WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 16 = %s AND pid <> pg_backend_pid()"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [SPACE],
        )
        (held,) = cursor.fetchone()
    return int(newest if held is None else min(newest, held))
