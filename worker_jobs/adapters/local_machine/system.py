"""The operating system, and what it runs inside of."""

import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from worker_jobs.adapters.local_machine.commands import Runner
from worker_jobs.adapters.local_machine.files import read_text

HYPERVISORS = {
    "QEMU": "qemu",
    "KVM": "kvm",
    "VMware": "vmware",
    "VirtualBox": "virtualbox",
    "innotek": "virtualbox",
    "Microsoft Corporation": "hyper-v",
    "Amazon EC2": "amazon",
    "Google": "google",
    "Xen": "xen",
}
CONTAINER_MARKS = {"/.dockerenv": "docker", "/run/.containerenv": "podman"}


def read_system(run: Runner) -> dict[str, Any]:
    """The shape of `apps.nodes.schemas.SystemOut`."""
    return {
        "name": _distribution(),
        "kernel": platform.release(),
        "hostname": platform.node(),
        "virtualisation": _virtualisation(run),
        "container": _container(),
        "booted_at": datetime.fromtimestamp(psutil.boot_time(), tz=UTC).isoformat(),
    }


def _distribution() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return platform.system()
    return release.get("PRETTY_NAME") or release.get("NAME", "")


def _virtualisation(run: Runner) -> str:
    """The hypervisor, or "" on bare metal."""
    said = (run(["systemd-detect-virt", "--vm"]) or "").strip()
    if said and said != "none":
        return said
    board = " ".join(
        read_text(f"/sys/class/dmi/id/{name}") for name in ("sys_vendor", "product_name")
    )
    for mark, name in HYPERVISORS.items():
        if mark in board:
            return name
    return "unknown hypervisor" if " hypervisor" in read_text("/proc/cpuinfo") else ""


def _container() -> str:
    for mark, name in CONTAINER_MARKS.items():
        if Path(mark).exists():
            return name
    for entry in read_text("/proc/1/environ").split("\x00"):
        if entry.startswith("container="):
            return entry.removeprefix("container=")
    return read_text("/run/systemd/container")
