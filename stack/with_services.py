"""`python -m stack with pg,redis -- CMD…`: run one command beside its own services."""

import asyncio
import os
import signal
from collections.abc import Sequence

from stack.environment import base_environment
from stack.foreground import run_in_foreground
from stack.guard import Guard
from stack.layout import Layout, prepare
from stack.lock import claim
from stack.logs import LogFile
from stack.postgres import ensure_database, postgres_service, prepare_postgres
from stack.problem import Problem
from stack.process import Running, Service
from stack.redis_server import redis_service, socket_path

KNOWN = ("pg", "redis")


async def run_with(
    layout: Layout, names: Sequence[str], command: Sequence[str], *, fast: bool
) -> int:
    """Start the named services, run the command, stop everything; the command's exit status.

    A service that was not asked for keeps the address the environment already has.
    Raises Problem.
    """
    unknown = [name for name in names if name not in KNOWN]
    if unknown:
        raise Problem(f"There is no service “{unknown[0]}”.", f"Known: {', '.join(KNOWN)}.")
    prepare(layout)
    work = asyncio.create_task(_beside(layout, names, command, fast=fast))
    _end_on_signals(work)
    try:
        return await work
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM


async def _beside(
    layout: Layout, names: Sequence[str], command: Sequence[str], *, fast: bool
) -> int:
    started: list[Running] = []
    with claim(layout, purpose=f"with {','.join(names)}"), Guard(layout) as guard:
        try:
            environment = await _start_services(layout, guard, names, started, fast=fast)
            return await _run(command, environment)
        finally:
            for running in reversed(started):
                await running.stop()


async def _start_services(
    layout: Layout, guard: Guard, names: Sequence[str], started: list[Running], *, fast: bool
) -> dict[str, str]:
    database_url = os.environ.get("DATABASE_URL", "")
    redis_url = os.environ.get("REDIS_URL", "")
    if "redis" in names:
        started.append(await _begin(redis_service(layout), layout, guard))
        redis_url = f"unix://{socket_path(layout)}"
    if "pg" in names:
        postgres = prepare_postgres(layout)
        running = await _begin(postgres_service(postgres, fast=fast), layout, guard)
        started.append(running)
        await _until_ready(running)
        await ensure_database(postgres)
        database_url = postgres.url
    for running in started:
        await _until_ready(running)
    environment = base_environment(layout, database_url=database_url, redis_url=redis_url)
    environment["HEARTH_URL"] = os.environ.get("HEARTH_URL", "http://127.0.0.1:8000")
    return environment


async def _begin(service: Service, layout: Layout, guard: Guard) -> Running:
    running = Running(service, LogFile(layout.log / f"{service.name}.log"), guard)
    await running.start()
    return running


async def _until_ready(running: Running) -> None:
    if running.ready.is_set() or await running.wait_until_ready():
        return
    tail = "\n  ".join(running.log.tail)
    raise Problem(f"{running.service.name} did not start:\n  {tail}\n", f"See {running.log.path}.")


async def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    # The terminal sends Ctrl-C to the command as well; waiting for it is all there is to do.
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: None)
    return await run_in_foreground(command, environment)


def _end_on_signals(work: asyncio.Task[int]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
