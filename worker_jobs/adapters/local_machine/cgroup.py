"""What a container is allowed, which may be far less than what the machine has."""

import os
from pathlib import Path

import psutil

from worker_jobs.adapters.local_machine.files import read_int, read_text

CGROUPS = Path("/sys/fs/cgroup")
NO_LIMIT = 1 << 60  # cgroup v1 writes a huge number for "no limit"


def memory_limit() -> int | None:
    """Bytes this process tree may use, when that is less than the machine has."""
    total = psutil.virtual_memory().total
    limits = [limit for _, limit in _limited_groups() if limit < total]
    return min(limits, default=None)


def memory_now() -> tuple[int, int]:
    """(total, available) in bytes, within the container's limit if there is one.

    Page cache that can be dropped counts as available.
    """
    machine = psutil.virtual_memory()
    total, available = int(machine.total), int(machine.available)
    for group, limit in _limited_groups():
        if limit < total:
            total = limit
        available = min(available, max(0, limit - _held(group)))
    return total, available


def usable_threads() -> float:
    """Processor threads this process may use: its affinity, and the container's share of time."""
    threads = float(len(os.sched_getaffinity(0)))
    for group in _own_groups():
        quota, _, period = read_text(group / "cpu.max").partition(" ")
        if quota.isdigit() and period.isdigit():
            threads = min(threads, round(int(quota) / int(period), 2))
    return threads


def _held(group: Path) -> int:
    used = read_int(group / "memory.current") or read_int(group / "memory.usage_in_bytes") or 0
    for line in read_text(group / "memory.stat").splitlines():
        name, _, value = line.partition(" ")
        if name in {"inactive_file", "total_inactive_file"} and value.isdigit():
            return max(0, used - int(value))
    return used


def _limited_groups() -> list[tuple[Path, int]]:
    found = []
    for group in _own_groups():
        limit = read_int(group / "memory.max") or read_int(group / "memory.limit_in_bytes")
        if limit is not None and limit < NO_LIMIT:
            found.append((group, limit))
    return found


def _own_groups() -> list[Path]:
    """This process's control groups up to the root, version 2 and 1."""
    groups = [CGROUPS, CGROUPS / "memory"]
    for line in read_text("/proc/self/cgroup").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and "memory" not in controllers.split(","):
            continue
        base = CGROUPS / "memory" if controllers else CGROUPS
        own = base / path.lstrip("/")
        groups += [own, *(parent for parent in own.parents if base in parent.parents)]
    return [group for group in dict.fromkeys(groups) if group.is_dir()]
