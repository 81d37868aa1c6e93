"""What the machine this process runs on is made of, and how busy it is.

Nothing here may fail because a container hides a file: a fact that cannot be read is left out and
named in `unknown`.
"""

import os
from pathlib import Path
from typing import Any

import psutil

from worker_jobs.adapters.local_machine import cgroup, cpu, gpus, memory, network, storage, system
from worker_jobs.adapters.local_machine.commands import Runner, run_command


def read_facts(*, models_dir: Path, run: Runner = run_command) -> dict[str, Any]:
    """The machine's hardware in the shape of `apps.nodes.schemas.FactsOut`.

    `run` starts the helper programs (nvidia-smi, systemd-detect-virt); tests replace it to invent
    a graphics card.
    """
    unknown: dict[str, str] = {}
    return {
        "cpu": cpu.read_cpu(),
        "memory": memory.read_memory(),
        "mounts": storage.read_mounts(models_dir),
        "disks": storage.read_disks(unknown),
        "network": network.read_network(unknown),
        "gpus": gpus.read_gpus(run, unknown),
        "system": system.read_system(run),
        "unknown": unknown,
    }


def read_sample(*, models_dir: Path, run: Runner = run_command) -> dict[str, Any]:
    """How busy the machine is now: the columns of NodeSample except node and time."""
    total, available = cgroup.memory_now()
    disk = psutil.disk_usage(str(storage.existing_parent(models_dir)))
    return {
        "cpu_share": cpu.busy_share(),
        "load_1m": os.getloadavg()[0],
        "memory_total": total,
        "memory_available": available,
        "disk_total": disk.total,
        "disk_free": disk.free,
        "gpus": gpus.read_gpu_load(run),
    }
