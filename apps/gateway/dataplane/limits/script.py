"""The script that counts, and the form in which it is spoken to. Its text is in `lua/`."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

PREFIX = "hearth:gateway:limits:"
SEEDED_KEY = PREFIX + "seeded"
NOTICES_STREAM = "hearth:gateway:notices"
REFUSALS_HASH = "hearth:gateway:refusals"

_PARTS = ("call", "holders", "operations")  # one script: each goes on where the last one ends
TEXT = "\n".join(Path(__file__).with_name("lua").joinpath(f"{p}.lua").read_text() for p in _PARTS)
SHA = hashlib.sha1(TEXT.encode(), usedforsecurity=False).hexdigest()

RESERVE, EXTEND, SETTLE, HOLD, LOOK, SEED, SEEDED = range(1, 8)
NEVER, RUNNING = -1, -2  # instead of milliseconds to wait

Window = Literal[
    "parallel", "requests_per_minute", "tokens_per_minute", "tokens_per_day", "tokens_per_month"
]
WINDOWS: tuple[Window, ...] = (
    "parallel",
    "requests_per_minute",
    "tokens_per_minute",
    "tokens_per_day",
    "tokens_per_month",
)

HolderRow = tuple[str, int, int, int, int, int]  # name and limits by window, -1 for none
Item = Sequence[Any]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Any]).decode


def encode_call(
    holders: Sequence[HolderRow],
    items: Sequence[Item],
    *,
    process: str = "",
    seq: int = 0,
    ended: Sequence[str] = (),
    lease_ms: int = 0,
    now_ms: int = 0,
) -> bytes:
    """The argument of one call of the script; items name holders by their position from 1."""
    return _encode((now_ms, lease_ms, process, seq, ended, holders, items))


class Answer(msgspec.Struct, frozen=True):
    """`lost`: the process has to come back under another name, and nothing was done."""

    lost: bool
    now_ms: int = 0
    ended_seqs: list[int] = []
    results: list[Any] = []


def decode_answer(raw: bytes) -> Answer:
    """Raises msgspec.DecodeError when this is no answer of the script."""
    fields = _decode(raw)
    if fields[0] != 1:
        return Answer(lost=True)
    return Answer(lost=False, now_ms=fields[1], ended_seqs=fields[2], results=fields[3])
