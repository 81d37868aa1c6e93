"""Disks and file systems."""

import os
from pathlib import Path
from typing import Any

import psutil

from worker_jobs.adapters.local_machine.files import read_int, read_text

BLOCK_DEVICES = Path("/sys/block")
SECTOR = 512  # /sys counts in these whatever the disk's own sectors are
NOT_DISKS = ("loop", "ram", "zram", "sr", "fd", "dm-", "md", "nbd")
PSEUDO = {"squashfs", "overlay", "tmpfs", "devtmpfs", "ramfs", "iso9660"}


def read_mounts(models_dir: Path) -> list[dict[str, Any]]:
    """File systems on real devices, and always the one that will hold the models."""
    mounts = {
        part.device: _mount(part.mountpoint, part.device, part.fstype, part.opts)
        for part in sorted(psutil.disk_partitions(all=False), key=lambda part: part.mountpoint)
        if part.fstype not in PSEUDO and os.path.isdir(part.mountpoint)
    }
    found = [mount for mount in mounts.values() if mount is not None]
    home = _mount_of(existing_parent(models_dir))
    for mount in found:
        mount["holds_models"] = mount["path"] == home
    if not any(mount["holds_models"] for mount in found):
        fallback = _mount(home, "", "", "")
        found += [{**fallback, "holds_models": True}] if fallback else []
    return found


def read_disks(unknown: dict[str, str]) -> list[dict[str, Any]]:
    """The shape of `apps.nodes.schemas.DiskOut`, from /sys."""
    try:
        names = sorted(os.listdir(BLOCK_DEVICES))
    except OSError as error:
        unknown["disks"] = f"{BLOCK_DEVICES} cannot be read: {error.strerror}"
        return []
    return [_disk(BLOCK_DEVICES / name) for name in names if not name.startswith(NOT_DISKS)]


def existing_parent(path: Path) -> Path:
    """The path itself or the nearest folder above it that is already there."""
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())


def _disk(device: Path) -> dict[str, Any]:
    sectors = read_int(device / "size")
    return {
        "device": f"/dev/{device.name}",
        "model": read_text(device / "device" / "model"),
        "kind": _kind(device),
        "size_bytes": sectors * SECTOR if sectors is not None else None,
    }


def _kind(device: Path) -> str:
    if device.name.startswith("nvme"):
        return "nvme"
    if device.name.startswith(("vd", "xvd")):
        return "virtual"  # the hypervisor knows what lies below, the guest does not
    return {"0": "ssd", "1": "hdd"}.get(read_text(device / "queue" / "rotational"), "unknown")


def _mount(path: str, device: str, kind: str, options: str) -> dict[str, Any] | None:
    try:
        usage = psutil.disk_usage(path)
    except OSError:
        return None
    return {
        "path": path,
        "device": device,
        "file_system": kind,
        "total_bytes": usage.total,
        "free_bytes": usage.free,
        "read_only": "ro" in options.split(","),
    }


def _mount_of(path: Path) -> str:
    path = path.resolve()
    return str(next(folder for folder in (path, *path.parents) if os.path.ismount(folder)))
