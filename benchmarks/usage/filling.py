"""Requests as a month of them would be, made inside Postgres."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection

from apps.gateway.actions.partitions import REQUESTS, make_partitions
from apps.gateway.actions.usage import NAMES
from apps.gateway.actions.usage_keeping import rebuild_hours

# 60 keys of 20 people, 6 models on 2 replicas each, 4 machines, one of which hardly ever serves.
_COLUMNS = """
    uuidv7(at - now()) AS id, at,
    %(team)s AS team_id, key_id, 1 + key_id %% 20 AS user_id,
    CASE WHEN draw < 0.9 THEN 'chat/completions' ELSE 'embeddings' END AS endpoint,
    'model-' || model AS model, 'model-' || model AS route, model AS deployment_id,
    NULL::bigint AS upstream_id, 'r' || replica AS replica_id,
    'model-' || model || '/' || replica AS served_by,
    CASE WHEN draw < 0.00001 THEN 'node-rare' ELSE 'node-' || model %% 3 END AS node,
    CASE WHEN draw < 0.97 THEN 200 WHEN draw < 0.98 THEN 429 WHEN draw < 0.99 THEN 502 ELSE 499 END
        AS status,
    CASE WHEN draw < 0.97 THEN '' WHEN draw < 0.98 THEN 'rate_limit_exceeded'
        WHEN draw < 0.99 THEN 'upstream_broke' ELSE 'client_left' END AS error,
    draw < 0.7 AS streamed, (100 + draw2 * 4000)::int AS prompt_tokens,
    (20 + draw2 * 800)::int AS completion_tokens, 0 AS cached_tokens, false AS estimated,
    0 AS queue_ms, 1 AS connect_ms, 40 + 400 * draw2 + CASE WHEN draw3 < 0.005 THEN 6000 ELSE 0 END
        AS first_byte_ms,
    7000 + 9000 * draw2 AS total_ms, NULL::integer AS queue_position,
    CASE WHEN draw3 < 0.002 THEN '5xx; from=model-1' ELSE '' END AS fallback_reason,
    NULL::integer AS capped_to, '10.0.0.' || key_id AS address, '[]'::jsonb AS trace
"""
_DRAWN = """
    SELECT %(end)s - make_interval(secs => %(days)s * 86400.0 * (%(rows)s - n) / %(rows)s) AS at,
        random() AS draw, random() AS draw2, random() AS draw3,
        (1 + floor(random() * random() * 60))::int AS key_id,
        (1 + floor(random() * 6))::int AS model, (1 + floor(random() * 2))::int AS replica
    FROM generate_series(1, %(rows)s) AS n
"""


def fill(*, team_id: int, end: datetime, days: int, rows: int) -> None:
    """So many requests in the days before `end`, and what their hours come to."""
    span = timedelta(days=days)
    make_partitions(table=REQUESTS, moments=[end - span * part / 10 for part in range(11)])
    with connection.cursor() as cursor:
        dropped = list(_drop_indexes(cursor))
        cursor.execute(
            f"INSERT INTO gateway_usagerecord ({NAMES})"  # noqa: S608 - constants
            f" SELECT {_COLUMNS} FROM ({_DRAWN}) AS drawn",
            {"team": team_id, "end": end, "days": days, "rows": rows},
        )
        cursor.execute("SET maintenance_work_mem = '1GB'")
        for definition in dropped:
            cursor.execute(definition)
    rebuild_hours(begin=end - span, end=end + timedelta(hours=1))
    with connection.cursor() as cursor:
        cursor.execute(
            "VACUUM ANALYZE gateway_usagerecord, gateway_usagehour, gateway_usagelatency"
        )


def _drop_indexes(cursor: object) -> Iterator[str]:
    """One index over all rows is made faster than it is kept. The key alone stays."""
    cursor.execute(  # type: ignore[attr-defined]
        "SELECT indexname, indexdef FROM pg_indexes"
        " WHERE tablename = 'gateway_usagerecord' AND indexname NOT LIKE '%%_pkey%%'"
    )
    for name, definition in cursor.fetchall():  # type: ignore[attr-defined]
        cursor.execute(f"DROP INDEX {name}")  # type: ignore[attr-defined]
        yield definition.replace(" ON ONLY ", " ON ")
