"""The traffic of /v1: an ASGI application that knows no framework and no database."""
