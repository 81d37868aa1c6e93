"""`python -m stack up`: everything on one machine, in order, until it is told to stop."""

import asyncio
import os
import shlex
import signal
import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from stack.commands import Runner, cancel_all
from stack.console_build import build_console
from stack.environment import base_environment, venv_program
from stack.first_answer import wait_for_answer
from stack.foreground import run_in_foreground
from stack.guard import Guard
from stack.layout import Layout, prepare
from stack.libgomp import find_libgomp, is_missing
from stack.lock import Lock, claim
from stack.parent import interrupted_parent
from stack.ports import open_port, reachable_host, wanted_port, who_listens
from stack.postgres import ensure_database, postgres_service, prepare_postgres
from stack.probes import Address
from stack.problem import Problem
from stack.python_environment import prepare_python
from stack.redis_server import redis_service, socket_path
from stack.replicas import stop_replicas
from stack.services import beat_service, web_service, worker_service
from stack.supervisor import Supervisor
from stack.terminal import announce, say

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# Shown on the terminal the first time, in this order.
SECRETS = {
    "HEARTH_ADMIN_PASSWORD": "password of “admin”",
    "HEARTH_TOKEN": "token for the REST API",
    "OPENAI_API_KEY": "key for OpenAI clients",
}


@dataclass
class Start:
    """One start of the stack, from nothing to ready."""

    layout: Layout
    lock: Lock
    supervisor: Supervisor
    runner: Runner
    begun: float
    console: bool
    # Kept for as long as the web service may be started again.
    listening: socket.socket | None = None

    async def run(self) -> dict[str, str]:
        """Bring everything up; the environment for commands beside it. Raises Problem."""
        first_time = not self.layout.first_run.exists()
        console = asyncio.create_task(self._console())
        beside = [console]
        try:
            await prepare_python(self.runner, development=False)
            environment = await self._databases()
            self.listening, address = self._address(environment)
            await self._migrate(environment)
            redis = socket_path(self.layout)
            self.supervisor.begin(
                worker_service(environment, redis_socket=redis),
                beat_service(environment, self.layout),
            )
            first_model = asyncio.create_task(self._first_model(environment))
            beside.append(first_model)
            await console
            self.supervisor.begin(
                web_service(environment, listening=self.listening, address=address)
            )
            await self.supervisor.until_ready("web", "worker", "beat")
            await first_model
        finally:
            await cancel_all(beside)
        await self._announce(environment, address, first_time=first_time)
        return {**environment, **read_first_run(self.layout)}

    async def _console(self) -> None:
        if not self.console:
            return
        try:
            await build_console(self.runner)
        except Problem as problem:
            say(f"{problem} Everything but the console works without it.")

    async def _databases(self) -> dict[str, str]:
        libgomp = asyncio.create_task(find_libgomp(self.runner))
        self.supervisor.begin(redis_service(self.layout))
        postgres = await asyncio.to_thread(prepare_postgres, self.layout)
        self.supervisor.begin(postgres_service(postgres, fast=False))
        await self.supervisor.until_ready("redis", "postgres")
        await ensure_database(postgres)
        environment = base_environment(
            self.layout,
            database_url=postgres.url,
            redis_url=f"unix://{socket_path(self.layout)}",
        )
        folder = await libgomp
        if folder:
            environment["HEARTH_LIBGOMP_DIR"] = folder
        elif is_missing(self.runner):
            say(
                "No model can run here yet: the library libgomp is missing and could not be "
                "fetched. Install the package libgomp1 and start again."
            )
        return environment

    def _address(self, environment: dict[str, str]) -> tuple[socket.socket, Address]:
        host = os.environ.get("HEARTH_HOST", "127.0.0.1")
        wanted = wanted_port()
        listening = open_port(host, wanted)
        port = int(listening.getsockname()[1])
        if port != wanted:
            holder = who_listens(wanted) or "another program"
            say(f"port {wanted} is taken by {holder}, so Hearth uses {port}")
        # An address left in the shell by an earlier var/first-run.env says nothing about today.
        given = os.environ.get("HEARTH_URL", "")
        local = not given or urlsplit(given).hostname in LOOPBACK
        address = Address(reachable_host(host), port)
        environment["HEARTH_URL"] = address.url if local else given
        return listening, address

    async def _migrate(self, environment: dict[str, str]) -> None:
        password = os.environ.pop("HEARTH_ADMIN_PASSWORD", "")
        given = {"HEARTH_ADMIN_PASSWORD": password} if password else {}
        outcome = await self.runner.run(
            "first_run",
            *(venv_program("python"), "-m", "controlplane.first_run"),
            environment={**environment, **given},
        )
        if not outcome.succeeded:
            lines = "".join(f"\n    {line}" for line in outcome.tail[-12:])
            raise Problem(
                f"The database could not be brought up to date:{lines}\n",
                f"All of it is in {self.layout.log / 'first_run.log'}.",
            )

    async def _first_model(self, environment: dict[str, str]) -> None:
        """Deploy the built-in model of a new installation; needs a worker."""
        if not (self.layout.run / "first-model-wanted").exists():
            return
        outcome = await self.runner.run(
            "first_run",
            *(venv_program("python"), "-m", "controlplane.first_run", "--deploy"),
            environment=environment,
        )
        if not outcome.succeeded:
            say(f"the built-in model could not be deployed: {outcome.tail[-1]}")

    async def _announce(
        self, environment: dict[str, str], address: Address, *, first_time: bool
    ) -> None:
        url = environment["HEARTH_URL"]
        made = read_first_run(self.layout)
        answer = await wait_for_answer(address, made.get("OPENAI_API_KEY", ""))
        self.lock.announce(url=url, host=address.host, port=address.port)
        if first_time:
            for name, title in SECRETS.items():
                say(f"{title}: {made.get(name, '')}")
            say(f"these are in {self.layout.first_run} as well and are not shown again")
        if not answer.model:
            say(f"no model answers yet: {answer.reason}")
        seconds = time.monotonic() - self.begun
        word = "ready" if answer.model else "started without a model"
        announce(f"{word} in {seconds:.1f} s · {url}")


