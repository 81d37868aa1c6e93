"""Reading a document into a table, making only what has changed since the one before.

Entries are compared as bytes: what is written as it was before is what it was made into before.
Ten thousand keys and a thousand routes are read this way in a few milliseconds, most of which let
requests through.
"""

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from apps.gateway.dataplane import table_build
from apps.gateway.dataplane.health import Load
from apps.gateway.dataplane.keys import Caller
from apps.gateway.dataplane.limits.holders import Holder, shared_holder
from apps.gateway.dataplane.route_table import Route, RouteTable
from apps.gateway.dataplane.snapshot import (
    DeploymentEntry,
    HolderEntry,
    KeyEntry,
    RouteEntry,
    Snapshot,
    TargetEntry,
    UpstreamEntry,
    encode,
)
from apps.gateway.dataplane.table_build import Place

_AT_A_TIME = 64  # entries, before requests are let through

_NOTHING = msgspec.Raw(b"[]")
Made = TypeVar("Made")
Decrypt = Callable[[str], str]
Callers = tuple[tuple[str, Caller], ...]  # by digest; a rotated key has two
PlaceKey = tuple[str, int]


class _Sections(msgspec.Struct):
    version: int
    keys: msgspec.Raw = _NOTHING
    upstreams: msgspec.Raw = _NOTHING
    deployments: msgspec.Raw = _NOTHING
    routes: msgspec.Raw = _NOTHING
    holders: msgspec.Raw = _NOTHING


_decode = msgspec.json.Decoder(_Sections).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_key = msgspec.json.Decoder(KeyEntry).decode
_decode_upstream = msgspec.json.Decoder(UpstreamEntry).decode
_decode_deployment = msgspec.json.Decoder(DeploymentEntry).decode
_decode_route = msgspec.json.Decoder(RouteEntry).decode
_decode_holders = msgspec.json.Decoder(list[HolderEntry]).decode


@dataclass(frozen=True, slots=True)
class _RoutePiece:
    entry: RouteEntry
    places: tuple[Place | None, ...]  # of its targets, in order
    route: Route


@dataclass(slots=True)
class Known:
    """What the last document said, and what its entries were made into, by their bytes."""

    table: RouteTable = field(default_factory=RouteTable)
    sections: _Sections | None = None
    shared: dict[tuple[str, int, int], Holder] = field(default_factory=dict)
    callers: dict[bytes, Callers] = field(default_factory=dict)
    upstreams: dict[bytes, tuple[PlaceKey, Place]] = field(default_factory=dict)
    deployments: dict[bytes, tuple[PlaceKey, Place]] = field(default_factory=dict)
    routes: dict[bytes, _RoutePiece] = field(default_factory=dict)


def build_table(snapshot: Snapshot, *, decrypt: Decrypt, before: RouteTable) -> RouteTable:
    """The table of one snapshot. Endpoints that stay keep their gauges from the one before."""
    return read_table(encode(snapshot), decrypt=decrypt, known=Known(before)).table


def read_table(raw: bytes, *, decrypt: Decrypt, known: Known) -> Known:
    """The table of a document, in what has to be known for reading the next.

    Raises msgspec.DecodeError when the document is not one of ours; `known` is left as it is.
    """
    sections = _decode(raw)
    fresh = Known(sections=sections)
    with _no_collection():
        _read_keys(sections, fresh, known)
        places = _read_places(sections, fresh, known, decrypt)
        fresh.table = RouteTable(
            version=sections.version,
            keys=_keys(fresh, known),
            routes=_read_routes(sections, fresh, known, places),
            holders={
                (each.level, each.id, each.team_id): each
                for each in _decode_holders(bytes(sections.holders))
            },
            places={each.id: each for place in places.values() for each in place.endpoints},
        )
    return fresh


