"""How long usage is kept, and the proof that the sums of hours are those of their requests."""

import time
from datetime import UTC, datetime, timedelta

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from apps.core.redis import get_redis
from apps.gateway.actions.partitions import (
    BODIES,
    REQUESTS,
    drop_old_partitions,
    make_partitions_ahead,
)
from apps.gateway.dataplane.usage import SPOOLS_HASH, decode_spool
from apps.gateway.models import (
    UnloggedRequest,
    UsageDay,
    UsageDayLatency,
    UsageHour,
    UsageLatency,
    UsageRecord,
)
from apps.gateway.queries.usage_sql import (
    DAY_LATENCIES,
    DAYS,
    HOUR_LATENCIES,
    HOURS,
    SUMS_LOCK,
    add,
    days_of,
    sums_of,
)

_DAYS_PER_MONTH = 31
_PROVED = timedelta(days=2)
_SPOOL_KEPT_SECONDS = 3600

_ROWS = "(SELECT *, true AS logged FROM gateway_usagerecord WHERE at >= %s AND at < %s) AS given"
_COUNTED = ("requests", "failed", "prompt_tokens", "completion_tokens", "cached_tokens")
_SUMMED = ", ".join(f"sum({name})::bigint AS {name}" for name in _COUNTED)
_WRONG_HOURS = f"""
WITH said AS (
    SELECT hour, {_SUMMED} FROM gateway_usagehour
    WHERE logged AND hour >= %s AND hour < %s GROUP BY hour
), meant AS (
    SELECT hour, {_SUMMED} FROM ({sums_of(HOURS, _ROWS)}) AS hours GROUP BY hour
)
SELECT hour FROM (
    (TABLE said EXCEPT TABLE meant) UNION (TABLE meant EXCEPT TABLE said)
) AS different GROUP BY hour ORDER BY hour
"""  # noqa: S608 - nothing but constants
_WRONG_DAYS = f"""
WITH said AS (
    SELECT day, {_SUMMED} FROM gateway_usageday WHERE day >= %s AND day < %s GROUP BY day
), meant AS (
    SELECT date_trunc('day', hour, 'UTC') AS day, {_SUMMED} FROM gateway_usagehour
    WHERE hour >= %s AND hour < %s GROUP BY 1
)
SELECT day FROM (
    (TABLE said EXCEPT TABLE meant) UNION (TABLE meant EXCEPT TABLE said)
) AS different GROUP BY day ORDER BY day
"""  # noqa: S608 - nothing but constants


def make_usage_room() -> list[str]:
    """Partitions for now and soon; the names of those that were missing.

    Where there are requests and no sums at all, these are made from them.
    """
    made = [name for table in (REQUESTS, BODIES) for name in make_partitions_ahead(table=table)]
    soon = timezone.now() + _PROVED
    if not UsageHour.objects.exists() and UsageRecord.objects.exists():
        rebuild_hours(begin=UsageRecord.objects.earliest("at").at, end=soon)
    elif not UsageDay.objects.exists() and UsageHour.objects.exists():
        rebuild_days(begin=UsageHour.objects.earliest("hour").hour, end=soon)
    return made


def drop_old_usage() -> list[str]:
    """What is older than the settings say; the names of the partitions that went."""
    now = timezone.now()
    requests = now - timedelta(days=settings.REQUEST_DAYS)
    hours = now - timedelta(days=settings.USAGE_MONTHS * _DAYS_PER_MONTH)
    dropped = drop_old_partitions(table=REQUESTS, before=requests)
    dropped += drop_old_partitions(table=BODIES, before=now - timedelta(days=settings.BODY_DAYS))
    UnloggedRequest.objects.filter(hour__lt=requests).delete()
    for by_hour in (UsageHour, UsageLatency):
        by_hour._default_manager.filter(hour__lt=hours).delete()
    for by_day in (UsageDay, UsageDayLatency):
        by_day._default_manager.filter(day__lt=hours).delete()
    return dropped


def find_wrong_hours(*, begin: datetime, end: datetime) -> list[datetime]:
    """The hours from that of `begin` to before that of `end` whose sums are not those of their
    requests."""
    first, last = whole_hour(begin), whole_hour(end)
    return _moments(_WRONG_HOURS, [first, last, first, last])


def find_wrong_days(*, begin: datetime, end: datetime) -> list[datetime]:
    """The days from that of `begin` to that of `end` whose sums are not those of their hours."""
    first, last = whole_day(begin), whole_day(end) + timedelta(days=1)
    return _moments(_WRONG_DAYS, [first, last, first, last])


def _moments(statement: str, values: list[datetime]) -> list[datetime]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [moment for (moment,) in cursor.fetchall()]


def mend_sums() -> int:
    """Look at the last days and make wrong sums right; how many hours and days were wrong."""
    now = timezone.now()
    hours = find_wrong_hours(begin=now - _PROVED, end=now)
    for hour in hours:
        rebuild_hours(begin=hour, end=hour + timedelta(hours=1))
    days = find_wrong_days(begin=now - _PROVED, end=now)
    for day in days:
        rebuild_days(begin=day, end=day)
    return len(hours) + len(days)


@transaction.atomic
def rebuild_hours(*, begin: datetime, end: datetime) -> None:
    """Make the sums of these hours and their days anew from requests, while no writer adds to
    them.

    For hours whose requests are all still there. What keys without a log have asked has no
    requests to go by, and stays as it is.
    """
    first, last = whole_hour(begin), whole_hour(end + timedelta(hours=1, microseconds=-1))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SUMS_LOCK])
        for table in (HOURS, HOUR_LATENCIES):
            cursor.execute(
                f"DELETE FROM {table.name} WHERE logged AND hour >= %s AND hour < %s",  # noqa: S608
                [first, last],
            )
            cursor.execute(add(table, sums_of(table, _ROWS)), [first, last])
    rebuild_days(begin=first, end=last)


@transaction.atomic
def rebuild_days(*, begin: datetime, end: datetime) -> None:
    """Make the sums of the days from that of `begin` to that of `end` anew from their hours."""
    first, last = whole_day(begin), whole_day(end) + timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SUMS_LOCK])
        for days, hours in ((DAYS, HOURS), (DAY_LATENCIES, HOUR_LATENCIES)):
            cursor.execute(
                f"DELETE FROM {days.name} WHERE day >= %s AND day < %s",  # noqa: S608
                [first, last],
            )
            cursor.execute(
                add(days, days_of(days, hours, "hour >= %s AND hour < %s")), [first, last]
            )


def whole_day(moment: datetime) -> datetime:
    return whole_hour(moment).replace(hour=0)


def whole_hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def forget_dead_spools() -> None:
    """Processes that are gone have nothing to tell any more. Raises redis.RedisError."""
    client = get_redis()
    for name, raw in dict(client.hgetall(SPOOLS_HASH)).items():
        try:
            at = decode_spool(raw).at
        except msgspec.DecodeError:
            at = 0.0
        if time.time() - at > _SPOOL_KEPT_SECONDS:
            client.hdel(SPOOLS_HASH, name)
