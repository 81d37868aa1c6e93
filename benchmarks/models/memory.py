"""How far the memory estimate is from a real model server.

    python -m benchmarks.models.memory [--full] [--report]

Every model is started with the local runtime's own server at several shapes, every slot reads a
prompt of several batches at the same time (with --full: until it is full), and the peak of resident
memory is set against the estimate. llama.cpp touches the whole cache when it makes it, so a longer
prompt adds only the mask of the attention.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from apps.models.fit import MemoryEstimate, Shape, estimate_memory
from apps.models.gguf import read_gguf
from benchmarks.models.random_models import BUILT_IN, Figures, write_random_model
from benchmarks.report import replace_section

SERVER = Path(__file__).resolve().parents[2] / "worker_jobs" / "runtimes" / "llama_server.py"
KEY = "for-this-run-only"
START_SECONDS = 120
FILL_SECONDS = 600
USUAL_PROMPT = 1100  # tokens: more than two batches

MODELS = {
    "76M q8_0": Figures(),
    "76M q4_0": Figures(quant="q4_0"),
    "76M f16": Figures(quant="f16"),
    "181M q8_0": Figures(width=1024, layers=16, heads=16, heads_kv=8, feed_forward=2816),
    "vocabulary 65k": Figures(vocabulary=65_536),
    "vocabulary 152k": Figures(width=512, layers=4, heads=8, vocabulary=151_936),
    "lfm2 hybrid": Figures(
        width=1024, layers=16, heads=16, heads_kv=8, feed_forward=4608, conv_layers=10,
        vocabulary=65_536, quant="q4_0",
    ),
    "full heads": Figures(heads_kv=12),
}  # fmt: skip
SHAPES = [Shape(512), Shape(2048, 2), Shape(8192), Shape(4096, 2, "q8_0")]


@dataclass(frozen=True)
class Measured:
    """Bytes. `anonymous` is the part that is not the mapped file."""

    peak: int
    anonymous: int
    mapped: int


def measure(model: Path, shape: Shape, *, prompt: int = USUAL_PROMPT) -> Measured:
    """The peak of a server of its own while every slot reads a prompt of so many tokens."""
    with tempfile.TemporaryDirectory() as folder, _server(model, shape, Path(folder)) as (pid, url):
        tokens = min(prompt, shape.context_length - 16)
        with ThreadPoolExecutor(shape.slots) as pool:
            list(pool.map(lambda slot: _fill(url, tokens, slot), range(shape.slots)))
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        )
    return Measured(
        *(int(status[name].split()[0]) * 1024 for name in ("VmHWM", "RssAnon", "RssFile"))
    )


def error_of(estimate: MemoryEstimate, measured: Measured) -> float:
    """How far the estimate is above (+) or below (-) the truth, as a share of it."""
    return (estimate.total - measured.peak) / measured.peak


@contextmanager
def _server(model: Path, shape: Shape, folder: Path) -> Iterator[tuple[int, str]]:
    spec = {
        "server": {
            "model_path": str(model), "alias": "m", "api_key": KEY, "slots": shape.slots,
            "context_length": shape.context_length, "kv_type": shape.kv_type, "threads": 2,
            "embedding": False,
        }
    }  # fmt: skip
    (folder / "spec.json").write_text(json.dumps(spec))
    reader, writer = os.pipe()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(SERVER), str(folder / "spec.json")],
            pass_fds=[writer],
            env={**os.environ, "HEARTH_READY_FD": str(writer), "GOMP_SPINCOUNT": "0"},
            stdout=log,
            stderr=log,
        )
    os.close(writer)
    try:
        port = os.read(reader, 16).decode()
        if not port:
            raise RuntimeError((folder / "log").read_text()[-2000:])
        yield process.pid, f"http://127.0.0.1:{port}"
    finally:
        os.close(reader)
        process.send_signal(signal.SIGKILL)
        process.wait(START_SECONDS)


def _fill(url: str, tokens: int, slot: int) -> None:
    """Send one slot a prompt that no other slot shares."""
    body = {
        "prompt": [3 + (7 * number + 131 * slot) % 900 for number in range(tokens)],
        "n_predict": 8,
        "id_slot": slot,
        "ignore_eos": True,
    }
    request = urllib.request.Request(
        f"{url}/completion",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"},
    )
    with urllib.request.urlopen(request, timeout=FILL_SECONDS) as response:
        response.read()


@dataclass(frozen=True)
class Row:
    """One run of one model at one shape."""

    model: str
    estimate: MemoryEstimate
    measured: Measured

    @property
    def error(self) -> float:
        return error_of(self.estimate, self.measured)

    @property
    def cells(self) -> list[str]:
        shape, estimate = self.estimate.shape, self.estimate
        parts = (estimate.weights, estimate.kv, estimate.compute, estimate.total)
        amounts = [f"{amount / 1e6:.0f}" for amount in (*parts, self.measured.peak)]
        asked = f"{shape.context_length} × {shape.slots}, {shape.kv_type}"
        return [self.model, asked, *amounts, f"{self.error:+.0%}"]


def run(files: dict[str, Path], *, prompt: int) -> Iterator[Row]:
    """Every model at every shape that it was trained for."""
    for name, path in files.items():
        facts = read_gguf(path)
        for shape in SHAPES:
            if shape.context_length <= (facts.context_length or 0):
                measured = measure(path, shape, prompt=prompt)
                yield Row(name, estimate_memory(facts, shape), measured)


def summary(rows: list[Row]) -> str:
    errors = [row.error for row in rows]
    mean = sum(map(abs, errors)) / len(errors)
    return (
        f"{len(errors)} runs: mean error {mean:.1%}, from {min(errors):+.0%} to {max(errors):+.0%}."
    )


def write_report(rows: list[Row]) -> None:
    """Replace the table in docs/benchmarks.md."""
    head = [
        "model",
        "tokens × slots, cache",
        "weights",
        "cache",
        "working",
        "estimate",
        "peak",
        "error",
    ]
    table = [head, ["---"] * len(head), *(row.cells for row in rows)]
    lines = "\n".join(f"| {' | '.join(cells)} |" for cells in table)
    replace_section("memory", f"{summary(rows)}\n\n{lines}")


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # the server ends with us
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="fill every slot: takes far longer")
    parser.add_argument("--models", type=Path, default=Path(tempfile.gettempdir()) / "hearth-bench")
    parser.add_argument("--report", action="store_true", help="replace the table in the docs")
    given = parser.parse_args()
    given.models.mkdir(exist_ok=True)
    files = {"opsling": BUILT_IN}
    for name, figures in MODELS.items():
        path = given.models / f"{name.replace(' ', '-')}.gguf"
        files[name] = path if path.exists() else write_random_model(path, figures)
    rows = []
    for row in run(files, prompt=sys.maxsize if given.full else USUAL_PROMPT):
        rows.append(row)
        print("  ".join(f"{cell:<16}" for cell in row.cells), flush=True)
    print(summary(rows))
    if given.report:
        write_report(rows)


if __name__ == "__main__":
    main()
