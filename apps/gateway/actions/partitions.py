"""Tables that are kept by month or by day: made ahead, made when missing, dropped when old."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from django.db import OperationalError, connection, transaction
from django.utils import timezone

_LOCK = 7_215_002  # any number that nothing else locks
_BEHIND = timedelta(days=3 * 366)
_AHEAD = timedelta(days=62)
_LOCK_WAITS = "2s"  # for whoever reads at length; everybody else queues behind the one who waits


@dataclass(frozen=True)
class PartitionedTable:
    """What has no partition of its own, because its date is strange, is kept in `{name}_other`."""

    name: str
    by: Literal["month", "day"]

    def begin_of(self, moment: datetime) -> datetime:
        midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight.replace(day=1) if self.by == "month" else midnight

    def end_of(self, begin: datetime) -> datetime:
        return self.begin_of(begin + timedelta(days=32 if self.by == "month" else 1))

    def partition_of(self, begin: datetime) -> str:
        return f"{self.name}_{begin:%Y_%m}" + ("" if self.by == "month" else f"_{begin:%d}")


REQUESTS = PartitionedTable("gateway_usagerecord", "month")
BODIES = PartitionedTable("gateway_requestbodies", "day")


def make_partitions(*, table: PartitionedTable, moments: Iterable[datetime]) -> list[str]:
    """Make sure that these moments have partitions; the names of those that were made.

    Moments years away are left to the partition for strange dates, so that a clock that is wrong
    makes no tables.
    """
    now = timezone.now()
    begins = {table.begin_of(each) for each in moments if now - _BEHIND < each < now + _AHEAD}
    known = set(list_partitions(table=table))
    missing = sorted(begin for begin in begins if table.partition_of(begin) not in known)
    return [table.partition_of(begin) for begin in missing if _make(table, begin)]


def make_partitions_ahead(*, table: PartitionedTable) -> list[str]:
    """The present one, the next, and those of rows that came before they had one."""
    now = timezone.now()
    present = table.begin_of(now)
    return make_partitions(
        table=table, moments=[now, table.end_of(present), *_moments_of_strays(table)]
    )


def drop_old_partitions(*, table: PartitionedTable, before: datetime) -> list[str]:
    """Drop what ended before this moment; the names of what is gone.

    One that somebody reads is left for the next time.
    """
    oldest = table.partition_of(table.begin_of(before))
    old = [name for name in list_partitions(table=table) if name < oldest and name != _other(table)]
    dropped = [name for name in old if _drop(name)]
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {_other(table)} WHERE at < %s", [before])  # noqa: S608
    return dropped


def list_partitions(*, table: PartitionedTable) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = %s::regclass ORDER BY 1",
            [table.name],
        )
        return [str(name) for (name,) in cursor.fetchall()]


def _other(table: PartitionedTable) -> str:
    return f"{table.name}_other"


def _moments_of_strays(table: PartitionedTable) -> Iterator[datetime]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT date_trunc(%s, at, 'UTC') FROM {_other(table)}",  # noqa: S608
            [table.by],
        )
        yield from (moment for (moment,) in cursor.fetchall())


@transaction.atomic
def _make(table: PartitionedTable, begin: datetime) -> bool:
    """Whether it was needed: another writer may have been quicker. Raises OperationalError when
    somebody reads for too long; the next try may do better."""
    partition, end = table.partition_of(begin), table.end_of(begin)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{_LOCK_WAITS}'")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        if partition in list_partitions(table=table):
            return False
        cursor.execute(f"CREATE TABLE {partition} (LIKE {table.name} INCLUDING ALL)")
        cursor.execute(
            f"WITH moved AS (DELETE FROM {_other(table)} WHERE at >= %s AND at < %s RETURNING *)"  # noqa: S608
            f" INSERT INTO {partition} SELECT * FROM moved",
            [begin, end],
        )
        cursor.execute(
            f"ALTER TABLE {table.name} ATTACH PARTITION {partition}"
            f" FOR VALUES FROM ('{begin.isoformat()}') TO ('{end.isoformat()}')"
        )
    return True


def _drop(partition: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{_LOCK_WAITS}'")
            cursor.execute(f"DROP TABLE {partition}")
    except OperationalError:
        return False
    return True
