"""A control group for each machine, in every hierarchy this computer has (cgroup v1, v2 or both).

Without one, the groups that nspawn makes would collide between machines. They lie below the
group of the process that switches a machine on, whose own limits so count for its machines too.
"""

import os
import signal
from contextlib import suppress
from pathlib import Path

from tests.waiting import eventually

_ROOT = Path("/sys/fs/cgroup")
_V1_LIMITS = {"memory": "memory.limit_in_bytes", "cpu": "cpu.cfs_quota_us"}
_CPU_PERIOD = 100_000  # microseconds


def make_groups(name: str, *, memory: int | None, cpus: float | None) -> list[Path]:
    """The folders of the machine's groups. `memory` is in bytes."""
    made = []
    for mount, own in _hierarchies():
        group = mount / own.lstrip("/") / name
        try:
            group.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue  # a hierarchy we may not write to limits nothing either
        _limit(mount.name, group, memory, cpus)
        made.append(group)
    return made


def _hierarchies() -> list[tuple[Path, str]]:
    found = []
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, own = line.split(":", 2)
        name = {"": "unified", "name=systemd": "systemd"}.get(controllers, controllers)
        mount = _ROOT / name
        if not mount.is_dir():
            mount = _ROOT  # cgroup v2 alone
        if (mount / "cgroup.procs").exists():
            found.append((mount, own))
    return found


def _limit(controller: str, group: Path, memory: int | None, cpus: float | None) -> None:
    if controller == "cpuset":
        for each in ("cpuset.cpus", "cpuset.mems"):
            (group / each).write_text((group.parent / each).read_text())
    if controller == "memory" and memory is not None:
        (group / _V1_LIMITS["memory"]).write_text(str(memory))
    if controller == "cpu" and cpus is not None:
        (group / _V1_LIMITS["cpu"]).write_text(str(int(cpus * _CPU_PERIOD)))
    if controller == _ROOT.name:
        if memory is not None:
            (group / "memory.max").write_text(str(memory))
        if cpus is not None:
            (group / "cpu.max").write_text(f"{int(cpus * _CPU_PERIOD)} {_CPU_PERIOD}")


def enter_groups(groups: list[Path]) -> None:
    """Move the calling process there: for the moment between fork and exec."""
    for group in groups:
        with suppress(OSError):
            (group / "cgroup.procs").write_text(str(os.getpid()))


def kill_all(groups: list[Path]) -> None:
    """End whatever still runs in the groups."""
    for group in groups:
        for folder in _folders(group):
            for pid in _pids(folder / "cgroup.procs"):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def _folders(group: Path) -> list[Path]:
    """The group and all in it, innermost first; what vanishes meanwhile is passed over."""
    return [Path(folder) for folder, _, _ in os.walk(group, topdown=False)]


def _pids(listed: Path) -> list[int]:
    try:
        return [int(each) for each in listed.read_text().split() if each != "0"]
    except OSError:
        return []


def remove_groups(groups: list[Path]) -> None:
    for group in groups:
        eventually(lambda group=group: _remove(group), within=30)  # type: ignore[misc]


def _remove(group: Path) -> bool:
    for folder in _folders(group):
        with suppress(OSError):
            folder.rmdir()
    return not group.exists()
