"""The document by which the control plane tells every gateway process what is true.

It is written as JSON to one Redis key and announced on a channel; processes also look at its
version about once a second, so that a missed announcement costs a second and nothing else.
"""

import logging
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from cryptography.fernet import InvalidToken

from apps.gateway.dataplane.errors import Cause
from apps.gateway.dataplane.keys import Caller
from apps.gateway.dataplane.route_table import (
    Address,
    Endpoint,
    Fallback,
    Load,
    Route,
    RouteTable,
    ServedDeployment,
    Target,
)

SNAPSHOT_KEY = "hearth:gateway:snapshot"
CHANGED_CHANNEL = "hearth:gateway:changed"
VERSION_BYTES = 40  # the version stands first, so a look at it needs no more of the document

_VERSION = re.compile(rb'^\{"version":(\d+)[,}]')

logger = logging.getLogger(__name__)


class KeyEntry(msgspec.Struct, frozen=True):
    id: int
    team_id: int
    digest: str  # SHA-256 of the secret, hex
    user_id: int | None = None
    models: list[str] | None = None
    expires_at: float | None = None


class UpstreamEntry(msgspec.Struct, frozen=True):
    id: int
    name: str
    base_url: str
    sealed_key: str = ""  # encrypted; opened in the memory of a gateway process alone


class ReplicaEntry(msgspec.Struct, frozen=True):
    id: str
    url: str
    node: str = ""
    sealed_key: str = ""


class DeploymentEntry(msgspec.Struct, frozen=True):
    id: int
    name: str
    state: str
    state_reason: str = ""
    on_demand: bool = False
    replicas: list[ReplicaEntry] = []


class TargetEntry(msgspec.Struct, frozen=True):
    upstream_id: int | None = None
    deployment_id: int | None = None
    model: str | None = None
    weight: float = 1.0


class FallbackEntry(msgspec.Struct, frozen=True):
    on: list[Cause]
    to: str


class RouteEntry(msgspec.Struct, frozen=True):
    name: str
    team_id: int | None
    targets: list[TargetEntry]
    fallbacks: list[FallbackEntry] = []
    created: int = 0


class Snapshot(msgspec.Struct, frozen=True):
    version: int
    keys: list[KeyEntry] = []
    upstreams: list[UpstreamEntry] = []
    deployments: list[DeploymentEntry] = []
    routes: list[RouteEntry] = []


_decode = msgspec.json.Decoder(Snapshot).decode


def encode(snapshot: Snapshot) -> bytes:
    return msgspec.json.encode(snapshot)


def decode(raw: bytes) -> Snapshot:
    """Raises msgspec.DecodeError when the document is not one of ours."""
    return _decode(raw)


def version_of(beginning: bytes) -> int | None:
    """The version from the first VERSION_BYTES of the document."""
    found = _VERSION.match(beginning)
    return int(found.group(1)) if found else None


def parse_base_url(url: str) -> Address:
    """An address without a path means the server's `/v1`. Raises ValueError with the reason."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("An address looks like http://host:port/v1 or https://host/v1.")
    if parts.query or parts.fragment or parts.username:
        raise ValueError("An address carries no user name, no `?…` and no `#…`.")
    secure = parts.scheme == "https"
    path = parts.path.rstrip("/") or "/v1"
    if re.search(r"[\s\x00-\x1f\x7f]", path) or not path.isascii():
        raise ValueError("The path of an address is plain ASCII without spaces.")
    return Address(
        secure=secure,
        host=parts.hostname,
        port=parts.port or (443 if secure else 80),
        path=path,
    )


def build_table(
    snapshot: Snapshot, *, decrypt: Callable[[str], str], before: RouteTable
) -> RouteTable:
    """The table of one snapshot. Endpoints that stay keep their gauges from the one before."""
    loads = {endpoint.id: endpoint.load for endpoint in before.endpoints()}
    upstreams = dict(_outside_endpoints(snapshot, decrypt, loads))
    deployments = {entry.id: entry for entry in snapshot.deployments}
    replicas = {entry.id: tuple(_replicas(entry, decrypt, loads)) for entry in snapshot.deployments}

    def target(entry: TargetEntry) -> Target:
        if entry.deployment_id is not None:
            return Target(
                endpoints=replicas.get(entry.deployment_id, ()),
                weight=entry.weight,
                model=entry.model,
                deployment=_served(deployments.get(entry.deployment_id)),
            )
        endpoint = upstreams.get(entry.upstream_id or 0)
        return Target(
            endpoints=(endpoint,) if endpoint else (), weight=entry.weight, model=entry.model
        )

    return RouteTable(
        version=snapshot.version,
        keys={entry.digest: _caller(entry) for entry in snapshot.keys},
        routes={
            (entry.team_id, entry.name): Route(
                name=entry.name,
                team_id=entry.team_id,
                targets=tuple(target(each) for each in entry.targets if each.weight > 0),
                fallbacks=tuple(Fallback(frozenset(f.on), f.to) for f in entry.fallbacks),
                created=entry.created,
            )
            for entry in snapshot.routes
        },
    )


def _caller(entry: KeyEntry) -> Caller:
    return Caller(
        team_id=entry.team_id,
        key_id=entry.id,
        user_id=entry.user_id,
        models=None if entry.models is None else frozenset(entry.models),
        expires_at=entry.expires_at,
    )


def _served(entry: DeploymentEntry | None) -> ServedDeployment | None:
    if entry is None:
        return None
    return ServedDeployment(
        id=entry.id,
        name=entry.name,
        on_demand=entry.on_demand,
        state=entry.state,
        state_reason=entry.state_reason,
    )


def _replicas(
    entry: DeploymentEntry, decrypt: Callable[[str], str], loads: dict[str, Load]
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
            load=loads.setdefault(name, Load()),
            authorization=_bearer(secret),
            deployment_id=entry.id,
            replica_id=replica.id,
            node=replica.node,
        )


def _outside_endpoints(
    snapshot: Snapshot, decrypt: Callable[[str], str], loads: dict[str, Load]
) -> Iterator[tuple[int, Endpoint]]:
    for entry in snapshot.upstreams:
        name = f"upstream:{entry.id}@{entry.base_url}"
        address = _address(entry.base_url, of=name)
        secret = _opened(entry.sealed_key, decrypt, of=name)
        if address is None or secret is None:
            continue
        yield (
            entry.id,
            Endpoint(
                id=name,
                name=entry.name,
                address=address,
                load=loads.setdefault(name, Load()),
                authorization=_bearer(secret),
                upstream_id=entry.id,
            ),
        )


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


def read_cache(path: Path) -> Snapshot | None:
    """The last snapshot this machine saw, or None when there is none that can be read."""
    try:
        return decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as problem:
        logger.warning("the cached snapshot %s cannot be read: %s", path, problem)
        return None


def write_cache(path: Path, raw: bytes) -> None:
    """Keep the snapshot for a start without Redis. Readable by the owner alone."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(raw)
        temporary.replace(path)
    except OSError as problem:
        logger.warning("the snapshot cannot be cached in %s: %s", path, problem)
