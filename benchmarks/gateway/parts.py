"""The measurements, one function each; every one returns its table as Markdown."""

import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from benchmarks import programs
from benchmarks.gateway import contenders
from benchmarks.gateway.contenders import KEY, MODEL, Contender
from benchmarks.gateway.measured import Bench, Load, Result, drive, measure, started
from benchmarks.processes import cpu_seconds, memory_mib, running, wait_until_answering
from benchmarks.programs import FOLDER

PLAIN = Load("plain", seconds=4, connections=32)
STREAMS = Load("streams", seconds=4, connections=16, stream=True)
PACED = Load("paced requests", seconds=20, connections=16, rate=100)
PACED_STREAMS = Load(
    "paced streams", seconds=15, connections=200, stream=True, tokens=100_000, pace_us=50_000
)
ABANDONED = Load(
    "abandoned", seconds=300, connections=50, requests=10_000, stream=True, tokens=100_000,
    abandon=True,
)  # fmt: skip

_SEGMENTS, _SEGMENT_REQUESTS, _WARMING_REQUESTS = 10, 100_000, 200_000


@dataclass(frozen=True)
class Part:
    """`about` stands above its table in the report."""

    name: str
    about: str
    run: Callable[[Bench, Sequence[Contender], int], str]
    compares: bool = True  # all contenders, not Hearth alone


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _middle(results: list[Result]) -> Result:
    """The median by processor time."""
    return sorted(results, key=lambda result: result.cpu_seconds / max(1, result.requests))[
        len(results) // 2
    ]


# -- speed


def speed(bench: Bench, several: Sequence[Contender], rounds: int) -> str:
    """Rounds alternate between the contenders, so that a noisy minute hits all of them."""
    kept: dict[str, dict[str, list[Result]]] = {}
    for number in range(rounds):
        for contender in several:
            _say(f"speed, round {number + 1}: {contender.name}")
            with started(bench, contender) as pid:
                for load in (PLAIN, STREAMS):
                    load = replace(load, seconds=bench.seconds(load.seconds))  # noqa: PLW2901
                    result = measure(bench, contender, load, pid)
                    kept.setdefault(contender.name, {}).setdefault(load.name, []).append(result)
    rows = {
        name: (_middle(loads["plain"]), _middle(loads["streams"])) for name, loads in kept.items()
    }
    return "\n".join(_speed_lines(rows))


def _speed_lines(rows: dict[str, tuple[Result, Result]]) -> Iterator[str]:
    yield (
        "| | requests/s per core | µs CPU per request | µs in Redis | × LiteLLM | × vLLM router "
        "| p50 / p99 ms | events/s per core | µs CPU per event | memory MiB | failed |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for name, (plain, streams) in rows.items():
        yield (
            f"| {name} | {plain.per_core_second:,.0f} | {plain.cpu_us:,.0f} "
            f"| {_in_redis(name, plain)} | {_times(rows, 'LiteLLM', plain)} "
            f"| {_times(rows, 'vLLM', plain)} | {plain.p50_ms:.1f} / {plain.p99_ms:.1f} "
            f"| {1e6 / streams.cpu_us_per_event:,.0f} | {streams.cpu_us_per_event:,.1f} "
            f"| {max(plain.memory_mib, streams.memory_mib):,.0f} "
            f"| {plain.failed + streams.failed} |"
        )


def _in_redis(name: str, result: Result) -> str:
    return f"{result.redis_us:,.0f}" if name.startswith("Hearth") else "–"


def _times(rows: dict[str, tuple[Result, Result]], word: str, result: Result) -> str:
    baseline = next((plain for name, (plain, _) in rows.items() if name.startswith(word)), None)
    if baseline is None:
        return "–"
    ratio = baseline.cpu_us / result.cpu_us
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.2f}"


# -- latency at a pace


