"""The Python environment: uv from pip, then exactly what the lock names, checked by hash."""

import asyncio
import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from stack.commands import Runner, why_it_failed
from stack.environment import VENV
from stack.layout import CHECKOUT, write_atomically
from stack.problem import Problem
from stack.terminal import say

UV_HOME = CHECKOUT / ".uv"
UV = UV_HOME / "bin" / "uv"
UV_LOCK = CHECKOUT / "requirements-uv.lock.txt"
RUNTIME_LOCK = CHECKOUT / "requirements.lock.txt"
DEVELOPMENT_LOCK = CHECKOUT / "requirements-dev.lock.txt"
LOG = "setup"
# Never the Python of an environment, which may be the very one that is made anew.
MACHINE_PYTHON = os.path.realpath(sys.executable)

# What the environment was made from; written last, so that a half-made one has none.
STAMP = VENV / ".hearth-stamp"


def uv_settings() -> dict[str, str]:
    """Environment for uv: this machine's Python and this machine's certificates."""
    return {
        "UV_SYSTEM_CERTS": os.environ.get("UV_SYSTEM_CERTS", "1"),
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_PROGRESS": "1",
    }


def is_current(*, development: bool) -> bool:
    """Whether the environment holds what the lock names; the development lock has everything."""
    enough = [DEVELOPMENT_LOCK] if development else [DEVELOPMENT_LOCK, RUNTIME_LOCK]
    found = _stamp()
    return any(found == _mark(lock) for lock in enough)


async def prepare_python(runner: Runner, *, development: bool) -> None:
    """Make or complete the environment; nothing happens when it is current. Raises Problem."""
    if is_current(development=development):
        return
    async with _one_at_a_time("environment.lock"):
        if is_current(development=development):
            return
        say("preparing the Python environment")
        await ensure_uv(runner)
        # An environment with development packages keeps them.
        keep = _stamp().startswith(DEVELOPMENT_LOCK.name)
        lock = DEVELOPMENT_LOCK if development or keep else RUNTIME_LOCK
        await make_environment(runner, VENV, lock, complete=_stamp().endswith(_python_of(VENV)))
        write_atomically(STAMP, _mark(lock) + "\n", mode=0o644)


async def make_environment(runner: Runner, folder: Path, lock: Path, *, complete: bool) -> None:
    """Make an environment from a lock. `complete` says that nothing in it is half written."""
    (folder / STAMP.name).unlink(missing_ok=True)
    if not complete or not (folder / "bin" / "python").exists():
        shutil.rmtree(folder, ignore_errors=True)
        await _step(runner, str(UV), "venv", "--quiet", "--python", MACHINE_PYTHON, str(folder))
    python = str(folder / "bin" / "python")
    await _step(
        runner, str(UV), "pip", "sync", "--quiet", "--require-hashes", "--python", python, str(lock)
    )


async def ensure_uv(runner: Runner) -> None:
    """Install uv with pip into its own environment. Raises Problem."""
    async with _one_at_a_time("uv.lock"):
        await _ensure_uv(runner)


async def _ensure_uv(runner: Runner) -> None:
    if (await runner.run(LOG, str(UV), "--version")).succeeded:
        return
    shutil.rmtree(UV_HOME / "bin", ignore_errors=True)
    UV_HOME.mkdir(exist_ok=True)
    made = await runner.run(LOG, MACHINE_PYTHON, "-m", "venv", str(UV_HOME))
    if not made.succeeded:
        if made.mentions("ensurepip", "python3-venv"):
            raise Problem(
                "This machine's Python cannot make virtual environments.",
                "Install the package python3-venv and start again.",
            )
        raise Problem("uv could not be installed.", why_it_failed(made, _log_path(runner)))
    pip = str(UV_HOME / "bin" / "pip")
    await _step(
        runner, pip, "install", "--quiet", "--disable-pip-version-check", "--require-hashes",
        "--only-binary", ":all:", "-r", str(UV_LOCK),
    )  # fmt: skip


async def _step(runner: Runner, *argv: str) -> None:
    outcome = await runner.run(LOG, *argv, environment=uv_settings())
    if not outcome.succeeded:
        raise Problem(
            "The Python environment could not be made.", why_it_failed(outcome, _log_path(runner))
        )


@asynccontextmanager
async def _one_at_a_time(name: str) -> AsyncIterator[None]:
    """Two installations of one checkout share what is made here; one of them makes it."""
    UV_HOME.mkdir(exist_ok=True)
    with (UV_HOME / name).open("w") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                await asyncio.sleep(0.2)
            else:
                break
        yield


def _stamp() -> str:
    try:
        return STAMP.read_text().strip()
    except OSError:
        return ""


def _mark(lock: Path) -> str:
    """Lock, place and Python: an environment fits only all three."""
    content = lock.read_bytes() + str(VENV).encode()
    return f"{lock.name} {hashlib.sha256(content).hexdigest()} {_python_of(VENV)}"


def _python_of(folder: Path) -> str:
    """The machine's Python behind an environment; another one after an upgrade of the system."""
    program = folder / "bin" / "python"
    return str(program.resolve()) if program.exists() else "no Python"


def _log_path(runner: Runner) -> Path:
    return runner.layout.log / f"{LOG}.log"
