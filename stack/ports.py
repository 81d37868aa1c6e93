"""The port people connect to."""

import errno
import os
import socket
from pathlib import Path

from stack.problem import Problem
from stack.process_table import PROC

FIRST_PORT = 8000
TRIED_PORTS = 100
BACKLOG = 1024
WILDCARDS = {"", "0.0.0.0", "::"}  # noqa: S104 — compared, not bound


def wanted_port() -> int:
    """HEARTH_PORT, or the usual one. Raises Problem when it is no port."""
    given = os.environ.get("HEARTH_PORT", str(FIRST_PORT))
    if not given.isdecimal() or not 0 < int(given) < 65536:
        raise Problem(f"HEARTH_PORT is “{given}”.", "Set it to a number from 1 to 65535.")
    return int(given)


def open_port(host: str, wanted: int) -> socket.socket:
    """A listening socket on `wanted`, or on the next free port after it.

    Held from now on: nobody can take the port before the web service starts, and while that is
    started again connections wait instead of being refused. Raises Problem when none can be had.
    """
    for port in range(wanted, min(wanted + TRIED_PORTS, 65536)):
        listening = _listen(host, port)
        if listening is not None:
            return listening
    raise Problem(
        f"No port from {wanted} to {wanted + TRIED_PORTS - 1} is free on {host}.",
        "Set HEARTH_PORT to one that is.",
    )


def reachable_host(host: str) -> str:
    """The address under which this machine reaches a server that listens on `host`."""
    return "127.0.0.1" if host in WILDCARDS else host


def who_listens(port: int) -> str:
    """The program that holds a port, like `python3 (process 4321)`; empty when it is hidden."""
    sockets = _listening_sockets(port)
    for folder in PROC.iterdir() if sockets else ():
        if folder.name.isdigit() and _owns(folder, sockets):
            name = (folder / "comm").read_text().strip()
            return f"{name} (process {folder.name})"
    return ""


def _listen(host: str, port: int) -> socket.socket | None:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(
            address[:2], family=family, backlog=BACKLOG, dualstack_ipv6=host == "::"
        )
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return None
        if error.errno == errno.EACCES:
            raise Problem(
                f"Port {port} is reserved for root.", "Set HEARTH_PORT to 1024 or above."
            ) from error
        raise Problem(
            f"{host} is not an address of this machine.", "Correct HEARTH_HOST."
        ) from error


def _listening_sockets(port: int) -> set[str]:
    found = set()
    for table in (PROC / "net" / "tcp", PROC / "net" / "tcp6"):
        lines = table.read_text().splitlines()[1:] if table.exists() else []
        for line in lines:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found


def _owns(folder: Path, sockets: set[str]) -> bool:
    try:
        return any(str(handle.readlink()) in sockets for handle in (folder / "fd").iterdir())
    except OSError:
        return False
