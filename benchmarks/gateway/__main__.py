"""`python -m benchmarks.gateway`: measure, print the tables, keep them in docs/benchmarks.md."""

import argparse
import fcntl
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.gateway import contenders
from benchmarks.gateway.contenders import Contender
from benchmarks.gateway.measured import LOAD_CORE, Bench, pinned
from benchmarks.gateway.parts import PARTS, Part
from benchmarks.processes import own_redis, running
from benchmarks.programs import FOLDER, ROOT

HERE = Path(__file__).resolve().parent
REPORT = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- gateway: begin -->", "<!-- gateway: end -->"
COMPARED = ("hearth", "hearth-plain", "nginx", "vllm-router", "litellm")


def main() -> int:
    # Asked to end, it ends what it has started too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    chosen = _arguments()
    compiler = shutil.which("cc")
    if compiler is None:
        print("The benchmark needs a C compiler: install gcc.", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _alone():
        _run(chosen, compiler)
    return 0


@contextmanager
def _alone() -> Iterator[None]:
    """Two at once would share ports, and measure each other."""
    with (FOLDER / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another benchmark runs here; waiting for its end.", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(chosen: argparse.Namespace, compiler: str) -> None:
    for name in ("mock_upstream", "load"):
        subprocess.run([compiler, "-O2", "-o", FOLDER / name, HERE / f"{name}.c"], check=True)
    parts = [part for part in PARTS if not chosen.part or part.name in chosen.part]
    before = pinned(LOAD_CORE, [])
    mock = [*before, str(FOLDER / "mock_upstream"), str(contenders.MOCK_PORT)]
    with (
        own_redis(FOLDER, before=before) as redis_url,
        running(mock, {}, FOLDER / "mock.log") as process,
    ):
        bench = Bench(redis_url, process.pid, quick=chosen.quick)
        for part in parts:
            section = _section(bench, part, chosen.only, chosen.rounds)
            print(section, flush=True)
            if not (chosen.only or chosen.quick):
                _keep(part, section)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="the median of so many is kept")
    parser.add_argument("--part", action="append", choices=[part.name for part in PARTS])
    parser.add_argument("--only", action="append", choices=COMPARED, help="nothing is kept then")
    parser.add_argument("--quick", action="store_true", help="see that it works; nothing is kept")
    return parser.parse_args()


def _section(bench: Bench, part: Part, only: Sequence[str] | None, rounds: int) -> str:
    busy = os.getloadavg()[0]
    table = part.run(bench, _contenders(part, bench.redis_url, only), rounds)
    return (
        f"<!-- {part.name} -->\n{part.about}\n\n{table}\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, {_machine()}, load average before: {busy:.1f}."
    )


def _contenders(part: Part, redis_url: str, only: Sequence[str] | None) -> list[Contender]:
    folder = FOLDER
    full = contenders.hearth_full(redis_url, folder)
    if part.name == "tables":
        return [full, contenders.hearth_many(redis_url, folder)]
    if not part.compares:
        return [full]
    made: dict[str, Callable[[], Contender | None]] = {
        "hearth": lambda: full,
        "hearth-plain": lambda: contenders.hearth_plain(redis_url, folder),
        "nginx": lambda: contenders.nginx(folder),
        "vllm-router": lambda: contenders.vllm_router(folder),
        "litellm": lambda: contenders.litellm(folder),
    }
    found = [made[name]() for name in COMPARED if not only or name in only]
    return [each for each in found if each is not None]


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


def _keep(part: Part, section: str) -> None:
    """Replace this part's section of the report and leave everything else as it is."""
    before, _, rest = REPORT.read_text().partition(BEGIN)
    kept, _, after = rest.partition(END)
    found = re.findall(r"<!-- (\w+) -->\n(.*?)(?=\n*<!-- \w+ -->|\Z)", kept, re.DOTALL)
    sections = {name: f"<!-- {name} -->\n{text.strip()}" for name, text in found}
    sections[part.name] = section
    ordered = [sections[each.name] for each in PARTS if each.name in sections]
    together = "\n\n".join(ordered)
    REPORT.write_text(f"{before}{BEGIN}\n{together}\n{END}{after}")


if __name__ == "__main__":
    sys.exit(main())
