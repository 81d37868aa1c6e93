"""The processor: model, instruction set, cores, and how busy it is."""

import platform
import threading
from collections.abc import Iterable
from typing import Any

import psutil

from worker_jobs.adapters.local_machine import cgroup
from worker_jobs.adapters.local_machine.files import read_text

# The micro-architecture levels of the x86-64 psABI, by the names Linux gives the flags.
X86_LEVELS = {
    "x86-64-v2": {"cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"},
    "x86-64-v3": {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"},
    "x86-64-v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
}
FEATURES = {
    "sse4_2": "SSE4.2",
    "avx": "AVX",
    "avx2": "AVX2",
    "fma": "FMA",
    "f16c": "F16C",
    "avx_vnni": "AVX-VNNI",
    "avx512f": "AVX-512",
    "avx512_vnni": "AVX-512 VNNI",
    "avx512_bf16": "AVX-512 BF16",
    "amx_int8": "AMX INT8",
    "amx_bf16": "AMX BF16",
    "neon": "NEON",
    "asimd": "NEON",
    "asimddp": "dot product",
    "i8mm": "I8MM",
    "bf16": "BF16",
    "sve": "SVE",
    "sve2": "SVE2",
}
ARM_VENDORS = {"0x41": "Arm", "0x51": "Qualcomm", "0x61": "Apple", "0xc0": "Ampere"}
ARM_CORES = {
    "0xd03": "Cortex-A53",
    "0xd08": "Cortex-A72",
    "0xd0b": "Cortex-A76",
    "0xd0c": "Neoverse N1",
    "0xd40": "Neoverse V1",
    "0xd49": "Neoverse N2",
}

_busy_lock = threading.Lock()
_busy_before: Any = None


def read_cpu() -> dict[str, Any]:
    """The shape of `apps.nodes.schemas.CpuOut`."""
    described = describe_cpu(read_text("/proc/cpuinfo"), platform.machine())
    frequency = psutil.cpu_freq() if hasattr(psutil, "cpu_freq") else None
    return {
        **described,
        "cores": psutil.cpu_count(logical=False),
        "threads": psutil.cpu_count(),
        "usable_threads": cgroup.usable_threads(),
        "max_mhz": frequency.max or frequency.current or None if frequency else None,
    }


def describe_cpu(cpuinfo: str, machine: str) -> dict[str, Any]:
    """What /proc/cpuinfo says about one kind of machine (`uname -m`)."""
    first, sockets = _fields(cpuinfo)
    flags = (first.get("flags") or first.get("Features") or "").split()
    return {
        "model": _model(first, machine),
        "vendor": _vendor(first),
        "architecture": machine,
        "level": instruction_level(machine, flags),
        "features": list(dict.fromkeys(FEATURES[name] for name in FEATURES if name in flags)),
        "flags": sorted(flags),
        "sockets": sockets,
    }


def instruction_level(machine: str, flags: Iterable[str]) -> str:
    """The newest instruction set a program for this processor may use.

    A level needs all flags of the levels below it.
    """
    have = set(flags)
    if machine in {"x86_64", "amd64"}:
        level = "x86-64-v1"
        for name, needed in X86_LEVELS.items():
            if not needed <= have:
                break
            level = name
        return level
    if machine in {"aarch64", "arm64"}:
        if "sve2" in have:
            return "armv9-a"
        return "armv8.2-a" if {"asimddp", "atomics"} <= have else "armv8-a"
    return "armv7-a" if machine.startswith("armv7") else machine


def busy_share() -> float:
    """The share of processor time in use since the last call, over all threads (0 to 1).

    The first call measures a quarter of a second.
    """
    global _busy_before  # noqa: PLW0603 - the counters of the previous call
    with _busy_lock:
        if _busy_before is None:
            _busy_before = psutil.cpu_times()
            threading.Event().wait(0.25)
        before, now = _busy_before, psutil.cpu_times()
        _busy_before = now
    total = sum(now[:8]) - sum(before[:8])  # guest time is already counted as user time
    idle = (now.idle + getattr(now, "iowait", 0)) - (before.idle + getattr(before, "iowait", 0))
    return round(min(1.0, max(0.0, 1 - idle / total)), 4) if total > 0 else 0.0


def _fields(cpuinfo: str) -> tuple[dict[str, str], int | None]:
    """The fields of the first processor (and what is said once for all), and the sockets."""
    fields: dict[str, str] = {}
    sockets: set[str] = set()
    for line in cpuinfo.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip(), value.strip())
        if name.strip() == "physical id":
            sockets.add(value.strip())
    return fields, len(sockets) or None


def _model(fields: dict[str, str], machine: str) -> str:
    named = fields.get("model name") or ARM_CORES.get(fields.get("CPU part", ""), "")
    board = read_text("/proc/device-tree/model") if "CPU part" in fields else ""
    return " · ".join(part for part in (named, board) if part) or fields.get("Model") or machine


def _vendor(fields: dict[str, str]) -> str:
    implementer = fields.get("CPU implementer", "")
    return fields.get("vendor_id") or ARM_VENDORS.get(implementer, implementer)