def paced(bench: Bench, several: Sequence[Contender], _: int) -> str:
    lines = [
        "| | requests: p50 / p99 ms | added p50 / p99 ms | events: p50 / p99 ms "
        "| added p50 / p99 ms | events of those due | failed |",
        "|---|---|---|---|---|---|---|",
    ]
    base: tuple[Result, Result] | None = None
    for contender in [contenders.direct(), *several]:
        _say(f"paced: {contender.name}")
        with started(bench, contender) as pid:
            requests, events = (
                measure(bench, contender, replace(load, seconds=bench.seconds(load.seconds)), pid)
                for load in (PACED, PACED_STREAMS)
            )
        base = base or (requests, events)
        due = events.seconds * PACED_STREAMS.connections * 1e6 / PACED_STREAMS.pace_us
        lines.append(
            f"| {contender.name} | {_pair(requests)} | {_pair(requests, base[0])} "
            f"| {_pair(events)} | {_pair(events, base[1])} | {min(1, events.samples / due):.0%} "
            f"| {requests.failed + events.failed} |"
        )
    return "\n".join(lines)


def _pair(result: Result, base: Result | None = None) -> str:
    p50, p99 = (base.p50_ms, base.p99_ms) if base else (0.0, 0.0)
    if base is result or not result.samples:
        return "–"
    return f"{max(0.0, result.p50_ms - p50):,.2f} / {max(0.0, result.p99_ms - p99):,.2f}"


# -- memory


def memory(bench: Bench, several: Sequence[Contender], _: int) -> str:
    lines = [
        "| | warm | after 1,000,000 requests | growth | after 10,000 abandoned streams "
        "| growth | failed |",
        "|---|---|---|---|---|---|---|",
    ]
    for contender in several:
        with started(bench, contender) as pid:
            count, warming = bench.count(_SEGMENT_REQUESTS), bench.count(_WARMING_REQUESTS)
            warm = Load("warm", seconds=300, requests=warming)
            sizes, failed = [measure(bench, contender, warm, pid).memory_mib], 0
            for number in range(_SEGMENTS):
                load = Load("many", seconds=300, requests=count)
                result = measure(bench, contender, load, pid)
                sizes.append(result.memory_mib)
                failed += result.failed
                _say(f"memory: {(number + 1) * count:,} requests, {sizes[-1]:.1f} MiB")
            left = replace(ABANDONED, requests=bench.count(ABANDONED.requests))
            measure(bench, contender, left, pid)
            drive(contender.port, Load("after", seconds=2.0, connections=8))
            after = memory_mib(pid)
        lines.append(
            f"| {contender.name} | {sizes[0]:.1f} MiB | {sizes[-1]:.1f} MiB "
            f"| {sizes[-1] / sizes[0] - 1:+.1%} | {after:.1f} MiB | {after / sizes[-1] - 1:+.1%} "
            f"| {failed} |"
        )
    return "\n".join(lines)


# -- the size of the table


def tables(bench: Bench, several: Sequence[Contender], rounds: int) -> str:
    few, many = several
    usual = replace(PLAIN, seconds=bench.seconds(PLAIN.seconds))
    each_another = replace(usual, keys=contenders.MANY_KEYS, models=contenders.MANY_ROUTES)
    rows = (
        ("one key and two routes", few, usual),
        (f"{many.name}, one of each in use", many, usual),
        (f"{many.name}, another one for each request", many, each_another),
    )
    kept: dict[str, list[Result]] = {}
    for number in range(rounds):
        for name, contender, load in rows:
            _say(f"tables, round {number + 1}: {name}")
            with started(bench, contender) as pid:
                kept.setdefault(name, []).append(measure(bench, contender, load, pid))
    lines = [
        "| | µs CPU per request | µs in Redis | memory MiB | failed |",
        "|---|---|---|---|---|",
    ]
    for name, results in kept.items():
        result = _middle(results)
        lines.append(
            f"| {name} | {result.cpu_us:,.0f} | {result.redis_us:,.0f} "
            f"| {result.memory_mib:,.0f} | {result.failed} |"
        )
    return "\n".join(lines)


# -- two processes


@dataclass(frozen=True)
class Shared:
    """What `processes` gateways on one port did while everything ran wherever there was room."""

    requests: int
    seconds: float
    gateway_seconds: float
    other_seconds: float  # load driver, model server and Redis
    failed: int

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def cpu_us(self) -> float:
        return self.gateway_seconds * 1e6 / self.requests

    def alone_per_second(self) -> float:
        """What the gateways would do if the time that others took of the cores were theirs."""
        cores = len(os.sched_getaffinity(0))
        busy = (self.gateway_seconds + self.other_seconds) / (cores * self.seconds)
        return min(1.0, busy) * cores * 1e6 / self.cpu_us


