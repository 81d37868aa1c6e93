"""What Django loads as the engine `controlplane.postgres`."""

from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool


class DatabaseWrapper(base.DatabaseWrapper):
    """A pool that is emptied when one of its connections turns out dead.

    When Postgres restarts, every idle connection is dead at the same moment. The pool's own check
    finds them one by one and waits longer before each next one, so that after five of them a
    request has waited ten seconds for a database that is well. One dead connection is reason
    enough to replace them all.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        if self.pool is None or _answers(connection):
            return connection
        self.pool.putconn(connection)
        self.pool.drain()
        return super().get_new_connection(conn_params)


def _answers(connection: "psycopg.Connection[Any]") -> bool:
    try:
        ConnectionPool.check_connection(connection)
    except psycopg.OperationalError:
        return False
    return True
