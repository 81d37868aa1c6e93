"""The throw-away machines are what tests of provisioning take them for."""

import subprocess
from pathlib import Path

import pytest

from tests.rig.base import KEY, PERSON
from tests.rig.machine import Machine
from tests.rig.rig import Rig
from tests.waiting import eventually

pytestmark = pytest.mark.slow


def ssh(
    machine: Machine, command: str, *, known: Path | None = None
) -> subprocess.CompletedProcess[str]:
    trust = (
        ["-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes"]
        if known
        else ["-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no"]
    )
    return subprocess.run(
        [
            "ssh", "-i", str(KEY), "-o", "BatchMode=yes", "-o", "LogLevel=ERROR",
            "-o", "ConnectTimeout=3", *trust, f"{PERSON}@{machine.address}", command,
        ],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip


def test_a_machine_lives_through_a_reboot_and_a_power_cut(machines: Rig) -> None:
    machine = machines.up("one")
    assert ssh(machine, "cat /proc/1/comm").stdout == "systemd\n"
    ssh(machine, "echo kept > note && sync")

    machine.reboot()
    assert ssh(machine, "cat note").stdout == "kept\n"
    machine.cut_power()
    assert ssh(machine, "true").returncode == 255
    machine.switch_on()
    assert ssh(machine, "cat note").stdout == "kept\n"
    machine.shut_down()
    assert not machine.is_on


def test_its_cable_can_be_pulled_and_its_frames_lost(machines: Rig) -> None:
    machine = machines.up("one")
    for fault, repair in (
        (machine.cable.cut, machine.cable.restore),
        (machine.cable.isolate, machine.cable.rejoin),
    ):
        fault()
        assert ssh(machine, "true").returncode == 255
        assert machine.execute("cat", "/proc/1/comm") == "systemd\n"
        repair()
        eventually(lambda: ssh(machine, "true").returncode == 0, within=30)


def test_its_key_can_change_under_a_client_that_knows_it(machines: Rig, tmp_path: Path) -> None:
    machine = machines.up("one")
    known = tmp_path / "known_hosts"
    known.write_text(f"{machine.address} {machine.host_key()}\n")
    assert ssh(machine, "true", known=known).returncode == 0

    machine.rekey()
    machine.wait_for_ssh()

    assert "verification failed" in ssh(machine, "true", known=known).stderr


def test_two_machines_see_each_other_and_packages(machines: Rig) -> None:
    first, second = machines.up("one"), machines.up("two")
    reach = f"exec 3<>/dev/tcp/{second.address}/22 && head -c 4 <&3"
    assert ssh(first, f"bash -c '{reach}'").stdout == "SSH-"
    first.execute("apt-get", "update")
    first.execute("apt-get", "install", "--yes", "--no-install-recommends", "hostname")


def test_a_machine_without_python_or_sudo(machines: Rig) -> None:
    machine = machines.up("one", python=False, sudo="none", login="key")
    assert ssh(machine, "command -v python3").returncode != 0
    assert "sudo" not in ssh(machine, "id -nG").stdout.split()


def test_a_disk_that_is_full_and_one_that_cannot_be_written(machines: Rig) -> None:
    full = machines.up("full", full_disk=True)
    assert "No space left" in ssh(full, "head -c 65536 /dev/zero > more").stderr
    full.empty_disk()
    assert ssh(full, "head -c 65536 /dev/zero > more").returncode == 0

    broken = machines.up("broken", read_only_root=True)
    assert "Read-only" in ssh(broken, "touch more").stderr


def test_a_limit_on_memory_is_enforced(machines: Rig) -> None:
    machine = machines.up("small", memory=256 * 1024**2)
    taking = "python3 -c 'print(len(bytes([1]) * {} * 1024**2))'"
    assert ssh(machine, taking.format(32)).returncode == 0
    assert ssh(machine, taking.format(512)).returncode != 0
