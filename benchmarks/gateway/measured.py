"""Starting one gateway, loading it, and reading what it cost from the kernel."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import redis

from apps.gateway.dataplane.usage import USAGE_STREAM
from benchmarks.gateway.contenders import KEY, MODEL, Contender
from benchmarks.processes import (
    cpu_seconds,
    memory_mib,
    running,
    wait_until_answering,
)
from benchmarks.programs import FOLDER

GATEWAY_CORE, LOAD_CORE = "0", "1"


@dataclass(frozen=True)
class Load:
    """Arguments for the load driver; `load.c` says what each does."""

    name: str
    seconds: float = 4.0
    connections: int = 32
    requests: int = 0
    rate: int = 0
    stream: bool = False
    tokens: int = 50
    pace_us: int = 0
    abandon: bool = False
    keys: int = 1
    models: int = 1

    def arguments(self) -> list[str]:
        return [f"{name}={int(value) if name != 'seconds' else value}"
                for name, value in vars(self).items() if name != "name"]  # fmt: skip


@dataclass(frozen=True)
class Result:
    """`cpu_us` is what the gateway's processes used per request, user and system; `redis_us` what
    Redis used for it."""

    requests: int
    events: int
    abandoned: int
    seconds: float
    cpu_seconds: float
    redis_seconds: float
    load_seconds: float
    p50_ms: float
    p99_ms: float
    samples: int
    failed: int
    memory_mib: float

    @property
    def cpu_us(self) -> float:
        return self.cpu_seconds * 1e6 / max(1, self.requests)

    @property
    def redis_us(self) -> float:
        return self.redis_seconds * 1e6 / max(1, self.requests)

    @property
    def cpu_us_per_event(self) -> float:
        return self.cpu_seconds * 1e6 / max(1, self.events)

    @property
    def per_core_second(self) -> float:
        return 1e6 / self.cpu_us if self.cpu_us else 0.0


@dataclass(frozen=True)
class Bench:
    """What every measurement of a run shares. Everything but the gateway is on one core."""

    redis_url: str
    mock_pid: int
    quick: bool = False  # to see that it works, not how fast

    def seconds(self, usual: float) -> float:
        return min(usual, 1.0) if self.quick else usual

    def count(self, usual: int) -> int:
        return max(1, usual // 100) if self.quick else usual

    def redis_seconds(self) -> float:
        with redis.Redis.from_url(self.redis_url) as client:
            said = client.info("cpu")
        return float(said["used_cpu_user"]) + float(said["used_cpu_sys"])

    def forget_usage(self) -> None:
        """Nobody takes it from Redis here, and it must not grow for ever."""
        with redis.Redis.from_url(self.redis_url) as client:
            client.delete(USAGE_STREAM)


def pinned(core: str, command: Sequence[str]) -> list[str]:
    """On one core, where the machine has several and lets us choose."""
    taskset = shutil.which("taskset")
    many = len(os.sched_getaffinity(0)) > 1
    return [taskset, "-c", core, *command] if taskset and many else [*command]


@contextmanager
def started(bench: Bench, contender: Contender, *, warm: bool = True) -> Iterator[int]:
    """The process of a contender that answers, on a core of its own; its pid."""
    bench.forget_usage()
    contender.prepare()
    program = contender.program
    if program is None:
        yield bench.mock_pid
        return
    command = pinned(GATEWAY_CORE, program.command)
    log = FOLDER / f"{contender.short}.log"
    with running(command, program.environment, log) as process:
        wait_until_answering(contender.port, KEY, model=MODEL, seconds=program.start_seconds)
        if warm:
            drive(contender.port, Load("warm", seconds=1.0, connections=16))
            drive(contender.port, Load("warm", seconds=0.5, connections=8, stream=True))
        yield process.pid


def measure(bench: Bench, contender: Contender, load: Load, pid: int) -> Result:
    """One load on a contender that runs."""
    before, redis_before = cpu_seconds(pid), bench.redis_seconds()
    said = drive(contender.port, load)
    used, redis_used = cpu_seconds(pid) - before, bench.redis_seconds() - redis_before
    memory = memory_mib(pid)
    bench.forget_usage()
    return Result(
        requests=int(said["requests"]),
        events=int(said["events"]),
        abandoned=int(said["abandoned"]),
        seconds=said["seconds"],
        cpu_seconds=used,
        redis_seconds=redis_used,
        load_seconds=said["cpu_seconds"],
        p50_ms=said["p50_us"] / 1000,
        p99_ms=said["p99_us"] / 1000,
        samples=int(said["samples"]),
        failed=int(said["refused"] + said["broken"]),
        memory_mib=memory,
    )


def drive(port: int, load: Load, *, core: str | None = LOAD_CORE) -> dict[str, float]:
    """What the load driver said. `core` None: wherever there is room."""
    command = [str(FOLDER / "load"), str(port), *load.arguments()]
    done = subprocess.run(
        command if core is None else pinned(core, command),
        env={**os.environ, "KEY": KEY},
        capture_output=True,
        check=True,
        timeout=load.seconds + 60,
    )
    said: dict[str, float] = json.loads(done.stdout)
    return said
