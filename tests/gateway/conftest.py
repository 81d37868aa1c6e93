import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import certifi
import openai
import pytest

from apps.gateway.dataplane import snapshot
from tests.conftest import ROOT, database_url
from tests.gateway.engine import running_engine
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import SECRET, House, OwnRedis, Served, Speaking, config, serving
from tests.gateway.scripted_upstream import ScriptedUpstream
from tests.gateway.sleepy import deployment


@pytest.fixture(scope="session")
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that holds the first of all certificate authorities."""
    end = "-----END CERTIFICATE-----"
    first, _, _ = Path(certifi.where()).read_text().partition(end)
    path = tmp_path_factory.mktemp("authority") / "one.pem"
    path.write_text(f"{first}{end}\n")
    return path


@pytest.fixture(autouse=True)
def _trust_little(monkeypatch: pytest.MonkeyPatch, one_authority: Path) -> None:
    """Nothing here speaks TLS, and to read every authority costs each client 20 ms of CPU."""
    monkeypatch.setenv("SSL_CERT_FILE", str(one_authority))


@pytest.fixture(scope="session")
def only_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    server = OwnRedis(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()


@pytest.fixture
def own_redis(only_redis: OwnRedis) -> OwnRedis:
    """Empty and running; a test may do to it what it likes."""
    only_redis.renew()
    return only_redis


@pytest.fixture
def house(own_redis: OwnRedis) -> House:
    return House(own_redis)


@pytest.fixture
def sleepy(house: House) -> House:
    """A house whose only model is asleep."""
    house.deployments = [deployment()]
    target = snapshot.TargetEntry(deployment_id=5)
    house.routes = [snapshot.RouteEntry(name="sleepy", team_id=1, targets=[target])]
    return house


@pytest.fixture
def upstream() -> Iterator[FaultyUpstream]:
    with FaultyUpstream() as server:
        yield server


@pytest.fixture
def scripted() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as server:
        yield server


@pytest.fixture(scope="session")
def model_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the bundled model behind the bundled server."""
    with running_engine(tmp_path_factory.mktemp("replica")) as address:
        yield address


@pytest.fixture
def start_gateway(house: House, tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Publishes the house as it stands and starts a gateway; settings may be changed by name."""
    with ExitStack() as stack:

        def start(**changes: Any) -> Served:
            house.publish()
            return stack.enter_context(serving(config(house.redis.url, tmp_path, **changes)))

        yield start


@pytest.fixture
def gateway(house: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]) -> Served:
    """One model called `tiny` behind one gateway."""
    house.serve("tiny", upstream.url)
    return start_gateway()


@pytest.fixture
def client(gateway: Served) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=gateway.url, api_key=SECRET, max_retries=0, timeout=30) as client:
        yield client


@pytest.fixture
def speaking(
    house: House, scripted: ScriptedUpstream, start_gateway: Callable[..., Served]
) -> Speaking:
    """Starts a gateway with one model called `tiny`, whose server speaks what is given."""

    def start(speaks: list[snapshot.Spoken]) -> Served:
        house.serve("tiny", scripted.url, speaks=speaks)
        return start_gateway()

    return start


@pytest.fixture
def over_chat(speaking: Speaking) -> Served:
    return speaking(["chat"])


@pytest.fixture
def start_writer(
    transactional_db: None, tmp_path: Path
) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a usage writer in a process of its own; further keywords go into its environment."""
    started: list[subprocess.Popen[bytes]] = []

    def start(**environment: str) -> subprocess.Popen[bytes]:
        variables = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "controlplane.settings.test",
            "DATABASE_URL": database_url(),
            **environment,
        }
        with (tmp_path / f"writer-{len(started)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.gateway.writer_process"],
                cwd=ROOT,
                env=variables,
                stdout=log,
                stderr=log,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