@contextmanager
def _no_collection() -> Iterator[None]:
    """Many objects at once that all stay set the garbage collector off, which holds everybody up:
    80 ms for ten thousand keys."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _is_same(name: str, sections: _Sections, known: Known) -> bool:
    before = known.sections
    return before is not None and bytes(getattr(sections, name)) == bytes(getattr(before, name))


def _made(
    section: msgspec.Raw, known: dict[bytes, Made], make: Callable[[bytes], Made]
) -> dict[bytes, Made]:
    made = {}
    for number, entry in enumerate(_decode_list(section)):
        if number % _AT_A_TIME == 0:
            time.sleep(0)
        raw = bytes(entry)
        piece = known.get(raw)
        made[raw] = make(raw) if piece is None else piece
    return made


# -- keys


def _read_keys(sections: _Sections, fresh: Known, known: Known) -> None:
    if _is_same("holders", sections, known):
        fresh.shared = known.shared
        if _is_same("keys", sections, known):
            fresh.callers = known.callers
            return
        callers = known.callers
    else:
        entries = _decode_holders(bytes(sections.holders))
        fresh.shared = {
            (each.level, each.id, each.team_id): shared_holder(each) for each in entries
        }
        callers = {}

    def make(raw: bytes) -> Callers:
        return tuple(table_build.callers(_decode_key(raw), fresh.shared))

    fresh.callers = _made(sections.keys, callers, make)


def _keys(fresh: Known, known: Known) -> Mapping[str, Caller]:
    """By digest: those from before, less what has gone, and what has come."""
    if fresh.callers is known.callers:
        return known.table.keys
    if fresh.shared is not known.shared:
        return {digest: caller for piece in fresh.callers.values() for digest, caller in piece}
    keys = dict(known.table.keys)
    for raw in known.callers.keys() - fresh.callers.keys():
        for digest, _ in known.callers[raw]:
            keys.pop(digest, None)
    for raw in fresh.callers.keys() - known.callers.keys():
        keys.update(fresh.callers[raw])
    return keys


# -- upstreams and deployments


def _read_places(
    sections: _Sections, fresh: Known, known: Known, decrypt: Decrypt
) -> dict[PlaceKey, Place]:
    loads = {endpoint.id: endpoint.load for endpoint in known.table.endpoints()}

    def load(endpoint_id: str) -> Load:
        return loads.setdefault(endpoint_id, Load())

    def upstream(raw: bytes) -> tuple[PlaceKey, Place]:
        entry = _decode_upstream(raw)
        return ("upstream", entry.id), table_build.outside_place(entry, decrypt, load)

    def deployment(raw: bytes) -> tuple[PlaceKey, Place]:
        entry = _decode_deployment(raw)
        return ("deployment", entry.id), table_build.deployment_place(entry, decrypt, load)

    fresh.upstreams = _made(sections.upstreams, known.upstreams, upstream)
    fresh.deployments = _made(sections.deployments, known.deployments, deployment)
    return dict([*fresh.upstreams.values(), *fresh.deployments.values()])


# -- routes


def _read_routes(
    sections: _Sections, fresh: Known, known: Known, places: dict[PlaceKey, Place]
) -> dict[tuple[int | None, str], Route]:
    for number, each in enumerate(_decode_list(sections.routes)):
        if number % _AT_A_TIME == 0:
            time.sleep(0)
        raw = bytes(each)
        fresh.routes[raw] = _route_piece(raw, known.routes.get(raw), places)
    routes: dict[tuple[int | None, str], Route] = {}
    for piece in fresh.routes.values():
        entry = piece.entry
        for alias in entry.aliases:
            routes.setdefault((entry.team_id, alias), piece.route)
        routes[entry.team_id, entry.name] = piece.route
    return routes


def _route_piece(
    raw: bytes, before: _RoutePiece | None, places: dict[PlaceKey, Place]
) -> _RoutePiece:
    """What it was before, unless one of the places it leads to is another one now."""
    entry = _decode_route(raw) if before is None else before.entry
    found = tuple(places.get(_place_key(target)) for target in entry.targets)
    if before is not None and all(
        now is then for now, then in zip(found, before.places, strict=True)
    ):
        return before
    return _RoutePiece(entry, found, table_build.route(entry, found))


def _place_key(entry: TargetEntry) -> PlaceKey:
    if entry.deployment_id is not None:
        return "deployment", entry.deployment_id
    return "upstream", entry.upstream_id or 0
