"""Servers that are away for a while: what may be tried again, and how to go on without them."""

from __future__ import annotations

from django.db import DatabaseError, Error, IntegrityError, InterfaceError, OperationalError, connection

# The database does not answer, or broke off.
OUTAGE = (InterfaceError, OperationalError)
NO_DATABASE = "The database does not answer. Try again in a moment."
TRY_AGAIN_SECONDS = 2
# SQLSTATE classes of PostgreSQL that end a transaction and keep the connection: rolled back for others' sake, objects
# that are in use, limits of resources.
ROLLED_BACK = ("40", "53", "55")


def is_outage(error: BaseException) -> bool:
    return isinstance(error, OUTAGE)


def is_undone(error: BaseException) -> bool:
    """Whether what failed so has certainly left nothing behind. A connection that breaks may take the answer to a
    commit with it: to do the same again would then be to do it twice."""
    if not isinstance(error, Error):
        return True
    if isinstance(error, IntegrityError) or connection.vendor != "postgresql":
        return True
    if not isinstance(error, OUTAGE):
        return isinstance(error, DatabaseError)
    state = getattr(error.__cause__, "sqlstate", None) or ""
    return state.startswith(ROLLED_BACK)
