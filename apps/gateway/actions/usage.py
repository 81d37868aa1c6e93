"""Writing down what requests have cost."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.db.models import Q

from apps.core.events import publish
from apps.gateway.actions.partitions import BODIES, REQUESTS, make_partitions
from apps.gateway.dataplane import usage
from apps.gateway.dataplane.inflight import DIED
from apps.gateway.models import ApiKey, RequestBodies
from apps.gateway.queries.usage_sql import (
    DAY_LATENCIES,
    DAYS,
    HOUR_LATENCIES,
    HOURS,
    SUMS_LOCK,
    add,
    sums_of,
)

_LARGEST_COUNT = 2**31 - 1
_LATEST = 4_102_444_800.0  # the year 2100, in unix seconds
_COLUMNS = {
    "id": "uuid",
    "at": "timestamptz",
    "team_id": "bigint",
    "key_id": "bigint",
    "user_id": "bigint",
    "endpoint": "text",
    "model": "text",
    "route": "text",
    "deployment_id": "bigint",
    "upstream_id": "bigint",
    "replica_id": "text",
    "served_by": "text",
    "node": "text",
    "status": "smallint",
    "error": "text",
    "streamed": "boolean",
    "prompt_tokens": "integer",
    "completion_tokens": "integer",
    "cached_tokens": "integer",
    "estimated": "boolean",
    "queue_ms": "float8",
    "connect_ms": "float8",
    "first_byte_ms": "float8",
    "total_ms": "float8",
    "queue_position": "integer",
    "fallback_reason": "text",
    "capped_to": "integer",
    "address": "text",
    "trace": "jsonb",
}
NAMES = ", ".join(_COLUMNS)
_TYPED = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())

# One statement, so that a request is counted where its row is new, and only there.
_RECORD = f"""
WITH incoming AS MATERIALIZED (
    SELECT DISTINCT ON (id) *
    FROM jsonb_to_recordset(%s::jsonb) AS given ({_TYPED}, logged boolean)
    ORDER BY id, error = '{DIED}'
), kept AS (
    INSERT INTO gateway_usagerecord ({NAMES})
    SELECT {NAMES} FROM incoming WHERE logged
    ON CONFLICT DO NOTHING RETURNING id
), counted AS (
    INSERT INTO gateway_unloggedrequest (id, hour)
    SELECT id, date_trunc('hour', at, 'UTC') FROM incoming WHERE NOT logged
    ON CONFLICT DO NOTHING RETURNING id
), fresh AS MATERIALIZED (
    SELECT * FROM incoming
    WHERE id IN (SELECT id FROM kept UNION ALL SELECT id FROM counted)
), latencies AS ({add(HOUR_LATENCIES, sums_of(HOUR_LATENCIES, "fresh"))}
), day_latencies AS ({add(DAY_LATENCIES, sums_of(DAY_LATENCIES, "fresh"))}
), days AS ({add(DAYS, sums_of(DAYS, "fresh"))}
)
{add(HOURS, sums_of(HOURS, "fresh"))}
"""  # noqa: S608 - nothing but constants


def record_usage(*, records: Sequence[usage.UsageRecord]) -> None:
    """Store what requests cost. A record that is there already stays as it is."""
    make_partitions(table=REQUESTS, moments={_moment(record.at) for record in records})
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [SUMS_LOCK])
            cursor.execute(_RECORD, [orjson.dumps([_row(each) for each in records]).decode()])
        _note_use(records)
        for team_id in {record.team_id for record in records}:
            publish(subject="usage", subject_id=str(team_id), change="updated", team_id=team_id)


def record_bodies(*, records: Sequence[usage.BodiesRecord]) -> None:
    """Store what was asked and answered, encrypted as it came."""
    make_partitions(table=BODIES, moments={_moment(record.at) for record in records})
    RequestBodies.objects.bulk_create(
        [
            RequestBodies(
                id=UUID(record.id),
                at=_moment(record.at),
                team_id=record.team_id,
                sealed_request=record.sealed_request,
                sealed_reply=record.sealed_reply,
                request_bytes=_count(record.request_bytes),
                reply_bytes=_count(record.reply_bytes),
            )
            for record in records
        ],
        ignore_conflicts=True,
    )


def _note_use(records: Iterable[usage.UsageRecord]) -> None:
    latest: dict[int, float] = {}
    for record in records:
        if record.key_id is not None:
            latest[record.key_id] = max(record.at, latest.get(record.key_id, 0.0))
    for key_id, at in sorted(latest.items()):
        when = _moment(at)
        unused = Q(last_used_at=None) | Q(last_used_at__lt=when)
        ApiKey.objects.filter(unused, pk=key_id).update(last_used_at=when)


def _row(record: usage.UsageRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "at": _moment(record.at),
        "team_id": record.team_id,
        "key_id": record.key_id,
        "user_id": record.user_id,
        "endpoint": _text(record.endpoint, 40),
        "model": _text(record.model, 200),
        "route": _text(record.route, 100),
        "deployment_id": record.deployment_id,
        "upstream_id": record.upstream_id,
        "replica_id": _text(record.replica_id or "", 64),
        "served_by": _text(record.served_by, 200),
        "node": _text(record.node, 100),
        "status": record.status,
        "error": _text(record.error, 60),
        "streamed": record.streamed,
        "prompt_tokens": _count(record.prompt_tokens),
        "completion_tokens": _count(record.completion_tokens),
        "cached_tokens": _count(record.cached_tokens),
        "estimated": record.estimated,
        "queue_ms": record.queue_ms,
        "connect_ms": record.connect_ms,
        "first_byte_ms": record.first_byte_ms,
        "total_ms": record.total_ms,
        "queue_position": record.queue_position,
        "fallback_reason": _text(record.fallback_reason, 200),
        "capped_to": None if record.capped_to is None else _count(record.capped_to),
        "address": _text(record.address, 60),
        "trace": _trace(record.trace),
        "logged": record.logged,
    }


def _moment(at: float) -> datetime:
    """A clock that is wrong by centuries must not stop the writer."""
    return datetime.fromtimestamp(min(max(at, 0.0), _LATEST), UTC)


def _text(value: str, limit: int) -> str:
    """Clients choose these: Postgres stores no NUL."""
    return value.replace("\x00", "")[:limit]


def _count(value: int) -> int:
    """An upstream's own arithmetic must not stop the writer."""
    return min(max(value, 0), _LARGEST_COUNT)


def _trace(text: str) -> list[Any]:
    try:
        steps = orjson.loads(text.replace("\\u0000", "")) if text else []
    except orjson.JSONDecodeError:
        return []
    return steps if isinstance(steps, list) else []
