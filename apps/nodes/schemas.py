"""Nodes over HTTP. Sizes are bytes, shares run from 0 to 1."""

from datetime import datetime

from ninja import Schema
from pydantic import Field

from apps.core.schemas import LimitsIn, StatefulOut
from apps.nodes.models import Node, NodeSample


class CpuOut(Schema):
    """`level` is the instruction set a binary may be built for: x86-64-v1 to v4, or armv8-a and
    so on; `features` are the ones that matter for inference, in words. `usable_threads` is what
    this machine's container may use."""

    model: str = ""
    vendor: str = ""
    architecture: str = ""
    level: str = ""
    features: list[str] = []
    flags: list[str] = []
    sockets: int | None = None
    cores: int | None = None
    threads: int | None = None
    usable_threads: float | None = None
    max_mhz: float | None = None


class MemoryOut(Schema):
    """`limit_bytes` is what this machine's container may use, when that is less than all."""

    total_bytes: int = 0
    swap_bytes: int = 0
    limit_bytes: int | None = None
    bandwidth_bytes_per_second: int | None = None


class MountOut(Schema):
    path: str
    device: str = ""
    file_system: str = ""
    total_bytes: int
    free_bytes: int
    read_only: bool = False
    holds_models: bool = False


class DiskOut(Schema):
    """`kind` is ssd, hdd, nvme, virtual or unknown: a machine does not always say."""

    device: str
    model: str = ""
    kind: str = "unknown"
    size_bytes: int | None = None


class NetworkOut(Schema):
    name: str
    kind: str = ""
    mac: str = ""
    addresses: list[str] = []
    is_up: bool = False
    speed_mbps: int | None = None


class GpuOut(Schema):
    index: int
    name: str
    vendor: str = ""
    driver: str = ""
    memory_bytes: int | None = None
    source: str = ""


class SystemOut(Schema):
    name: str = ""
    kernel: str = ""
    hostname: str = ""
    virtualisation: str = ""
    container: str = ""
    booted_at: datetime | None = None


class FactsOut(Schema):
    """What a machine is made of. `unknown` says which facts could not be read, and why."""

    cpu: CpuOut = CpuOut()
    memory: MemoryOut = MemoryOut()
    mounts: list[MountOut] = []
    disks: list[DiskOut] = []
    network: list[NetworkOut] = []
    gpus: list[GpuOut] = []
    system: SystemOut = SystemOut()
    unknown: dict[str, str] = {}


class GpuSampleOut(Schema):
    index: int
    busy_share: float | None = None
    memory_total: int | None = None
    memory_free: int | None = None


class SampleOut(Schema):
    """A moment, or the mean of a bucket that starts at `at`."""

    at: datetime
    cpu_share: float
    load_1m: float
    memory_total: int
    memory_available: int
    disk_total: int
    disk_free: int
    gpus: list[GpuSampleOut] = []


class SamplesOut(Schema):
    """Oldest first. `memory_available` is the least seen in each bucket."""

    items: list[SampleOut]
    bucket_seconds: int


class NodeOut(StatefulOut):
    id: int
    name: str
    address: str
    power: str
    is_control_plane: bool
    labels: dict[str, str]
    hardware: str
    facts: FactsOut
    facts_at: datetime | None
    last_seen_at: datetime | None
    created_at: datetime
    latest: SampleOut | None = None

    @staticmethod
    def resolve_latest(node: Node) -> NodeSample | None:
        return next(iter(getattr(node, "recent_samples", [])), None)

    @staticmethod
    def resolve_hardware(node: Node) -> str:
        return node.hardware


class ListNodesIn(LimitsIn):
    state: str | None = None
    search: str = ""


class ListSamplesIn(Schema):
    """The last `seconds`, thinned to at most `points`."""

    seconds: int = Field(3600, ge=60, le=86_400)
    points: int = Field(120, ge=2, le=1000)
