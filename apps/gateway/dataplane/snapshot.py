"""The document by which the control plane tells every gateway process what is true.

It is written as JSON to one Redis key and announced on a channel; processes also look at its
version about once a second, so that a missed announcement costs a second and nothing else.
"""

import logging
import os
import re
from pathlib import Path
from typing import Literal

import msgspec

from apps.gateway.dataplane.errors import Cause

Affinity = Literal["none", "prefix", "session"]
AwayPolicy = Literal["serve", "refuse"]
Privacy = Literal["none", "metadata", "full"]
Spoken = Literal["chat", "completions", "embeddings", "messages", "responses", "rerank", "audio"]

SNAPSHOT_KEY = "hearth:gateway:snapshot"
CHANGED_CHANNEL = "hearth:gateway:changed"
VERSION_BYTES = 40  # the version stands first, so a look at it needs no more of the document

_VERSION = re.compile(rb'^\{"version":(\d+)[,}]')

logger = logging.getLogger(__name__)


class Limits(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a key, a user or a team may use. None: no limit of that kind."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    parallel: int | None = None
    tokens_per_day: int | None = None  # calendar days and months in UTC
    tokens_per_month: int | None = None

    def __bool__(self) -> bool:
        return self != NO_LIMITS


NO_LIMITS = Limits()


class KeyEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    id: int
    team_id: int
    digest: str  # SHA-256 of the secret, hex
    name: str = ""
    user_id: int | None = None
    models: list[str] | None = None  # allow-list; None: all of the team's
    denied_models: list[str] = []
    expires_at: float | None = None
    scopes: tuple[str, ...] = ("infer",)
    networks: list[str] = []  # CIDR; empty: from everywhere
    limits: Limits = NO_LIMITS
    max_output_tokens: int | None = None
    when_redis_away: AwayPolicy | None = None  # None: refuse with token budgets, else serve
    privacy: Privacy = "metadata"
    previous_digest: str = ""  # of the secret before the last rotation
    previous_until: float | None = None  # unix seconds; that secret works until then


class HolderEntry(msgspec.Struct, frozen=True):
    """Limits that all keys of a user, or of a team, share."""

    level: Literal["user", "team"]
    id: int
    team_id: int
    limits: Limits
    name: str = ""


class UpstreamEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    id: int
    name: str
    base_url: str
    sealed_key: str = ""  # encrypted; opened in the memory of a gateway process alone
    speaks: list[Spoken] = []  # empty: whatever an OpenAI-compatible server speaks
    leaves_house: bool = False
    context_length: int | None = None  # tokens
    problem: str = ""  # of the control plane's last probe


class ReplicaEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    id: str
    url: str
    node: str = ""
    sealed_key: str = ""
    slots: int = 1  # requests it works on at once


class DeploymentEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    id: int
    name: str
    state: str
    state_reason: str = ""
    on_demand: bool = False
    replicas: list[ReplicaEntry] = []
    speaks: list[Spoken] = []
    context_length: int | None = None  # tokens a single request may fill


class TargetEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    upstream_id: int | None = None
    deployment_id: int | None = None
    model: str | None = None
    weight: float = 1.0


class FallbackEntry(msgspec.Struct, frozen=True):
    on: list[Cause]
    to: str


class RouteEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    team_id: int | None
    targets: list[TargetEntry]
    fallbacks: list[FallbackEntry] = []
    created: int = 0
    aliases: list[str] = []
    affinity: Affinity = "none"
    may_leave_house: bool = False
    max_output_tokens: int | None = None


class Snapshot(msgspec.Struct, frozen=True):
    version: int
    keys: list[KeyEntry] = []
    upstreams: list[UpstreamEntry] = []
    deployments: list[DeploymentEntry] = []
    routes: list[RouteEntry] = []
    holders: list[HolderEntry] = []


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


def read_cache(path: Path) -> bytes | None:
    """The last document this machine saw, or None when there is none that can be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as problem:
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
