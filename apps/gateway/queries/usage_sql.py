"""What requests come to in an hour and in a day, said once: for writing it down, for proving it,
and for the broken hours that a span begins and ends with.

`rows` is always a FROM item with the columns of `UsageRecord` and `logged`.
"""

from dataclasses import dataclass
from typing import Literal

SUMS_LOCK = 7_215_003  # any number that nothing else locks: shared by writers, whole to mend
BUCKETS_PER_DOUBLING = 3  # bucket n ends at 2^(n/3) milliseconds


@dataclass(frozen=True)
class SumTable:
    """Sums by `kinds`, of which one is the hour or the day that `unit` names."""

    name: str
    unit: Literal["hour", "day"]
    kinds: tuple[str, ...]
    sums: tuple[str, ...]


_KINDS = (
    "key_id", "user_id", "model", "route", "deployment_id", "upstream_id", "node", "served_by",
    "endpoint", "status", "logged",
)  # fmt: skip
SUMS = (
    "requests", "failed", "estimated", "fell_back", "capped", "prompt_tokens",
    "completion_tokens", "cached_tokens", "queue_ms", "connect_ms", "first_byte_ms", "total_ms",
    "stream_tokens", "stream_ms",
)  # fmt: skip
LATENCY_KINDS = ("model", "route", "deployment_id", "node", "served_by", "logged", "bucket")
LATENCY_SUMS = ("first_byte", "total")

HOURS = SumTable("gateway_usagehour", "hour", ("team_id", "hour", *_KINDS), SUMS)
DAYS = SumTable("gateway_usageday", "day", ("team_id", "day", *_KINDS), SUMS)
HOUR_LATENCIES = SumTable(
    "gateway_usagelatency", "hour", ("team_id", "hour", *LATENCY_KINDS), LATENCY_SUMS
)
DAY_LATENCIES = SumTable(
    "gateway_usagedaylatency", "day", ("team_id", "day", *LATENCY_KINDS), LATENCY_SUMS
)

_FAILED = "(status >= 400 OR error <> '')"
_STREAMED = f"NOT {_FAILED} AND streamed AND completion_tokens > 0 AND total_ms > first_byte_ms"
_EXPRESSIONS = {
    "hour": "date_trunc('hour', at, 'UTC')",
    "day": "date_trunc('day', at, 'UTC')",
    # A client may make up names as it likes: only models that exist are told apart.
    "model": "CASE WHEN error = 'model_not_found' THEN '' ELSE model END",
    "requests": "count(*)",
    "failed": f"count(*) FILTER (WHERE {_FAILED})",
    "estimated": "count(*) FILTER (WHERE estimated)",
    "fell_back": "count(*) FILTER (WHERE fallback_reason <> '')",
    "capped": "count(capped_to)",
    "prompt_tokens": "sum(prompt_tokens::bigint)",
    "completion_tokens": "sum(completion_tokens::bigint)",
    "cached_tokens": "sum(cached_tokens::bigint)",
    **{
        name: f"coalesce(sum({name}) FILTER (WHERE NOT {_FAILED}), 0)"
        for name in ("queue_ms", "connect_ms", "first_byte_ms", "total_ms")
    },
    "stream_tokens": f"coalesce(sum(completion_tokens::bigint) FILTER (WHERE {_STREAMED}), 0)",
    "stream_ms": f"coalesce(sum(total_ms - first_byte_ms) FILTER (WHERE {_STREAMED}), 0)",
    "first_byte": "sum(of_first_byte)",
    "total": "sum(of_total)",
}


def sums_of(table: SumTable, rows: str) -> str:
    """A SELECT of the table's kinds and sums from requests."""
    if "bucket" in table.kinds:
        rows = (
            f"{rows} CROSS JOIN LATERAL (VALUES ({_bucket('first_byte_ms')}, 1, 0),"
            f" ({_bucket('total_ms')}, 0, 1)) AS took (bucket, of_first_byte, of_total)"
            f" WHERE NOT {_FAILED}"
        )
    columns = [
        f"{_EXPRESSIONS[name]} AS {name}" if name in _EXPRESSIONS else name
        for name in (*table.kinds, *table.sums)
    ]
    return _grouped(columns, rows, table)


def days_of(table: SumTable, hours: SumTable, where: str) -> str:
    """The same as `sums_of` for a table of days, from the sums of hours."""
    columns = [
        "date_trunc('day', hour, 'UTC') AS day" if name == "day" else name for name in table.kinds
    ]
    columns += [f"sum({name}) AS {name}" for name in table.sums]
    return _grouped(columns, f"{hours.name} WHERE {where}", table)


def add(table: SumTable, sums: str) -> str:
    """Add these sums to those that are there already.

    Always in the order of time and id: two writers never wait for each other in a circle, and
    what is asked for together lies together.
    """
    names = ", ".join((*table.kinds, *table.sums))
    added = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in table.sums)
    return (
        f"INSERT INTO {table.name} (id, {names})"  # noqa: S608 - constants
        f" SELECT md5(jsonb_build_array({', '.join(table.kinds)})::text)::uuid AS id, {names}"
        f" FROM ({sums}) AS new ORDER BY {table.unit}, id"
        f" ON CONFLICT (id) DO UPDATE SET {added}"
    )


def _bucket(column: str) -> str:
    return f"ceil({BUCKETS_PER_DOUBLING} * ln(greatest({column}, 1)) / ln(2))::smallint"


def _grouped(columns: list[str], rows: str, table: SumTable) -> str:
    positions = ", ".join(str(number) for number in range(1, len(table.kinds) + 1))
    return f"SELECT {', '.join(columns)} FROM {rows} GROUP BY {positions}"  # noqa: S608 - constants
