"""What the requests of an hour come to, said once: for writing it down, for proving it, and for
the broken hours that a span begins and ends with.

`rows` is always a FROM item with the columns of `UsageRecord` and `logged`.
"""

HOUR_KINDS = (
    "team_id", "hour", "key_id", "user_id", "model", "route", "deployment_id", "upstream_id",
    "node", "served_by", "endpoint", "status", "logged",
)  # fmt: skip
HOUR_SUMS = (
    "requests", "failed", "estimated", "fell_back", "capped", "prompt_tokens",
    "completion_tokens", "cached_tokens", "queue_ms", "connect_ms", "first_byte_ms", "total_ms",
    "stream_tokens", "stream_ms",
)  # fmt: skip
LATENCY_KINDS = (
    "team_id", "hour", "model", "route", "deployment_id", "node", "served_by", "logged", "bucket",
)  # fmt: skip
LATENCY_SUMS = ("first_byte", "total")
HOURS_LOCK = 7_215_003  # any number that nothing else locks: shared by writers, whole to mend
BUCKETS_PER_DOUBLING = 3  # bucket n ends at 2^(n/3) milliseconds

_FAILED = "(status >= 400 OR error <> '')"
_STREAMED = f"NOT {_FAILED} AND streamed AND completion_tokens > 0 AND total_ms > first_byte_ms"
_EXPRESSIONS = {
    "hour": "date_trunc('hour', at, 'UTC')",
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


def hours_of(rows: str) -> str:
    """A SELECT of HOUR_KINDS and HOUR_SUMS."""
    return _grouped(rows, HOUR_KINDS, HOUR_SUMS)


def latencies_of(rows: str) -> str:
    """A SELECT of LATENCY_KINDS and LATENCY_SUMS."""
    spread = (
        f"{rows} CROSS JOIN LATERAL (VALUES ({_bucket('first_byte_ms')}, 1, 0),"
        f" ({_bucket('total_ms')}, 0, 1)) AS took (bucket, of_first_byte, of_total)"
        f" WHERE NOT {_FAILED}"
    )
    return _grouped(spread, LATENCY_KINDS, LATENCY_SUMS)


def add_hours(rows: str) -> str:
    """Add what the rows come to to the hours they belong to."""
    return _add("gateway_usagehour", hours_of(rows), HOUR_KINDS, HOUR_SUMS)


def add_latencies(rows: str) -> str:
    return _add("gateway_usagelatency", latencies_of(rows), LATENCY_KINDS, LATENCY_SUMS)


def _bucket(column: str) -> str:
    return f"ceil({BUCKETS_PER_DOUBLING} * ln(greatest({column}, 1)) / ln(2))::smallint"


def _grouped(rows: str, kinds: tuple[str, ...], sums: tuple[str, ...]) -> str:
    columns = [
        f"{_EXPRESSIONS[name]} AS {name}" if name in _EXPRESSIONS else name
        for name in (*kinds, *sums)
    ]
    positions = ", ".join(str(number) for number in range(1, len(kinds) + 1))
    return f"SELECT {', '.join(columns)} FROM {rows} GROUP BY {positions}"  # noqa: S608 - constants


def _add(table: str, sums_of_rows: str, kinds: tuple[str, ...], sums: tuple[str, ...]) -> str:
    """Always in the order of the ids, so that two writers never wait for each other in a circle."""
    names = ", ".join((*kinds, *sums))
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in sums)
    return (
        f"INSERT INTO {table} (id, {names})"  # noqa: S608 - constants
        f" SELECT md5(jsonb_build_array({', '.join(kinds)})::text)::uuid AS id, {names}"
        f" FROM ({sums_of_rows}) AS hours ORDER BY id"
        f" ON CONFLICT (id) DO UPDATE SET {added}"
    )
