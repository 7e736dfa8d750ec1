"""An installation moves from its SQLite file into a PostgreSQL database."""
