"""Bring over what another server kept in its SQLite file. The file is only read."""
