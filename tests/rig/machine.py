"""One machine: made, switched on and off, broken in the ways machines break, and thrown away."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.rig import groups
from tests.rig.base import BASE, FOLDER, KEY, MIRROR_NAME, PERSON, RigProblem, run
from tests.rig.network import GATEWAY, Cable
from tests.waiting import eventually

MACHINES = FOLDER / "machines"
BALLAST = "var/tmp/ballast"
_FULL_DISK = 96 * 1024**2
_ASKS_FOR_REBOOT = 133  # what nspawn ends with when its machine wants to boot again
_PERSON_ID = 1000
# A machine may do nearly everything to itself, but set no clock and load no module: both are this
# computer's.
_FORBIDDEN = ("sys_time", "sys_module")
_OWN_FOLDERS = {  # an overlay does not mount on an overlay, and containers want one
    "docker": "/var/lib/docker",
    "containerd": "/var/lib/containerd",
    "containers": "/var/lib/containers",
    "nomad": "/opt/nomad",
}
_READ_ONLY_UNIT = """[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/journalctl --relinquish-var
ExecStart=/bin/mount -o remount,bind,ro /
"""


@dataclass(frozen=True)
class Options:
    """How a machine is unlike the ordinary one. Sizes are in bytes."""

    sudo: Literal["password", "nopasswd", "none"] = "password"
    login: Literal["both", "key", "password"] = "both"
    python: bool = True
    read_only_root: bool = False
    disk: int | None = None
    full_disk: bool = False
    memory: int | None = None
    cpus: float | None = None


@dataclass
class Machine:
    name: str
    cable: Cable
    options: Options = field(default_factory=Options)
    boots: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _watcher: threading.Thread | None = None
    _groups: list[Path] = field(default_factory=list)

    @property
    def address(self) -> str:
        return self.cable.address

    @property
    def folder(self) -> Path:
        return MACHINES / self.name

    @property
    def root(self) -> Path:
        """Its file system as this computer sees it."""
        return self.folder / "root"

    # -- making and ending

    def create(self) -> None:
        (self.folder / "root").mkdir(parents=True)
        (self.folder / "disk").mkdir()
        self._mount()
        (self.root / "etc/hostname").write_text(f"{self.name}\n")
        (self.root / "etc/hosts").write_text(
            f"127.0.0.1 localhost\n127.0.1.1 {self.name}\n{GATEWAY} {MIRROR_NAME}\n"
        )
        self._make_host_keys()
        self._set_login()
        self._set_sudo()
        if not self.options.python:
            run(
                "chroot", self.root, "env", "DEBIAN_FRONTEND=noninteractive",
                "apt-get", "purge", "--yes", "--auto-remove", "python3*", "libpython3*",
            )  # fmt: skip
        if self.options.read_only_root:
            self._turn_read_only_at_boot()

    def destroy(self) -> None:
        self.cut_power()
        groups.kill_all(self._groups)
        # nspawn leaves its lock on the folder behind when it is killed.
        found = self.root.stat()
        lock = Path(f"/run/systemd/nspawn/locks/inode-{found.st_dev}:{found.st_ino}")
        lock.unlink(missing_ok=True)
        for mounted in (self.root, self.folder / "disk"):
            if mounted.is_mount():
                run("umount", "--lazy", mounted)
        self.cable.unplug()
        groups.remove_groups(self._groups)
        shutil.rmtree(self.folder)

    def _mount(self) -> None:
        disk = self.folder / "disk"
        size = self.options.disk or (_FULL_DISK if self.options.full_disk else None)
        if size is not None and not disk.is_mount():
            image = self.folder / "disk.img"
            if not image.exists():
                with image.open("wb") as file:
                    file.truncate(size)
                run("mkfs.ext4", "-q", "-m", "0", image)
            run("mount", "-o", "loop", image, disk)
        for name in ("upper", "work", *_OWN_FOLDERS):
            (disk / name).mkdir(exist_ok=True)
        if not self.root.is_mount():
            layers = f"lowerdir={BASE},upperdir={disk}/upper,workdir={disk}/work"
            run("mount", "-t", "overlay", self.name, "-o", layers, self.root)

    def _make_host_keys(self) -> None:
        for old in self.root.glob("etc/ssh/ssh_host_*"):
            old.unlink()
        run("ssh-keygen", "-q", "-A", "-f", self.root)

    def _set_login(self) -> None:
        if self.options.login != "password":
            folder = self.root / f"home/{PERSON}/.ssh"
            folder.mkdir(mode=0o700)
            accepted = folder / "authorized_keys"
            accepted.write_text(KEY.with_suffix(".pub").read_text())
            accepted.chmod(0o600)
            for each in (folder, accepted):
                os.chown(each, _PERSON_ID, _PERSON_ID)
        refused = {"key": "PasswordAuthentication no\n", "password": "PubkeyAuthentication no\n"}
        if self.options.login in refused:
            config = self.root / "etc/ssh/sshd_config.d/rig.conf"
            config.write_text(refused[self.options.login])

    def _set_sudo(self) -> None:
        if self.options.sudo == "nopasswd":
            rule = self.root / "etc/sudoers.d/rig"
            rule.write_text(f"{PERSON} ALL=(ALL) NOPASSWD:ALL\n")
            rule.chmod(0o440)
        elif self.options.sudo == "none":
            run("chroot", self.root, "gpasswd", "--delete", PERSON, "sudo")

    def _turn_read_only_at_boot(self) -> None:
        units = self.root / "etc/systemd/system"
        (units / "rig-read-only.service").write_text(_READ_ONLY_UNIT)
        wants = units / "graphical.target.wants"
        wants.mkdir(exist_ok=True)
        (wants / "rig-read-only.service").symlink_to("../rig-read-only.service")

    # -- power

    @property
    def is_on(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def switch_on(self, *, within: float = 90) -> None:
        """Boot, and return when sshd answers."""
        if not self.is_on:
            self.cable.plug_in()
            self._mount()
            self._boot()
            self._watcher = threading.Thread(target=self._watch, daemon=True)
            self._watcher.start()
        self.wait_for_ssh(within=within)
        if self.options.read_only_root:
            eventually(
                lambda: self.execute("findmnt", "-no", "OPTIONS", "/")[:2] == "ro", within=30
            )
        if self.options.full_disk:
            self.fill_disk()

    def _is_read_only(self) -> bool:
        return self.execute("findmnt", "-no", "OPTIONS", "/").startswith("ro")

    def _watch(self) -> None:
        """Boot again when the machine itself asks for it; without power its card is dead."""
        while self._process is not None and self._process.wait() == _ASKS_FOR_REBOOT:
            self._boot()
        self.cable.switch_off()

    def _boot(self) -> None:
        self.cable.switch_on()
        self._groups = groups.make_groups(
            self.cable.namespace, memory=self.options.memory, cpus=self.options.cpus
        )
        binds = [
            f"--bind={self.folder}/disk/{name}:{inside}" for name, inside in _OWN_FOLDERS.items()
        ]
        dropped = ",".join(f"CAP_{each.upper()}" for each in _FORBIDDEN)
        with (self.folder / "console.log").open("ab") as console:
            self._process = subprocess.Popen(
                [
                    "systemd-nspawn", "--quiet", "--console=pipe", "--kill-signal=SIGRTMIN+3",
                    "--register=no", "--keep-unit", "--link-journal=no", f"--machine={self.name}",
                    f"--directory={self.root}", f"--hostname={self.name}",
                    f"--uuid={uuid.uuid5(uuid.NAMESPACE_DNS, str(self.folder))}",
                    f"--network-namespace-path=/run/netns/{self.cable.namespace}",
                    "--resolv-conf=off", "--timezone=off",
                    "--capability=all", f"--drop-capability={dropped}",
                    *binds, "--bind=/dev/fuse", "--bind=/dev/net/tun", "/usr/local/sbin/rig-init",
                ],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                env={
                    "PATH": os.environ["PATH"],
                    "TERM": "dumb",
                    "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network",
                    "SYSTEMD_SECCOMP": "0",
                },
                preexec_fn=lambda: groups.enter_groups(self._groups),  # noqa: PLW1509
            )  # fmt: skip
        (self.folder / "pid").write_text(str(self._process.pid))
        self.boots += 1

    def cut_power(self) -> None:
        """Everything in it dies without a word; its disk keeps what was written."""
        if self._process is not None:
            groups.kill_all(self._groups)
            self._process.kill()
        self._wait_until_off(within=10)

    def shut_down(self, *, within: float = 30) -> None:
        """A clean power-off."""

        def is_off() -> bool:
            # Asked again and again: in its first moments a machine does not hear its button.
            if self.is_on:
                os.kill(self._leader(), signal.SIGRTMIN + 4)
            return not self.is_on

        eventually(is_off, within=within, every=0.5)
        self._wait_until_off(within=within)

    def _wait_until_off(self, *, within: float) -> None:
        if self._watcher is not None:
            self._watcher.join(within)
            if self._watcher.is_alive():
                raise RigProblem(f"{self.name} is still on after {within:.0f} s.")
        self._process = self._watcher = None

    def reboot(self, *, within: float = 60) -> None:
        """A clean reboot, and return when the new boot's sshd answers."""
        before = self.boots
        os.kill(self._leader(), signal.SIGINT)
        eventually(lambda: self.boots > before, within=within)
        self.wait_for_ssh(within=within)

    def _leader(self) -> int:
        """The machine's PID 1 as this computer numbers it."""
        if self._process is not None and self.is_on:
            for task in Path(f"/proc/{self._process.pid}/task").iterdir():
                for child in (task / "children").read_text().split():
                    if _number_inside(int(child)) == 1:
                        return int(child)
        raise RigProblem(f"{self.name} is off.")

    # -- inside

    def wait_for_ssh(self, *, within: float = 60) -> None:
        eventually(self._says_ssh, within=within, every=0.1)

    def _says_ssh(self) -> bool:
        try:
            with socket.create_connection((self.address, 22), timeout=2) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

    def execute(self, *command: str) -> str:
        """What a command prints that runs in the machine as root, past its network."""
        bounds = ",".join(f"-{each}" for each in _FORBIDDEN)
        return run(
            "setpriv", f"--bounding-set={bounds}",
            "nsenter", "--target", str(self._leader()),
            "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--",
            "env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME=/root", "LANG=C.UTF-8", *command,
        )  # fmt: skip

    def host_key(self) -> str:
        """`ssh-ed25519 AAAA…`, read from its disk and not from the wire."""
        public = (self.root / "etc/ssh/ssh_host_ed25519_key.pub").read_text()
        return " ".join(public.split()[:2])

    # -- faults

    def rekey(self) -> None:
        """Other host keys, as after somebody installed it anew."""
        self._make_host_keys()
        if self.is_on:
            self.execute("systemctl", "restart", "ssh")

    def fill_disk(self) -> None:
        """Not a byte is left. The machine must have a disk of its own."""
        if not (self.folder / "disk").is_mount():
            raise RigProblem(f"{self.name} has no disk of its own that could be filled.")
        block = bytes(1024 * 1024)
        with (self.root / BALLAST).open("ab", buffering=0) as file:
            while block:
                try:
                    file.write(block)
                    os.fsync(file.fileno())
                except OSError:
                    block = block[: len(block) // 2]

    def empty_disk(self) -> None:
        (self.root / BALLAST).unlink(missing_ok=True)

    def turn_read_only(self) -> None:
        """Nothing can be written until the next boot."""
        self.execute("journalctl", "--relinquish-var")
        self.execute("mount", "-o", "remount,bind,ro", "/")


def _number_inside(pid: int) -> int:
    """What a process is called in its own namespace."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(each for each in status.splitlines() if each.startswith("NSpid:"))
    return int(line.split()[-1])
