"""The database engine after Postgres has thrown everybody out."""

import threading
import time

import pytest
from django.db import connection


def hold_at_once(count: int) -> None:
    """Let that many threads hold a connection at the same time, then put them all back."""
    meet = threading.Barrier(count)

    def hold() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            meet.wait(10)
        connection.close()

    threads = [threading.Thread(target=hold) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(15)


@pytest.mark.django_db(transaction=True)
def test_a_pool_of_dead_connections_is_replaced_at_once():
    hold_at_once(8)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchone()[0] >= 7
    connection.close()

    asked = time.monotonic()
    hold_at_once(4)

    # One dead connection after the other would take more than the pool's whole patience of 10 s.
    assert time.monotonic() - asked < 5
