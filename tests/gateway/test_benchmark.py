"""The benchmark's C programs count right, and its tables of keys and routes are ones we accept."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.gateway.dataplane import keys, snapshot
from apps.gateway.dataplane.route_table import RouteTable
from apps.gateway.dataplane.table_reading import build_table
from benchmarks.gateway import contenders
from benchmarks.gateway.measured import Load
from benchmarks.processes import free_ports, running
from tests.waiting import eventually

SOURCES = Path(contenders.__file__).parent

Drive = Callable[[Load], dict[str, float]]


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drive]:
    """Loads the mock model server itself, and says what the load driver said."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    folder = tmp_path_factory.mktemp("benchmark")
    for name in ("mock_upstream", "load"):
        subprocess.run([compiler, "-o", folder / name, SOURCES / f"{name}.c"], check=True)
    port = str(free_ports(1)[0])

    def run(load: Load) -> dict[str, float]:
        command = [str(folder / "load"), port, *load.arguments()]
        done = subprocess.run(command, capture_output=True, check=True, timeout=60)
        said: dict[str, float] = json.loads(done.stdout)
        assert said["refused"] == said["broken"] == 0
        return said

    def answers() -> bool:
        command = [str(folder / "load"), port, "requests=1", "connections=1"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    with running([str(folder / "mock_upstream"), port], {}, folder / "mock.log"):
        eventually(answers, within=10)
        yield run


class TestLoad:
    def test_so_many_requests(self, drive: Drive) -> None:
        said = drive(Load("many", seconds=30, requests=500, connections=4))

        assert 500 <= said["requests"] <= 504
        assert said["samples"] == said["requests"]

    def test_events_of_streams(self, drive: Drive) -> None:
        said = drive(Load("streams", seconds=30, requests=20, connections=2, stream=True, tokens=7))

        # Seven events, one with usage, and the end.
        assert said["events"] >= said["requests"] * 9

    def test_a_rate_that_is_kept(self, drive: Drive) -> None:
        said = drive(Load("paced", seconds=30, requests=50, rate=200, connections=4))

        assert said["seconds"] > 0.2
        assert said["samples"] == said["requests"]
        assert 50 <= said["requests"] <= 54  # those that end together all count

    def test_events_that_say_when_they_were_sent(self, drive: Drive) -> None:
        load = Load("paced", seconds=1, connections=4, stream=True, tokens=10_000, pace_us=10_000)

        said = drive(load)

        assert 0 < said["events"] == said["samples"] < 4 * 1000  # none comes before its time
        assert said["p50_us"] < 1_000_000

    def test_streams_that_are_left(self, drive: Drive) -> None:
        load = Load("left", seconds=30, requests=30, connections=3, stream=True, abandon=True)

        assert 30 <= drive(load)["abandoned"] <= 33


class TestDocuments:
    @staticmethod
    def table(document: snapshot.Snapshot) -> RouteTable:
        whole = snapshot.decode(snapshot.encode(document))
        return build_table(whole, decrypt=lambda sealed: sealed, before=RouteTable())

    def test_every_limit_on_every_level(self) -> None:
        table = self.table(contenders.full_document())

        caller = table.keys[keys.digest(contenders.KEY)]
        assert len(caller.holders) == 3

    def test_many(self) -> None:
        table = self.table(contenders.many_document())

        last = keys.digest(f"{contenders.KEY}{contenders.MANY_KEYS - 1:08d}")
        route = table.get_for(table.keys[last], f"mock-{contenders.MANY_ROUTES - 1}")
        assert len(route.targets) == 2
