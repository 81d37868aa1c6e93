"""Making the parts of a route table from their entries: addresses parsed, keys opened."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken

from apps.gateway.dataplane.health import Load
from apps.gateway.dataplane.keys import Caller, Network
from apps.gateway.dataplane.limits.holders import Holder, key_holder
from apps.gateway.dataplane.route_table import (
    Address,
    Endpoint,
    Fallback,
    Route,
    ServedDeployment,
    Target,
)
from apps.gateway.dataplane.snapshot import (
    DeploymentEntry,
    KeyEntry,
    RouteEntry,
    TargetEntry,
    UpstreamEntry,
)

logger = logging.getLogger(__name__)


def parse_base_url(url: str) -> Address:
    """An address without a path means the server's `/v1`. Raises ValueError with the reason."""
    if re.search(r"[\s\x00-\x1f\x7f]", url.strip()):
        raise ValueError("An address has no spaces in it.")
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("An address looks like http://host:port/v1 or https://host/v1.")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("An address carries no user name or password, no `?…` and no `#…`.")
    secure = parts.scheme == "https"
    path = parts.path.rstrip("/") or "/v1"
    if not path.isascii():
        raise ValueError("The path of an address is plain ASCII.")
    return Address(
        secure=secure,
        host=parts.hostname,
        port=parts.port or (443 if secure else 80),
        path=path,
    )


class Place(NamedTuple):
    """Where a target leads: an upstream, or a deployment with the replicas it has now."""

    endpoints: tuple[Endpoint, ...]
    deployment: ServedDeployment | None = None


def route(entry: RouteEntry, places: Sequence[Place | None]) -> Route:
    """`places` are those of its targets, in order; None for one that is not there."""
    return Route(
        name=entry.name,
        team_id=entry.team_id,
        targets=tuple(
            _target(target, place)
            for target, place in zip(entry.targets, places, strict=True)
            if target.weight > 0
        ),
        fallbacks=tuple(Fallback(frozenset(step.on), step.to) for step in entry.fallbacks),
        created=entry.created,
        aliases=tuple(entry.aliases),
        affinity=entry.affinity,
        may_leave_house=entry.may_leave_house,
        max_output_tokens=entry.max_output_tokens,
    )


def _target(entry: TargetEntry, place: Place | None) -> Target:
    return Target(
        endpoints=() if place is None else place.endpoints,
        weight=entry.weight,
        model=entry.model,
        deployment=None if place is None else place.deployment,
    )


def callers(
    entry: KeyEntry, shared: Mapping[tuple[str, int, int], Holder]
) -> Iterator[tuple[str, Caller]]:
    """By digest. A rotated key has two of them for a while."""
    caller = _caller(entry, tuple(_holders(entry, shared)))
    yield entry.digest, caller
    if entry.previous_digest and entry.previous_until is not None:
        until = min(entry.previous_until, entry.expires_at or entry.previous_until)
        yield entry.previous_digest, replace(caller, expires_at=until)


def _holders(entry: KeyEntry, shared: Mapping[tuple[str, int, int], Holder]) -> Iterator[Holder]:
    if entry.limits:
        yield key_holder(key_id=entry.id, name=entry.name, limits=entry.limits)
    for level, holder_id in (("user", entry.user_id), ("team", entry.team_id)):
        if holder_id is not None and (level, holder_id, entry.team_id) in shared:
            yield shared[level, holder_id, entry.team_id]


def _networks(entry: KeyEntry) -> tuple[Network, ...] | None:
    """A network that cannot be read admits nobody: a list that is wrong must not open the door."""
    if not entry.networks:
        return None
    networks: list[Network] = []
    for text in entry.networks:
        try:
            networks.append(ip_network(text, strict=False))
        except ValueError as problem:
            logger.warning("key %s: a network is left out: %s", entry.id, problem)
    return tuple(networks)


def _caller(entry: KeyEntry, holders: tuple[Holder, ...]) -> Caller:
    return Caller(
        team_id=entry.team_id,
        key_id=entry.id,
        user_id=entry.user_id,
        models=None if entry.models is None else frozenset(entry.models),
        expires_at=entry.expires_at,
        name=entry.name,
        denied_models=frozenset(entry.denied_models),
        scopes=frozenset(entry.scopes),
        networks=_networks(entry),
        holders=holders,
        max_output_tokens=entry.max_output_tokens,
        when_redis_away=entry.when_redis_away,
        privacy=entry.privacy,
    )


def deployment_place(
    entry: DeploymentEntry, decrypt: Callable[[str], str], load: Callable[[str], Load]
) -> Place:
    """`load` gives the gauges of an endpoint by its id."""
    served = ServedDeployment(
        id=entry.id,
        name=entry.name,
        on_demand=entry.on_demand,
        state=entry.state,
        state_reason=entry.state_reason,
    )
    return Place(tuple(_replicas(entry, decrypt, load)), served)


def _replicas(
    entry: DeploymentEntry, decrypt: Callable[[str], str], load: Callable[[str], Load]
) -> Iterator[Endpoint]:
    for replica in entry.replicas:
        name = f"replica:{replica.id}@{replica.url}"
        address = _address(replica.url, of=name)
        secret = _opened(replica.sealed_key, decrypt, of=name)
        if address is None or secret is None:
            continue
        yield Endpoint(
            id=name,
            name=f"{entry.name}/{replica.id}",
            address=address,
            load=load(name),
            authorization=_bearer(secret),
            deployment_id=entry.id,
            replica_id=replica.id,
            node=replica.node,
            speaks=frozenset(entry.speaks),
            context_length=entry.context_length,
            slots=replica.slots,
        )


def outside_place(
    entry: UpstreamEntry, decrypt: Callable[[str], str], load: Callable[[str], Load]
) -> Place:
    """Empty when its address or its key cannot be read. `load`: as for a deployment."""
    name = f"upstream:{entry.id}@{entry.base_url}"
    address = _address(entry.base_url, of=name)
    secret = _opened(entry.sealed_key, decrypt, of=name)
    if address is None or secret is None:
        return Place(())
    endpoint = Endpoint(
        id=name,
        name=entry.name,
        address=address,
        load=load(name),
        authorization=_bearer(secret),
        upstream_id=entry.id,
        speaks=frozenset(entry.speaks),
        leaves_house=entry.leaves_house,
        context_length=entry.context_length,
        problem=entry.problem,
    )
    return Place((endpoint,))


def _address(url: str, *, of: str) -> Address | None:
    """One bad row must not silence all the others."""
    try:
        return parse_base_url(url)
    except ValueError as problem:
        logger.warning("%s left out: %s", of, problem)
        return None


def _opened(sealed: str, decrypt: Callable[[str], str], *, of: str) -> str | None:
    """The endpoint's own API key, "" when it has none, None when it cannot be opened."""
    if not sealed:
        return ""
    try:
        return decrypt(sealed)
    except InvalidToken:
        logger.warning("%s left out: its key was sealed by another secret", of)
        return None


def _bearer(secret: str) -> bytes | None:
    return f"Bearer {secret}".encode() if secret else None
