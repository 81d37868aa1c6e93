"""Programs under test: starting them, and reading from the kernel what they use."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running(
    command: Sequence[str],
    environment: dict[str, str],
    log: Path,
    *,
    inherits: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """A program until the block ends; `inherits` are open files it keeps."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
            pass_fds=inherits,
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


@contextmanager
def own_redis(folder: Path, *, before: Sequence[str] = ()) -> Iterator[str]:
    """A Redis of this run alone; `before` goes before its command line. Yields its address."""
    binary = shutil.which("redis-server")
    if binary is None:
        raise FileNotFoundError("redis-server is not installed")
    path = folder / "redis.sock"
    command = [*before, binary, "--port", "0", "--unixsocket", str(path), "--save", "", "--dir"]
    with running([*command, str(folder)], {}, folder / "redis.log"):
        deadline = time.monotonic() + 10
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        yield f"unix://{path}"


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses at this moment."""
    with_sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in with_sockets]
    for each in with_sockets:
        each.close()
    return ports


def wait_until_answering(port: int, key: str, *, model: str, seconds: float) -> None:
    """Return when a chat request is answered. Raises TimeoutError."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hi"}]}).encode()
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


def family(pid: int) -> list[int]:
    """The process and everything it started."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                after_name = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(after_name[1]), []).append(int(folder.name))
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def cpu_seconds(pid: int) -> float:
    """Nanosecond counts of every thread; the clock ticks of /proc/PID/stat are too coarse."""
    total = 0
    for member in family(pid):
        for thread in Path(f"/proc/{member}/task").glob("*/schedstat"):
            try:
                total += int(thread.read_text().split()[0])
            except OSError:
                continue
    return total / 1e9


def memory_mib(pid: int) -> float:
    """Proportional set size: what is shared between the processes counts once."""
    total = 0
    for member in family(pid):
        try:
            lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024
