"""Which user Postgres runs as: it refuses root, and must still reach its programs and its data."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stack.layout import Layout
from stack.process import Identity

UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Account:
    """How to run Postgres' programs, and the folder (`home`) that user owns."""

    binaries: Path
    home: Path
    identity: Identity | None = None
    wrapper: tuple[str, ...] = ()

    @property
    def is_foreign(self) -> bool:
        """Whether the server's user is not the one that connects."""
        return self.identity is not None or bool(self.wrapper)

    def credentials(self) -> dict[str, Any]:
        """Arguments for subprocess that switch to the account's user."""
        if self.identity is None:
            return {}
        return {"user": self.identity.uid, "group": self.identity.gid, "extra_groups": []}

    def make_folder(self, folder: Path) -> None:
        """Make a folder that only this account and root may enter."""
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            uid, gid = (self.identity.uid, self.identity.gid) if self.identity else (0, 0)
            if folder.stat().st_uid != uid:
                _give_tree(folder, uid, gid)
        folder.chmod(0o700)


def choose_account(layout: Layout, binaries: Path) -> Account:
    """The first way that works here: as this user, as nobody, in a user namespace, copied out.

    Raises OSError when the folder cannot be made.
    """
    if os.geteuid() != 0:
        account = Account(binaries=binaries, home=layout.postgres)
        account.make_folder(account.home)
        return account
    person = pwd.getpwnam(UNPRIVILEGED)
    identity = Identity(uid=person.pw_uid, gid=person.pw_gid)
    for account in _ways_as_root(layout, binaries, identity):
        account.make_folder(account.home)
        if _works(account):
            return account
    return _copied_out(layout, binaries, identity)


def _ways_as_root(layout: Layout, binaries: Path, identity: Identity) -> tuple[Account, ...]:
    namespace = ("unshare", "-U", f"--map-user={identity.uid}", f"--map-group={identity.gid}", "--")
    return (
        Account(binaries=binaries, home=layout.postgres, identity=identity),
        # A checkout under /root: nobody may not walk there, root under another name may.
        Account(binaries=binaries, home=layout.postgres, wrapper=namespace),
    )


def _works(account: Account) -> bool:
    """Whether the account can run the server and enter its folder."""
    script = '"$0" --version >/dev/null && cd "$1"'
    server = str(account.binaries / "postgres")
    try:
        result = subprocess.run(
            [*account.wrapper, "/bin/sh", "-c", script, server, str(account.home)],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            **account.credentials(),
        )
    except OSError:
        return False
    return result.returncode == 0


def outside_folder(layout: Layout) -> Path:
    """Where the programs and the data go when nothing under the checkout can be reached."""
    return Path("/var/lib") / layout.short_folder.name


def _copied_out(layout: Layout, binaries: Path, identity: Identity) -> Account:
    outside = outside_folder(layout)
    package = binaries.parent.parent
    copy = outside / "programs" / package.name
    if not copy.exists():
        outside.mkdir(mode=0o711, parents=True, exist_ok=True)
        unfinished = outside / "programs.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        skip = shutil.ignore_patterns("pginstall", "include", "__pycache__")
        shutil.copytree(package, unfinished / package.name, ignore=skip)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, unfinished / libraries.name)
        unfinished.rename(outside / "programs")
    copied = copy / binaries.relative_to(package)
    account = Account(binaries=copied, home=outside / "pg", identity=identity)
    account.make_folder(account.home)
    return account


def _give_tree(folder: Path, uid: int, gid: int) -> None:
    os.chown(folder, uid, gid)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent) / name, uid, gid, follow_symlinks=False)
