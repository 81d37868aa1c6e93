"""All machines of one run: the bridge and the mirror they share, and their end."""

import fcntl
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.rig import network
from tests.rig.base import FOLDER, build_base, run
from tests.rig.machine import MACHINES, Machine, Options
from tests.rig.mirror import mirror
from tests.rig.network import GATEWAY, Cable
from tests.waiting import eventually

_LOCK_SECONDS = 600


@dataclass
class Rig:
    machines: dict[str, Machine] = field(default_factory=dict)

    def up(self, name: str, **options: Any) -> Machine:
        """A new machine, booted and answering to SSH. `options` are the fields of Options."""
        machine = self.make(name, **options)
        machine.switch_on()
        return machine

    def make(self, name: str, **options: Any) -> Machine:
        """A new machine that is off."""
        taken = {each.cable.number for each in self.machines.values()}
        number = next(each for each in range(1, 241) if each not in taken)
        machine = Machine(name, Cable(number), Options(**options))
        machine.create()
        self.machines[name] = machine
        return machine

    def down(self, machine: Machine) -> None:
        machine.destroy()
        del self.machines[machine.name]

    def clear(self) -> None:
        for machine in list(self.machines.values()):
            self.down(machine)


@contextmanager
def rig() -> Iterator[Rig]:
    """One rig at a time on a computer: addresses and the bridge belong to all of it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        eventually(lambda: _locked(lock), within=_LOCK_SECONDS, every=0.2)
        _sweep()
        build_base()
        network.start_bridge()
        running = Rig()
        try:
            with mirror(GATEWAY):
                yield running
                running.clear()
        finally:
            running.clear()
            network.remove_bridge()


def _locked(lock: Any) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sweep() -> None:
    """Throw away what a run left behind that was killed."""
    if not MACHINES.exists():
        return
    for folder in MACHINES.iterdir():
        noted = folder / "pid"
        if noted.exists():
            _end(int(noted.read_text()))
        for mounted in (folder / "root", folder / "disk"):
            if mounted.is_mount():
                run("umount", "--lazy", mounted)
        shutil.rmtree(folder)
    for number in range(1, 241):
        if Path(f"/run/netns/{Cable(number).namespace}").exists():
            Cable(number).unplug()


def _end(pid: int) -> None:
    """End nspawn and, with its machine's PID 1, everything in it; only if it is still nspawn."""
    try:
        if Path(f"/proc/{pid}/comm").read_text().strip() != "systemd-nspawn":
            return
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return
    for each in [*map(int, children), pid]:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