async def up(layout: Layout, *, once_ready: Sequence[str], console: bool, with_parent: bool) -> int:
    """Start everything; run a command when all is ready, or go on until a signal says stop.

    The exit status: the command's, or 0 after a clean stop. Raises Problem.
    """
    begun = time.monotonic()
    prepare(layout)
    with claim(layout, purpose="up") as lock, Guard(layout) as guard:
        supervisor = Supervisor(layout, guard)
        stop = _stop_on_signals()
        start = Start(layout, lock, supervisor, Runner(layout, guard), begun, console)
        work = asyncio.create_task(_work(start, once_ready))
        told = asyncio.create_task(stop.wait())
        watch = asyncio.create_task(interrupted_parent(stop)) if with_parent else told
        try:
            await asyncio.wait((work, told), return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else 0
        finally:
            await _stop((work, told, watch), supervisor)


async def _work(start: Start, once_ready: Sequence[str]) -> int:
    environment = await start.run()
    if once_ready:
        return await run_in_foreground(once_ready, environment)
    await asyncio.Event().wait()
    return 0


async def _stop(tasks: Iterable[asyncio.Task[Any]], supervisor: Supervisor) -> None:
    begun = time.monotonic()
    say("stopping")
    await cancel_all(tasks)
    await asyncio.gather(
        supervisor.stop("beat", "worker", "web"),
        asyncio.to_thread(stop_replicas, supervisor.layout),
    )
    await supervisor.stop("redis", "postgres")
    say(f"all stopped in {time.monotonic() - begun:.1f} s")


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under `nohup` the end of the terminal is to be survived.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            loop.add_signal_handler(number, stop.set)
    return stop


def read_first_run(layout: Layout) -> dict[str, str]:
    """The names and values in `var/first-run.env`; empty before there is one."""
    try:
        lines = layout.first_run.read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines)
    return {name: "".join(shlex.split(value)) for name, equals, value in pairs if equals}
