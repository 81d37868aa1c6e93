"""How long usage is kept, and the proof that the sums of hours are those of their requests."""

import time
from datetime import datetime, timedelta

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
from apps.gateway.models import UnloggedRequest, UsageHour, UsageLatency, UsageRecord
from apps.gateway.queries.usage_sql import HOURS_LOCK, add_hours, add_latencies, hours_of

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
    SELECT hour, {_SUMMED} FROM ({hours_of(_ROWS)}) AS hours GROUP BY hour
)
SELECT hour FROM (
    (TABLE said EXCEPT TABLE meant) UNION (TABLE meant EXCEPT TABLE said)
) AS different GROUP BY hour ORDER BY hour
"""  # noqa: S608 - nothing but constants


def make_usage_room() -> list[str]:
    """Partitions for now and soon; the names of those that were missing.

    Where there are requests and no sums of hours at all, these are made from them.
    """
    made = [name for table in (REQUESTS, BODIES) for name in make_partitions_ahead(table=table)]
    if not UsageHour.objects.exists() and UsageRecord.objects.exists():
        oldest = UsageRecord.objects.earliest("at").at
        rebuild_hours(begin=oldest, end=timezone.now() + _PROVED)
    return made


def drop_old_usage() -> list[str]:
    """What is older than the settings say; the names of the partitions that went."""
    now = timezone.now()
    requests = now - timedelta(days=settings.REQUEST_DAYS)
    hours = now - timedelta(days=settings.USAGE_MONTHS * _DAYS_PER_MONTH)
    dropped = drop_old_partitions(table=REQUESTS, before=requests)
    dropped += drop_old_partitions(table=BODIES, before=now - timedelta(days=settings.BODY_DAYS))
    UnloggedRequest.objects.filter(hour__lt=requests).delete()
    UsageHour.objects.filter(hour__lt=hours).delete()
    UsageLatency.objects.filter(hour__lt=hours).delete()
    return dropped


def find_wrong_hours(*, begin: datetime, end: datetime) -> list[datetime]:
    """The hours from that of `begin` to before that of `end` whose sums are not those of their
    requests."""
    first, last = whole_hour(begin), whole_hour(end)
    with connection.cursor() as cursor:
        cursor.execute(_WRONG_HOURS, [first, last, first, last])
        return [hour for (hour,) in cursor.fetchall()]


def mend_hours() -> int:
    """Look at the last days and make wrong hours right; how many there were."""
    now = timezone.now()
    wrong = find_wrong_hours(begin=now - _PROVED, end=now)
    for hour in wrong:
        rebuild_hours(begin=hour, end=hour + timedelta(hours=1))
    return len(wrong)


@transaction.atomic
def rebuild_hours(*, begin: datetime, end: datetime) -> None:
    """Make the sums of these hours anew from their requests, while no writer adds to them.

    What keys without a log have asked has no requests to go by, and stays as it is.
    """
    first, last = whole_hour(begin), whole_hour(end + timedelta(hours=1, microseconds=-1))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [HOURS_LOCK])
        for table, add in (
            ("gateway_usagehour", add_hours),
            ("gateway_usagelatency", add_latencies),
        ):
            cursor.execute(
                f"DELETE FROM {table} WHERE logged AND hour >= %s AND hour < %s",  # noqa: S608
                [first, last],
            )
            cursor.execute(add(_ROWS), [first, last])


def whole_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


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
