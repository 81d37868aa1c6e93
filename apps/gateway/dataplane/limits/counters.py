"""The counters for whoever reserves nothing: the control plane reads them, and raises those that
Redis has lost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import redis

from apps.gateway.dataplane.limits import script

_AT_ONCE = 500


class Refusal(msgspec.Struct, frozen=True):
    """The last refusal of a key, as the console shows it. `at` is in unix seconds."""

    code: str
    sentence: str
    at: float
    status: int
    request_id: str
    model: str = ""
    window: str = ""
    level: str = ""
    holder: str = ""


@dataclass(frozen=True, slots=True)
class WindowUse:
    """`settled` is None where Redis has lost what was used before and the worker has not yet
    counted it anew. `resets_ms` is how long until the window is empty; 0 for what runs now."""

    settled: int | None
    reserved: int
    resets_ms: int


@dataclass(frozen=True, slots=True)
class Seed:
    """What the database has counted for a holder: tokens of requests that began in this UTC day
    (days since 1970) and month (12 * year + month - 1)."""

    holder: str
    day: int
    day_tokens: int
    month: int
    month_tokens: int


def read_windows(
    client: redis.Redis, rows: Sequence[script.HolderRow]
) -> list[dict[script.Window, WindowUse]]:
    """For each holder, every window. Raises RedisError."""
    found: list[dict[script.Window, WindowUse]] = []
    for part in _parts(rows):
        [windows] = _call(client, part, [(script.LOOK, tuple(range(1, len(part) + 1)))])
        found += [
            {
                window: WindowUse(None if settled < 0 else settled, reserved, resets_ms)
                for window, (settled, reserved, resets_ms) in zip(script.WINDOWS, each, strict=True)
            }
            for each in windows
        ]
    return found


def is_seeded(client: redis.Redis) -> bool:
    """Whether day and month counters are known to be whole. Raises RedisError."""
    return bool(client.exists(script.SEEDED_KEY))


def seed(client: redis.Redis, seeds: Sequence[Seed]) -> None:
    """Raise counters to what the database has counted, then say that they are whole.

    A counter that is further stays: what was settled reaches the database a moment later. Raises
    RedisError.
    """
    for part in _parts(seeds):
        rows = [(each.holder, -1, -1, -1, -1, -1) for each in part]
        _call(
            client,
            rows,
            [
                (script.SEED, (i,), each.day, each.day_tokens, each.month, each.month_tokens)
                for i, each in enumerate(part, 1)
            ],
        )
    _call(client, (), [(script.SEEDED, ())])


def read_refusal(client: redis.Redis, key_id: int) -> Refusal | None:
    """The last time the gateway turned the key away, if it did. Raises RedisError."""
    raw: Any = client.hget(script.REFUSALS_HASH, str(key_id))
    return None if raw is None else msgspec.json.decode(raw, type=Refusal)


def _parts(whole: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for begin in range(0, len(whole), _AT_ONCE):
        yield whole[begin : begin + _AT_ONCE]


def _call(client: Any, rows: Sequence[script.HolderRow], items: Sequence[script.Item]) -> list[Any]:
    argument = script.encode_call(rows, items)
    # The answer is binary, whatever this client does with text.
    raw: bytes = client.execute_command("EVAL", script.TEXT, 0, argument, NEVER_DECODE=True)
    return script.decode_answer(raw).results
