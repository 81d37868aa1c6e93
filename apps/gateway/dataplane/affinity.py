"""Sending what belongs together to the same place, so that its prompt cache is used again.

An endpoint is ranked for a key by rendezvous hashing: the same everywhere and at any time, and when
an endpoint comes or goes only the keys it had move. Pure.
"""

import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from apps.gateway.dataplane.snapshot import Affinity

_PREFIX_BYTES = 2048  # of tools, and again of what follows them in the prompt
_FROM_USER = re.compile(rb'"role"\s*:\s*"user"')
_SESSION_HEADER = b"x-session-id"
_MASK = (1 << 64) - 1
_NOTHING = msgspec.Raw(b"")

Ranked = TypeVar("Ranked")


class _Asked(msgspec.Struct):
    """The parts of a body by which requests belong together, as slices of its bytes."""

    tools: msgspec.Raw = _NOTHING
    system: msgspec.Raw = _NOTHING
    instructions: msgspec.Raw = _NOTHING
    messages: msgspec.Raw = _NOTHING
    prompt: msgspec.Raw = _NOTHING
    input: msgspec.Raw = _NOTHING
    user: msgspec.Raw = _NOTHING
    metadata: msgspec.Raw = _NOTHING
    prompt_cache_key: msgspec.Raw = _NOTHING
    session_id: msgspec.Raw = _NOTHING


class _Metadata(msgspec.Struct):
    user_id: str | None = None
    session_id: str | None = None


_decode = msgspec.json.Decoder(_Asked).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_metadata = msgspec.json.Decoder(_Metadata).decode


def affinity_key(
    kind: Affinity,
    body: bytes,
    headers: Iterable[tuple[bytes, bytes]],
    *,
    team_id: int,
    key_id: int | None,
) -> int | None:
    """64 bits that are equal for requests which belong together, or None when there is no telling.

    `session`: what the client calls its session, else its key and the head of the conversation.
    `prefix`: the head of the prompt alone, whoever sends it.
    """
    if kind == "none":
        return None
    session = b""
    if kind == "session":
        session = next((value for name, value in headers if name == _SESSION_HEADER), b"")
        if session:
            return _hash(b"%d" % team_id, session)
    try:
        asked = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # a form with a file in it, or fields of another shape
    if kind == "session":
        named = _named_session(asked)
        if named:
            return _hash(b"%d" % team_id, named)
    head = _prompt_head(asked)
    if not any(head):
        return None
    return _hash(b"%d/%d" % (team_id, key_id or 0), *head) if kind == "session" else _hash(*head)


def _named_session(asked: _Asked) -> bytes:
    metadata = bytes(asked.metadata)
    if metadata:
        try:
            found = _decode_metadata(metadata)
        except msgspec.DecodeError:
            found = _Metadata()
        named = found.session_id or found.user_id
        if named:
            return named.encode()
    for raw in (asked.session_id, asked.prompt_cache_key, asked.user):
        value = bytes(raw)
        if len(value) > 2 and value != b"null":
            return value
    return b""


def _prompt_head(asked: _Asked) -> tuple[bytes, ...]:
    """Where the prompt begins, in the order model servers put it: tools, instructions, messages.

    Of a conversation no more than up to its first message of a user: that much is the same in every
    turn, however short it is.
    """
    text = bytes(asked.system) + bytes(asked.instructions)
    turns = bytes(asked.messages) or bytes(asked.input) or bytes(asked.prompt)
    if turns[:1] == b"[":
        turns = _opening(turns, _PREFIX_BYTES)
    return bytes(asked.tools)[:_PREFIX_BYTES], (text + turns)[:_PREFIX_BYTES]


def _opening(turns: bytes, enough: int) -> bytes:
    parts = []
    size = 0
    for turn in _decode_list(turns):
        part = bytes(turn)
        parts.append(part)
        size += len(part)
        if size >= enough or _FROM_USER.search(part):
            break
    return b"".join(parts)


def _hash(*parts: bytes) -> int:
    sized = b"".join([b"%d:%b" % (len(part), part) for part in parts])
    return int.from_bytes(hashlib.blake2b(sized, digest_size=8).digest())


def seed_of(endpoint_id: str) -> int:
    """What an endpoint brings into its ranking; computed once per table."""
    return _hash(endpoint_id.encode())


def favourite(
    key: int, candidates: Sequence[Ranked], seeds: Sequence[int], weights: Sequence[float]
) -> Ranked:
    """The first of `rank`, which is all that most requests need."""
    best, highest = candidates[0], -1.0
    for candidate, seed, weight in zip(candidates, seeds, weights, strict=True):
        score = _score(key, seed, weight)
        if score > highest:
            best, highest = candidate, score
    return best


def rank(
    key: int, candidates: Sequence[Ranked], seeds: Sequence[int], weights: Sequence[float]
) -> list[Ranked]:
    """The candidates, favourite first. One of twice the weight is the favourite of twice as many
    keys."""
    scored = sorted(
        (-_score(key, seed, weight), position)
        for position, (seed, weight) in enumerate(zip(seeds, weights, strict=True))
    )
    return [candidates[position] for _, position in scored]


def _score(key: int, seed: int, weight: float) -> float:
    mixed = (key ^ seed) * 0xFF51AFD7ED558CCD & _MASK
    mixed = (mixed ^ mixed >> 33) * 0xC4CEB9FE1A85EC53 & _MASK
    share = ((mixed ^ mixed >> 33) + 1) / (_MASK + 2)  # in (0, 1)
    return -weight / math.log(share)
