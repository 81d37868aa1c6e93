"""libgomp for the model server: the machine's own, else Debian's package unpacked privately."""

import ctypes
import shutil
from pathlib import Path

from stack.commands import Runner

LIBRARY = "libgomp.so.1"
PACKAGE = "libgomp1"
LOG = "setup"


async def find_libgomp(runner: Runner) -> str:
    """The folder to put on the model server's library path.

    Empty when the machine has the library itself, and when it cannot be had: then no model
    server starts, and `is_missing` says so.
    """
    if not is_missing(runner):
        return _folder(runner)
    folder = runner.layout.libraries
    folder.mkdir(exist_ok=True)
    if shutil.which("apt-get") and shutil.which("dpkg-deb"):
        await _fetch(runner, folder)
    return _folder(runner)


def _folder(runner: Runner) -> str:
    found = _unpacked(runner)
    return str(found.parent) if found is not None else ""


def is_missing(runner: Runner) -> bool:
    """Whether neither the machine nor `var/` has the library."""
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        return _unpacked(runner) is None
    return False


def _unpacked(runner: Runner) -> Path | None:
    return next(runner.layout.libraries.rglob(LIBRARY), None)


async def _fetch(runner: Runner, folder: Path) -> None:
    # The machine's own package lists first; they are often empty or old, and only root may
    # renew them: then lists of our own, checked by the same signatures.
    private = (
        *("-o", f"Dir::State={folder / 'state'}", "-o", f"Dir::Cache={folder / 'cache'}"),
        *("-o", "Dir::State::status=/var/lib/dpkg/status", "-o", "APT::Sandbox::User="),
    )
    if not await _download(runner, folder):
        for part in ("state/lists/partial", "cache/archives/partial"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        await runner.run(LOG, "apt-get", *private, "-q", "update", folder=folder)
        await _download(runner, folder, *private)
    for package in _packages(folder):
        await runner.run(LOG, "dpkg-deb", "-x", str(package), str(folder / "root"), folder=folder)
        package.unlink()
    for part in ("state", "cache"):
        shutil.rmtree(folder / part, ignore_errors=True)


def _packages(folder: Path) -> list[Path]:
    return list(folder.glob(f"{PACKAGE}_*.deb"))


async def _download(runner: Runner, folder: Path, *options: str) -> bool:
    outcome = await runner.run(
        LOG, "apt-get", *options, "-q", "-o", "APT::Sandbox::User=", "download", PACKAGE,
        folder=folder,
    )  # fmt: skip
    return outcome.succeeded
