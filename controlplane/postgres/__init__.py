"""The database engine: Django's own for Postgres, with a pool that gets over a restart at once."""
