"""`python -m benchmarks.gateway`: measure, print the table, keep it in docs/benchmarks.md."""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.gateway import contenders
from benchmarks.gateway.measured import LOAD_CORE, Contender, Load, Result, measure, pinned, running

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
FOLDER = ROOT / "var" / "benchmarks"
REPORT = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- gateway: begin -->", "<!-- gateway: end -->"

PLAIN = Load("plain", connections=32, seconds=4.0, streamed=False)
STREAMS = Load("streams", connections=16, seconds=4.0, streamed=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="the median of so many is kept")
    parser.add_argument("--only", default="", help="hearth, nginx, litellm; all when left out")
    chosen = parser.parse_args()
    compiler = shutil.which("cc")
    if compiler is None:
        print("The benchmark needs a C compiler: install gcc.", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("mock_upstream", "load"):
        subprocess.run([compiler, "-O2", "-o", FOLDER / name, HERE / f"{name}.c"], check=True)
    busy = os.getloadavg()[0]
    results = _measure_all(chosen.rounds, set(filter(None, chosen.only.split(","))))
    table = render(results, rounds=chosen.rounds, busy=busy)
    print(table)
    if not chosen.only:
        _keep(table)
    return 0


def _measure_all(rounds: int, only: set[str]) -> list[Result]:
    """Rounds alternate between the contenders, so that a noisy minute hits all of them."""
    mock = pinned(LOAD_CORE, [str(FOLDER / "mock_upstream"), str(contenders.MOCK_PORT)])
    kept: dict[tuple[str, str], list[Result]] = {}
    with _own_redis() as redis_url, running(mock, {}, FOLDER / "mock.log"):
        for number in range(rounds):
            for contender in _contenders(redis_url, only):
                print(f"round {number + 1}: {contender.name} …", file=sys.stderr)
                for result in measure(
                    contender,
                    [PLAIN, STREAMS],
                    driver=FOLDER / "load",
                    key=contenders.KEY,
                    log=FOLDER / f"{contender.port}.log",
                ):
                    kept.setdefault((result.contender, result.load), []).append(result)
    return [
        sorted(several, key=lambda result: result.cpu_us)[len(several) // 2]
        for several in kept.values()
    ]


def _contenders(redis_url: str, only: set[str]) -> Iterator[Contender]:
    if not only or "hearth" in only:
        yield contenders.hearth(redis_url, FOLDER)
    if not only or "nginx" in only:
        plain = contenders.nginx(FOLDER)
        if plain is not None:
            yield plain
    if not only or "litellm" in only:
        yield contenders.litellm(ROOT / ".uv" / "bin" / "uv", FOLDER)


@contextmanager
def _own_redis() -> Iterator[str]:
    binary = shutil.which("redis-server") or str(ROOT / ".venv" / "bin" / "redis-server")
    socket = FOLDER / "redis.sock"
    command = [binary, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir"]
    with running(pinned(LOAD_CORE, [*command, str(FOLDER)]), {}, FOLDER / "redis.log"):
        deadline = time.monotonic() + 10
        while not socket.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        yield f"unix://{socket}"


def render(results: list[Result], *, rounds: int, busy: float) -> str:
    """The table as Markdown, with what it was measured on and how busy that was before."""
    baseline = next((r for r in results if r.contender.startswith("LiteLLM")), None)
    lines = [
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {_machine()}. Median of {rounds} rounds by "
        "processor time; one process each, pinned to one core, model server and load generator "
        "on the other. Small JSON replies over 32 connections, and streams of 51 events as fast "
        f"as they come over 16. Load average of other work when it began: {busy:.1f}.",
        "",
        "| | requests/s per core | µs CPU per request | × LiteLLM | p50 / p99 ms "
        "| events/s per core | µs CPU per event | memory MiB | failed |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    by_name: dict[str, dict[str, Result]] = {}
    for result in results:
        by_name.setdefault(result.contender, {})[result.load] = result
    for name, loads in by_name.items():
        plain, streams = loads[PLAIN.name], loads[STREAMS.name]
        times = f"{baseline.cpu_us / plain.cpu_us:,.1f}" if baseline else "–"
        lines.append(
            f"| {name} | {plain.requests_per_core_second:,.0f} | {plain.cpu_us:,.0f} | {times} "
            f"| {plain.p50_us / 1000:.1f} / {plain.p99_us / 1000:.1f} "
            f"| {1e6 / streams.cpu_us_per_event:,.0f} | {streams.cpu_us_per_event:,.1f} "
            f"| {max(plain.memory_mib, streams.memory_mib):,.0f} "
            f"| {plain.failed + streams.failed} |"
        )
    return "\n".join(lines)


def _machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor() or platform.machine(),
    )
    return f"{os.cpu_count()} × {model}, Linux {platform.release().partition('-')[0]}"


def _keep(table: str) -> None:
    """Replace the gateway's part of the report and leave the rest as it is."""
    report = REPORT.read_text() if REPORT.exists() else _NEW_REPORT
    before, _, rest = report.partition(BEGIN)
    _, _, after = rest.partition(END)
    REPORT.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")


_NEW_REPORT = f"""# Benchmarks

## Gateway

What one request costs between the client and the model server. `make bench-gateway` measures it
again and replaces this table. The request rate per core follows from the processor time, so other
work on the machine changes the latency columns and little else. nginx only passes bytes on: it
knows no keys, no routes and no usage, and shows where the floor is.

{BEGIN}
{END}
"""

if __name__ == "__main__":
    sys.exit(main())