def processes(bench: Bench, several: Sequence[Contender], rounds: int) -> str:
    [contender] = several
    kept: dict[int, list[Shared]] = {1: [], 2: []}
    for number in range(rounds):
        for count, runs in kept.items():
            _say(f"processes, round {number + 1}: {count}")
            runs.append(_together(bench, contender, count))
    one, two = (sorted(runs, key=lambda run: run.cpu_us)[len(runs) // 2] for runs in kept.values())
    share = two.alone_per_second() / (1e6 / one.cpu_us)
    lines = [
        "| | requests/s measured | µs CPU per request | µs of load driver, model server and Redis "
        "| requests/s without those | × one | failed |",
        "|---|---|---|---|---|---|---|",
        _shared_line("one process", one, 1e6 / one.cpu_us, 1.0),
        _shared_line("two processes", two, two.alone_per_second(), share),
        "",
        f"By processor time alone two processes do {2 * one.cpu_us / two.cpu_us:.2f} × one.",
    ]
    return "\n".join(lines)


def _shared_line(name: str, run: Shared, alone: float, times: float) -> str:
    return (
        f"| {name} | {run.per_second:,.0f} | {run.cpu_us:,.0f} "
        f"| {run.other_seconds * 1e6 / run.requests:,.0f} | {alone:,.0f} | {times:.2f} "
        f"| {run.failed} |"
    )


def _together(bench: Bench, contender: Contender, count: int) -> Shared:
    bench.forget_usage()
    contender.prepare()
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", contender.port)))
        listening.listen(1024)
        pids = []
        for number in range(count):
            program = programs.hearth(
                contender.port, bench.redis_url, FOLDER, listening=listening.fileno()
            )
            log = FOLDER / f"{contender.short}-{number}.log"
            process = stack.enter_context(
                running(program.command, program.environment, log, inherits=program.inherits)
            )
            pids.append(process.pid)
        wait_until_answering(contender.port, KEY, model=MODEL, seconds=program.start_seconds)
        drive(contender.port, Load("warm", seconds=2.0, connections=64), core=None)
        before = [sum(map(cpu_seconds, pids)), cpu_seconds(bench.mock_pid) + bench.redis_seconds()]
        load = Load("plain", seconds=bench.seconds(6.0), connections=64)
        said = drive(contender.port, load, core=None)
        after = [sum(map(cpu_seconds, pids)), cpu_seconds(bench.mock_pid) + bench.redis_seconds()]
    return Shared(
        requests=int(said["requests"]),
        seconds=said["seconds"],
        gateway_seconds=after[0] - before[0],
        other_seconds=after[1] - before[1] + said["cpu_seconds"],
        failed=int(said["refused"] + said["broken"]),
    )


PARTS = (
    Part(
        "speed",
        "Small JSON replies over 32 connections, and streams of 51 events as fast as they come "
        "over 16. One process each, pinned to one core; model server, Redis and load driver on "
        "another. Requests per core follow from the processor time, so other work on the machine "
        "changes the latency columns and little else. Everything on: five limits on each of key, "
        "user and team, reserved and settled in Redis; an allow-list and an address list; a route "
        "with two weighted targets, prefix affinity and fallbacks; usage.",
        speed,
    ),
    Part(
        "paced",
        "100 requests a second, each timed from the moment it was due; and 200 streams with an "
        "event every 50 ms that carries the time it was sent. Added: more than without a gateway.",
        paced,
    ),
    Part(
        "memory",
        "Proportional set size of one process, everything on; warm is after 200,000 requests.",
        memory,
        compares=False,
    ),
    Part(
        "tables",
        "Everything on, with few keys and routes and with many. Where each request comes with "
        "another key, its limits are other ones too, and fewer of them are counted together.",
        tables,
        compares=False,
    ),
    Part(
        "processes",
        "One port, everything on, 64 connections; nothing is pinned. The load driver, the model "
        "server and Redis share the machine's cores with the gateways, so two processes cannot "
        "double what is measured: the last columns give the gateways the time that those took.",
        processes,
        compares=False,
    ),
)
