"""The variables every service of this installation is given."""

import os
import sys
from pathlib import Path

from stack.layout import Layout

# A variable of the caller's shell that must not reach the services: without compiled modules
# every start takes three times as long.
DROPPED = ("PYTHONDONTWRITEBYTECODE",)


def base_environment(layout: Layout, *, database_url: str, redis_url: str) -> dict[str, str]:
    """What the control plane reads in its settings."""
    for name in DROPPED:
        os.environ.pop(name, None)
    binaries = str(Path(sys.executable).parent)
    return {
        "PATH": f"{binaries}:{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        "HEARTH_VAR": str(layout.var),
        "HEARTH_SECRET_KEY_FILE": str(layout.secret_key),
        "HEARTH_SUPERVISOR_PID": str(os.getpid()),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
    }
