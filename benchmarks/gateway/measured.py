"""Starting one gateway, loading it, and reading what it cost from the kernel."""

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

GATEWAY_CORE, LOAD_CORE = "0", "1"


@dataclass(frozen=True)
class Contender:
    """One program between client and model server."""

    name: str
    port: int
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    start_seconds: float = 20.0


@dataclass(frozen=True)
class Load:
    name: str
    connections: int
    seconds: float
    streamed: bool


@dataclass(frozen=True)
class Result:
    """`cpu_us` is what the contender's processes used per request, user and system."""

    contender: str
    load: str
    requests_per_second: float
    events_per_second: float
    cpu_us: float
    cpu_us_per_event: float
    p50_us: int
    p99_us: int
    failed: int
    memory_mib: float

    @property
    def requests_per_core_second(self) -> float:
        return 1e6 / self.cpu_us if self.cpu_us else 0.0


def pinned(core: str, command: Sequence[str]) -> list[str]:
    """On one core, where the machine has several and lets us choose."""
    taskset = shutil.which("taskset")
    many = len(os.sched_getaffinity(0)) > 1
    return [taskset, "-c", core, *command] if taskset and many else [*command]


@contextmanager
def running(
    command: Sequence[str], environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_answering(port: int, key: str, *, seconds: float) -> None:
    """Raises TimeoutError."""
    body = json.dumps({"model": "mock", "messages": [{"role": "user", "content": "hi"}]}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        body,
        {"authorization": f"Bearer {key}", "content-type": "application/json"},
    )
    deadline = time.monotonic() + seconds
    problem: Exception | None = None
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(request, timeout=5):
                return
        except (urllib.error.URLError, OSError) as error:
            problem = error
            time.sleep(0.2)
    raise TimeoutError(f"port {port} did not answer within {seconds:.0f} s: {problem}")


def measure(
    contender: Contender, loads: Sequence[Load], *, driver: Path, key: str, log: Path
) -> list[Result]:
    """Every load in turn against one contender, after a moment of warming up."""
    command = pinned(GATEWAY_CORE, contender.command)
    with running(command, contender.environment, log) as process:
        wait_until_answering(contender.port, key, seconds=contender.start_seconds)
        _drive(contender, Load("warm", 16, 1.0, streamed=False), driver, key)
        _drive(contender, Load("warm", 8, 0.5, streamed=True), driver, key)
        return [_measured(contender, load, process.pid, driver, key) for load in loads]


def _measured(contender: Contender, load: Load, pid: int, driver: Path, key: str) -> Result:
    before = _cpu_seconds(pid)
    said = _drive(contender, load, driver, key)
    used = _cpu_seconds(pid) - before
    requests, events = max(1, said["requests"]), said["events"]
    return Result(
        contender=contender.name,
        load=load.name,
        requests_per_second=said["requests"] / said["seconds"],
        events_per_second=events / said["seconds"],
        cpu_us=used * 1e6 / requests,
        cpu_us_per_event=used * 1e6 / events if events else 0.0,
        p50_us=int(said["p50_us"]),
        p99_us=int(said["p99_us"]),
        failed=int(said["refused"] + said["broken"]),
        memory_mib=_memory_mib(pid),
    )


def _drive(contender: Contender, load: Load, driver: Path, key: str) -> dict[str, float]:
    command = [str(driver), str(contender.port), str(load.connections), str(load.seconds)]
    done = subprocess.run(
        pinned(LOAD_CORE, [*command, str(int(load.streamed))]),
        env={**os.environ, "KEY": key},
        capture_output=True,
        check=True,
        timeout=load.seconds + 30,
    )
    said: dict[str, float] = json.loads(done.stdout)
    return said


def _family(pid: int) -> list[int]:
    """The process and everything it started."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                after_name = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(after_name[1]), []).append(int(folder.name))
    family, waiting = [], [pid]
    while waiting:
        family.append(waiting.pop())
        waiting += children.get(family[-1], [])
    return family


def _cpu_seconds(pid: int) -> float:
    """Nanosecond counts of every thread; the clock ticks of /proc/PID/stat are too coarse."""
    total = 0
    for member in _family(pid):
        for thread in Path(f"/proc/{member}/task").glob("*/schedstat"):
            try:
                total += int(thread.read_text().split()[0])
            except OSError:
                continue
    return total / 1e9


def _memory_mib(pid: int) -> float:
    """Proportional set size: what is shared between the processes counts once."""
    total = 0
    for member in _family(pid):
        try:
            lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024
