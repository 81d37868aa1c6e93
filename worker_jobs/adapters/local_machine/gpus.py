"""Graphics cards: through NVIDIA's own tool where it is, else from what the kernel shows."""

import csv
from pathlib import Path
from typing import Any

from worker_jobs.adapters.local_machine.commands import Runner
from worker_jobs.adapters.local_machine.files import read_int, read_text

CARDS = Path("/sys/class/drm")
VENDORS = {"0x10de": "NVIDIA", "0x1002": "AMD", "0x8086": "Intel"}
MIB = 2**20


def read_gpus(run: Runner, unknown: dict[str, str]) -> list[dict[str, Any]]:
    """The shape of `apps.nodes.schemas.GpuOut`. Emulated displays are not listed."""
    nvidia = _ask_nvidia(run, "index,name,memory.total,driver_version")
    found = [
        {
            "index": int(index),
            "name": name,
            "vendor": "NVIDIA",
            "driver": driver,
            "memory_bytes": _mib(memory),
            "source": "nvidia-smi",
        }
        for index, name, memory, driver in nvidia
        if index.isdigit()
    ]
    kernel = [_card(card) for card in _cards()]
    rest = [card for card in kernel if not (found and card["vendor"] == "NVIDIA")]
    if any(card["vendor"] == "NVIDIA" for card in rest):
        unknown["gpus"] = "There is an NVIDIA card, but nvidia-smi does not answer."
    for position, card in enumerate(rest, start=len(found)):
        card["index"] = position
    return found + rest


def read_gpu_load(run: Runner) -> list[dict[str, Any]]:
    """The shape of `apps.nodes.schemas.GpuSampleOut` for every card that tells."""
    nvidia = _ask_nvidia(run, "index,utilization.gpu,memory.total,memory.free")
    found = [
        {
            "index": int(index),
            "busy_share": int(busy) / 100 if busy.isdigit() else None,
            "memory_total": _mib(total),
            "memory_free": _mib(free),
        }
        for index, busy, total, free in nvidia
        if index.isdigit()
    ]
    for position, device in enumerate(_amd_devices(), start=len(found)):
        total = read_int(device / "mem_info_vram_total")
        busy = read_int(device / "gpu_busy_percent")
        found.append(
            {
                "index": position,
                "busy_share": busy / 100 if busy is not None else None,
                "memory_total": total,
                "memory_free": (total or 0) - (read_int(device / "mem_info_vram_used") or 0),
            }
        )
    return found


def _ask_nvidia(run: Runner, fields: str) -> list[list[str]]:
    printed = run(["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader,nounits"])
    rows = csv.reader((printed or "").splitlines(), skipinitialspace=True)
    return [[value.strip() for value in row] for row in rows if len(row) == len(fields.split(","))]


def _mib(text: str) -> int | None:
    return int(text) * MIB if text.isdigit() else None


def _cards() -> list[Path]:
    try:
        folders = sorted(CARDS.iterdir())
    except OSError:
        return []
    return [
        folder / "device"
        for folder in folders
        if folder.name.removeprefix("card").isdigit()
        and read_text(folder / "device" / "vendor") in VENDORS
    ]


def _amd_devices() -> list[Path]:
    return [card for card in _cards() if (card / "mem_info_vram_total").exists()]


def _card(device: Path) -> dict[str, Any]:
    vendor = VENDORS[read_text(device / "vendor")]
    product = read_text(device / "product_name") or read_text(device / "device")
    driver = device / "driver"
    return {
        "index": 0,
        "name": f"{vendor} {product}".strip(),
        "vendor": vendor,
        "driver": driver.resolve().name if driver.exists() else "",
        "memory_bytes": read_int(device / "mem_info_vram_total"),
        "source": "sysfs",
    }
