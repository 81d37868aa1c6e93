"""The variables every service of this installation is given."""

import os
from pathlib import Path

from stack.layout import CHECKOUT, Layout
from stack.problem import Problem

VENV = CHECKOUT / ".venv"
# A variable of the caller's shell that must not reach the services: without compiled modules
# every start takes three times as long.
DROPPED = ("PYTHONDONTWRITEBYTECODE",)


def venv_program(name: str) -> str:
    """The path of a program in the Python environment."""
    return str(VENV / "bin" / name)


def venv_package(relative: str) -> Path | None:
    """A file inside an installed package; None when it is not there."""
    for found in VENV.glob(f"lib/python3*/site-packages/{relative}"):
        return found
    return None


def read_dotenv(path: Path) -> None:
    """Put `NAME=value` lines of a file into the environment, without overriding what is set.

    Raises Problem for a line that is neither that nor a comment.
    """
    if not path.exists():
        return
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        text = line.strip().removeprefix("export ")
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.strip().isidentifier():
            raise Problem(f"Line {number} of {path} is not NAME=value.", "Correct or remove it.")
        os.environ.setdefault(name.strip(), value.strip().strip("\"'"))


def base_environment(layout: Layout, *, database_url: str, redis_url: str) -> dict[str, str]:
    """What the control plane reads in its settings."""
    for name in DROPPED:
        os.environ.pop(name, None)
    return {
        "PATH": f"{VENV / 'bin'}:{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        "HEARTH_VAR": str(layout.var),
        "HEARTH_SECRET_KEY_FILE": str(layout.secret_key),
        "HEARTH_SUPERVISOR_PID": str(os.getpid()),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
    }
