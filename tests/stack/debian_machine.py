"""A minimal Debian 12 in a folder: what somebody has who just installed a server."""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.stack.installation import CHECKOUT, Started

PACKAGES = "python3,python3-venv,make,ca-certificates"
# The base system is fetched once and kept beside the checkout's other state.
BASE = CHECKOUT / "var" / "test-cache" / "debian-bookworm.tar"
PERSON = "ada"
# What makes this machine's network reachable is copied, never what makes it faster.
NETWORK_FILES = ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf")
NETWORK_VARIABLES = ("_PROXY", "_CERT", "_CERTS", "CERT_FILE", "CERT_DIR", "CA_BUNDLE", "INDEX_URL")
LOOPBACK_UP = (
    "import fcntl,socket,struct;s=socket.socket();"
    "fcntl.ioctl(s,0x8914,struct.pack('16sh14x',b'lo',0x49))"
)


def why_not_here() -> str:
    """Why the machine cannot be made; empty when it can."""
    if os.geteuid() != 0:
        return "making a Debian system in a folder needs root"
    if not shutil.which("mmdebstrap"):
        return "mmdebstrap is not installed"
    probe = ["unshare", "--mount", "--pid", "--fork", "true"]
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        return "namespaces are not allowed here"
    return ""


@dataclass
class Machine:
    """The system under `root`; its processes end with the command that started them."""

    root: Path

    def copy_checkout(self, home: str, owner: str) -> None:
        """The files git knows, as they are now, in `<home>/hearth`."""
        target = self.root / home.lstrip("/") / "hearth"
        target.mkdir(parents=True)
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=CHECKOUT,
            capture_output=True,
            check=True,
        ).stdout
        present = [
            name for name in listed.split(b"\0") if name and (CHECKOUT / os.fsdecode(name)).exists()
        ]
        packed = subprocess.run(
            ["tar", "--null", "-cf", "-", "-T", "-"],
            cwd=CHECKOUT, input=b"\0".join(present), capture_output=True, check=True,
        ).stdout  # fmt: skip
        subprocess.run(["tar", "-xf", "-", "-C", str(target)], input=packed, check=True)
        subprocess.run(
            ["chroot", self.root, "chown", "-R", f"{owner}:", f"{home}/hearth"], check=True
        )

    def start(self, home: str, owner: str, *, network: bool = True, **extra: str) -> Started:
        """`make run` in `<home>/hearth` as `owner`, in processes of its own."""
        variables = {**_network_environment(), "HOME": home, "PATH": os.defpath, **extra}
        given = " ".join(f"{name}={value}" for name, value in variables.items())
        loopback = "" if network else f'python3 -c "{LOOPBACK_UP}" && '
        inside = f"cd {home}/hearth && env -i {given} make --no-print-directory run; exit $?"
        # Not `su`: it ends what it started by itself when the signal arrives.
        become = f"setpriv --reuid {owner} --regid {owner} --init-groups"
        command = f"{loopback}exec {become} sh -c '{inside}'"
        prepare = (
            f"mount -t proc proc {self.root}/proc && mount --rbind /dev {self.root}/dev && "
            'exec chroot "$0" sh -c "$1"'
        )
        namespaces = ["--mount", "--pid", "--fork", "--kill-child"]
        if not network:
            namespaces.append("--net")
        path = self.root / "tmp" / f"output-{owner}-{network}"
        with path.open("wb") as output:
            process = subprocess.Popen(
                ["unshare", *namespaces, "sh", "-c", prepare, str(self.root), command],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        return Started(process, path)

    def interrupt(self, started: Started) -> None:
        """Ctrl-C: the signal goes to everything in the foreground."""
        os.killpg(started.pid, signal.SIGINT)


def make_machine(folder: Path) -> Machine:
    """Unpack the base system and make it reach the network as this machine does."""
    if not BASE.exists():
        BASE.parent.mkdir(parents=True, exist_ok=True)
        unfinished = BASE.with_suffix(".unfinished.tar")
        subprocess.run(
            ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", "bookworm",
             str(unfinished), *_debian_sources()],
            check=True,
        )  # fmt: skip
        unfinished.replace(BASE)
    subprocess.run(["tar", "-xf", str(BASE), "-C", str(folder)], check=True)
    authorities = Path("usr/local/share/ca-certificates")
    shutil.copytree(Path("/") / authorities, folder / authorities, dirs_exist_ok=True)
    for name in NETWORK_FILES:
        if Path(name).exists():
            shutil.copy(name, folder / name.lstrip("/"))
    subprocess.run(["chroot", folder, "update-ca-certificates"], check=True, capture_output=True)
    subprocess.run(["chroot", folder, "useradd", "-m", "-s", "/bin/sh", PERSON], check=True)
    return Machine(folder)


def _debian_sources() -> list[str]:
    """This machine's own package sources when it is the same Debian; else mmdebstrap's."""
    listed = [*Path("/etc/apt").glob("sources.list"), *Path("/etc/apt").glob("sources.list.d/*")]
    return [
        str(path) for path in listed
        if path.suffix in {".list", ".sources"} and "bookworm" in path.read_text()
        and "debian-archive-keyring" in path.read_text()
    ]  # fmt: skip


def _network_environment() -> dict[str, str]:
    found = {
        name: value
        for name, value in os.environ.items()
        if name.upper().endswith(NETWORK_VARIABLES) or name == "NODE_EXTRA_CA_CERTS"
    }
    return {name: value for name, value in found.items() if " " not in value}
