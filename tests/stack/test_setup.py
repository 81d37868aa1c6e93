"""`python -m stack setup`: an environment that is whole, or made whole by the next start."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.installation import CHECKOUT, Installation
from tests.waiting import eventually

pytestmark = pytest.mark.slow

IMPORT_EVERYTHING = "import django, celery, uvicorn, psycopg, xllamacpp, kombu.transport.redis"
SETUP = (sys.executable, "-m", "stack", "setup", "--no-console")


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A copy of what the Python environment is made from."""
    folder = Path(tempfile.mkdtemp(prefix="hearth-setup-"))
    shutil.copytree(
        CHECKOUT / "stack", folder / "stack", ignore=shutil.ignore_patterns("__pycache__", "assets")
    )
    for lock in CHECKOUT.glob("requirements*.lock.txt"):
        shutil.copy(lock, folder)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _environment(checkout: Path, **extra: str) -> dict[str, str]:
    return {**Installation(checkout / "var").environment(), "PYTHONPATH": str(checkout), **extra}


def _setup(checkout: Path, **extra: str) -> tuple[int, str]:
    result = subprocess.run(
        SETUP, cwd=checkout, env=_environment(checkout, **extra), capture_output=True, text=True,
        timeout=240, check=False,
    )  # fmt: skip
    return result.returncode, result.stdout + result.stderr


def _imports(checkout: Path) -> bool:
    python = checkout / ".venv" / "bin" / "python"
    done = subprocess.run([python, "-c", IMPORT_EVERYTHING], check=False, capture_output=True)
    return done.returncode == 0


def test_one_environment(checkout: Path) -> None:
    """Environments are expensive: one goes through what can happen to it."""
    _killed_half_way(checkout)
    assert not (checkout / ".venv" / ".hearth-stamp").exists()

    status, output = _setup(checkout)
    assert status == 0, output
    assert _imports(checkout)

    _a_second_time_nothing_is_done_and_no_network_needed(checkout)
    _a_changed_lock_changes_it(checkout)


def _killed_half_way(checkout: Path) -> None:
    first = subprocess.Popen(SETUP, cwd=checkout, env=_environment(checkout))
    packages = checkout / ".venv" / "lib"
    eventually(lambda: list(packages.glob("python3*/site-packages/*/__init__.py")), within=120)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    eventually(Installation(checkout / "var").nothing_runs, within=30)


def _a_second_time_nothing_is_done_and_no_network_needed(checkout: Path) -> None:
    nowhere = {"UV_OFFLINE": "1", "UV_CACHE_DIR": str(checkout / "empty")}

    assert _setup(checkout, **nowhere) == (0, "")
    assert not (checkout / "empty").exists()


def _a_changed_lock_changes_it(checkout: Path) -> None:
    lock = checkout / "requirements.lock.txt"
    kept, dropped, _ = lock.read_text().partition("\nxllamacpp==")
    assert dropped
    lock.write_text(f"{kept}\n")

    status, output = _setup(checkout)

    assert status == 0, output
    assert not _imports(checkout)


def test_without_a_network_the_first_time_is_one_sentence(checkout: Path) -> None:
    offline = {"PIP_NO_INDEX": "1", "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0"}

    status, output = _setup(checkout, **offline)

    assert status == 1
    assert "The Python environment could not be made" in output
    assert "Traceback" not in output
