"""Main memory: how much, and how fast it can be read, which bounds tokens per second."""

import time
from typing import Any

import psutil

from worker_jobs.adapters.local_machine import cgroup

COPY_BYTES = 64 * 2**20
COPIES = 4


def read_memory() -> dict[str, Any]:
    """The shape of `apps.nodes.schemas.MemoryOut`."""
    return {
        "total_bytes": psutil.virtual_memory().total,
        "swap_bytes": psutil.swap_memory().total,
        "limit_bytes": cgroup.memory_limit(),
        "bandwidth_bytes_per_second": measure_bandwidth(),
    }


def measure_bandwidth() -> int | None:
    """Bytes moved per second by the fastest of a few copies with one thread.

    A copy reads and writes, so twice its size moves. One thread rarely reaches what all channels
    together carry: take it as a lower bound. None when memory is too short to try.
    """
    if psutil.virtual_memory().available < 8 * COPY_BYTES:
        return None
    source, target = bytearray(COPY_BYTES), bytearray(COPY_BYTES)
    best = 0.0
    for _ in range(COPIES):
        start = time.perf_counter()
        target[:] = source
        best = max(best, 2 * COPY_BYTES / (time.perf_counter() - start))
    return int(best)
