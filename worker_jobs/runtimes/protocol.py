"""What every runtime can do. The jobs know replicas only through this.

A runtime carries out and reports; it decides nothing. It may be asked the same thing twice, by two
jobs at once, and must end up with one model server per replica all the same.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from apps.models.queries.replica_logs import ReplicaLog

# starting: the process lives and loads. running: it listens. waiting: it ended and starts again
# later. failed: it ended too often and is left alone. stopped: it was told to end. gone: whatever
# kept it alive is not there any more. unknown: its machine does not answer, so nobody can tell.
Doing = Literal[
    "starting", "running", "waiting", "stopping", "stopped", "failed", "gone", "unknown"
]


@dataclass(frozen=True)
class ReplicaSpec:
    """One model server as it should run.

    `context_length` is tokens per slot, `threads` None leaves the choice to the machine. `api_key`
    is what callers must send; it travels in files and memory, never in a command line. `node`
    names the machine for runtimes that do not place replicas themselves.
    """

    replica_id: str
    name: str  # what the model answers to
    model_path: str
    context_length: int
    slots: int
    kv_type: str
    embedding: bool
    api_key: str = field(repr=False)
    threads: int | None = None
    node: str = ""
    own_pooling: bool = False  # an embedding model's file says how its vectors become one

    @property
    def digest(self) -> str:
        """Tells two shapes apart, without giving the key away."""
        return ":".join(
            str(part)
            for part in (
                self.name,
                self.model_path,
                self.context_length,
                self.slots,
                self.kv_type,
                self.embedding,
                self.threads,
            )
        )


@dataclass(frozen=True)
class ObservedReplica:
    """What a runtime sees of one replica now. Memory in bytes; `url` only while it listens.

    `exits` are the last five ends of its model server, shaped like schemas.ExitOut.
    """

    replica_id: str
    doing: Doing
    reason: str = ""
    digest: str = ""
    url: str = ""
    node: str = ""
    restarts: int = 0
    exits: Sequence[dict[str, Any]] = ()
    memory_bytes: int | None = None
    peak_bytes: int | None = None
    since: datetime | None = None

    @property
    def alive(self) -> bool:
        """Something runs, or will by itself."""
        return self.doing in {"starting", "running", "waiting"}


@dataclass(frozen=True)
class Capabilities:
    """What a runtime takes off our hands."""

    places_replicas: bool  # it chooses the machine; we only explain
    restarts_replicas: bool  # it starts them again after a crash
    survives_control_plane: bool  # replicas go on when every process of ours is gone


class Runtime(Protocol):
    """A place where replicas run."""

    def capabilities(self) -> Capabilities: ...

    def start(self, spec: ReplicaSpec) -> None:
        """Make it run. Nothing happens when it already does. Raises RuntimeUnavailable."""

    def stop(self, replica_id: str, *, grace_seconds: float) -> None:
        """End it and wait until it has ended; it may finish within the grace. Nothing happens when
        it does not run. Raises RuntimeUnavailable."""

    def forget(self, replica_id: str) -> None:
        """Remove what is left of a replica that does not run: its log, its files."""

    def observe(self, replica_ids: Collection[str] | None = None) -> list[ObservedReplica]:
        """These replicas as far as it knows them, or every one, whoever asked for it.

        Raises RuntimeUnavailable.
        """

    def logs(self, replica_id: str, *, after: int = 0, limit: int = 500) -> ReplicaLog:
        """What its model server wrote, also earlier ones'."""


class RuntimeUnavailable(Exception):
    """The runtime does not answer, so nobody knows how its replicas are."""
