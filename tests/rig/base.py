"""The system every machine begins with, and whether this computer can run any."""

import os
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(os.environ.get("HEARTH_RIG", "/var/lib/hearth-rig"))
SUITE = "bookworm"
BASE = FOLDER / f"{SUITE}.root"
KEY = FOLDER / "key"  # opens PERSON's account where the machine accepts keys
PERSON = "deploy"
PASSWORD = "deploy"
MIRROR_NAME = "rig"
MIRROR_PORT = 3142

_PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "libpam-systemd", "openssh-server", "sudo", "python3",
    "python3-apt", "iproute2", "netbase", "procps", "kmod", "ca-certificates", "login", "passwd",
)  # fmt: skip
_LEFT_OUT = ("man", "doc", "locale", "info")
# Nothing may start by itself that would lock apt or change the disk under a test.
_SILENCED = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer", "dpkg-db-backup.timer",
    "systemd-timesyncd.service",
)  # fmt: skip
_PROGRAMS = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "ssh-keygen": "openssh-client",
    "mkfs.ext4": "e2fsprogs",
    "setpriv": "util-linux",
}
# Of cgroup v1, nspawn mounts the controllers read-only. systemd looks once, when it starts, whether
# it may write there, and ignores every MemoryMax= from then on if it may not.
_INIT = """#!/bin/sh
for controller in /sys/fs/cgroup/*/; do
  if mountpoint -q "$controller"; then mount -o remount,bind,rw "$controller"; fi
done
exec /lib/systemd/systemd
"""


class RigProblem(Exception):
    """The rig itself could not do what was asked; says what it tried."""


def why_not_here() -> str:
    """Why no machine can run on this computer; empty when one can."""
    if os.geteuid() != 0:
        return "machines with their own network and disk need root"
    missing = [package for program, package in _PROGRAMS.items() if not shutil.which(program)]
    if missing:
        return f"missing packages: apt-get install {' '.join(missing)}"
    probe = ["unshare", "--mount", "--net", "--pid", "--fork", "true"]
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        return "this computer does not allow namespaces"
    if "overlay" not in Path("/proc/filesystems").read_text():
        return "this kernel has no overlay file system"
    return ""


def run(*command: str | Path, give: str | None = None) -> str:
    """What the command printed. Raises RigProblem with its complaint."""
    done = subprocess.run(
        [str(each) for each in command], input=give, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RigProblem(f"{' '.join(map(str, command))}: {(done.stderr or done.stdout)[-2000:]}")
    return done.stdout


def build_base() -> None:
    """Make the base system and the key if they are not there yet. About a minute, once."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not KEY.exists():
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "rig", "-f", KEY)
    if BASE.exists():
        return
    making = BASE.with_suffix(".making")
    if making.exists():
        shutil.rmtree(making)
    excluded = [f"--dpkgopt=path-exclude=/usr/share/{each}/*" for each in _LEFT_OUT]
    run(
        "mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(_PACKAGES)}",
        "--aptopt=Apt::Install-Recommends \"false\"", *excluded, SUITE, making, _own_sources(),
    )  # fmt: skip
    _furnish(making)
    making.rename(BASE)


def _own_sources() -> Path:
    """Where this computer's own apt fetches, the base is fetched too."""
    for path in ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"):
        if Path(path).exists() and Path(path).stat().st_size:
            return Path(path)
    raise RigProblem("This computer's apt has no sources to make a Debian from.")


def _furnish(root: Path) -> None:
    for path in root.glob("etc/ssh/ssh_host_*"):
        path.unlink()
    (root / "etc/machine-id").write_text("")
    (root / "etc/resolv.conf").write_text("")
    _point_apt_at_mirror(root)
    run("chroot", root, "useradd", "-m", "-s", "/bin/bash", "-G", "sudo", PERSON)
    run("chroot", root, "chpasswd", give=f"{PERSON}:{PASSWORD}\n")
    for unit in _SILENCED:
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
    init = root / "usr/local/sbin/rig-init"
    init.write_text(_INIT)
    init.chmod(0o755)


def _point_apt_at_mirror(root: Path) -> None:
    apt = root / "etc/apt"
    for old in [apt / "sources.list", *apt.glob("sources.list.d/*")]:
        old.unlink(missing_ok=True)
    for stale in (root / "var/lib/apt/lists").iterdir():
        shutil.rmtree(stale) if stale.is_dir() else stale.unlink()
    mirror = f"http://{MIRROR_NAME}:{MIRROR_PORT}"
    (apt / "sources.list").write_text(
        f"deb {mirror}/debian {SUITE} main\n"
        f"deb {mirror}/debian {SUITE}-updates main\n"
        f"deb {mirror}/debian-security {SUITE}-security main\n"
    )
    (apt / "apt.conf.d/90rig").write_text(
        'Acquire::Check-Valid-Until "false";\n'
        'Acquire::Check-Date "false";\n'
        'Acquire::Languages "none";\n'
    )
    # What says "the lists are fresh enough" goes by the date of this folder.
    os.utime(root / "var/lib/apt/lists", (0, 0))
