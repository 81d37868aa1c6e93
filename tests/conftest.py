"""What every test may ask for. The parts are real: Postgres, Redis, HTTP, workers."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_django
from django.conf import settings
from django.db import connection, connections
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from apps.accounts.models import Team, User
from apps.core.permissions import Role
from apps.core.redis import get_redis
from apps.operations.models import Operation
from apps.operations.states import OperationState
from tests.factories.accounts import make_team, make_user
from tests.rig.fixtures import machines, shared_rig  # noqa: F401 - fixtures
from tests.waiting import eventually
from worker_jobs.operation_job import perform

ROOT = Path(__file__).resolve().parents[1]

# A busy machine is no failure.
hypothesis_settings.register_profile(
    "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("patient")


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[None]:
    """End what threads and processes left open, so that the database can be dropped."""
    yield
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        connections.close_all()


@pytest.fixture(autouse=True)
def _empty_redis(request: pytest.FixtureRequest) -> None:
    """Every test that touches the database starts with an empty Redis as well."""
    if {"db", "transactional_db"} & set(request.fixturenames):
        get_redis().flushdb()


@pytest.fixture
def team(db: None) -> Team:
    """The team that most rows of a test belong to."""
    return Team.objects.order_by("pk").first() or make_team(name="Ours", slug="ours")


@pytest.fixture
def admin(team: Team) -> User:
    return make_user(team=team, role=Role.ADMIN, username="ada")


@pytest.fixture
def caller_client(team: Team) -> Callable[..., Client]:
    """`caller_client("viewer")` is a browser signed in as somebody with that role in `team`."""

    def signed_in(role: str, *, team: Team = team) -> Client:
        client = Client(headers={"accept": "application/json"})
        client.force_login(make_user(team=team, role=role))
        return client

    return signed_in


@pytest.fixture
def admin_client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def enqueued(db: None) -> Callable[[], list[Operation]]:
    """The operations that wait for a worker, oldest first."""

    def waiting() -> list[Operation]:
        return list(Operation.objects.filter(state=OperationState.QUEUED).order_by("created_at"))

    return waiting


@pytest.fixture
def run_operation(db: None) -> Callable[[Operation], Operation]:
    """Carry out a queued operation here and now, with the real job on the real tables."""

    def run(operation: Operation) -> Operation:
        perform(operation.pk, watched=False)
        operation.refresh_from_db()
        return operation

    return run


class LiveWorker:
    """A Celery worker process beside the test, on the test's own database."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return " ready." in self.log.read_text()

    def stop(self) -> None:
        """As the supervisor does: ask, and wait."""
        self.process.terminate()
        self.process.wait(timeout=60)

    def kill(self) -> None:
        """As the kernel would: at once, without a word."""
        self.process.kill()
        self.process.wait()

    def end_what_it_left(self) -> None:
        """The beat inside a killed worker is a process of its own and goes on."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


@pytest.fixture
def start_worker(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., LiveWorker]]:
    """`start_worker("tests.operations.jobs")` starts a worker that knows these job modules.

    `beat=True` lets it send the periodic jobs as well. Further keywords are settings of
    `controlplane.settings.test`: `lease_seconds=2`.
    """
    started: list[LiveWorker] = []

    def start(
        *includes: str,
        beat: bool = False,
        environment: dict[str, str] | None = None,
        **settings_given: object,
    ) -> LiveWorker:
        number = len(started) + 1
        log = tmp_path / f"worker-{number}.log"
        command = [
            sys.executable, "-m", "celery", "-A", "controlplane", "worker",
            "--pool", "threads", "-c", "4", "-l", "INFO", "-n", f"test-{number}@%h",
            "-Q", "provisioning,deployments,default", "--without-gossip", "--without-mingle",
        ]  # fmt: skip
        if includes:
            command += ["--include", ",".join(includes)]
        if beat:
            command += ["--beat", "--schedule", str(tmp_path / f"beat-{number}")]
        variables = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "controlplane.settings.test",
            "DATABASE_URL": database_url(),
            **(environment or {}),
            **{f"HEARTH_TEST_{name.upper()}": str(value) for name, value in settings_given.items()},
        }
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=variables,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        worker = LiveWorker(process, log)
        started.append(worker)
        eventually(worker.is_ready, within=120)
        return worker

    yield start
    for worker in started:
        worker.kill()
        worker.end_what_it_left()
    connections.close_all()


@pytest.fixture
def live_worker(start_worker: Callable[..., LiveWorker]) -> LiveWorker:
    """A worker that knows the product's own jobs."""
    return start_worker()


def database_url() -> str:
    """The address of the database this test runs on, for a process that it starts."""
    database = settings.DATABASES["default"]
    return (
        f"postgresql://{database['USER']}:{database['PASSWORD']}@/{database['NAME']}"
        f"?host={database['HOST']}"
    )


@pytest.fixture(scope="session")
def web_process(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], str]]:
    """Starts the web process once for all tests; answers its address."""
    started: list[tuple[subprocess.Popen[bytes], str]] = []
    log = tmp_path_factory.mktemp("web") / "web.log"

    def start() -> str:
        if not started:
            port = free_port()
            command = [
                sys.executable, "-m", "uvicorn", "controlplane.asgi:application",
                "--port", str(port), "--log-level", "warning", "--timeout-graceful-shutdown", "1",
                "--no-access-log",
            ]  # fmt: skip
            environment = {
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "controlplane.settings.test",
                "DATABASE_URL": database_url(),
                "HEARTH_URL": f"http://127.0.0.1:{port}",
            }
            with log.open("wb") as output:
                process = subprocess.Popen(
                    command, cwd=ROOT, env=environment, stdout=output, stderr=output
                )
            started.append((process, f"http://127.0.0.1:{port}"))
            eventually(lambda: _answers(process, port, log), within=120, every=0.1)
        return started[0][1]

    yield start
    for process, _ in started:
        process.kill()
        process.wait()


@pytest.fixture
def web(transactional_db: None, web_process: Callable[[], str]) -> str:
    """The address of a real web process on the test's database."""
    return web_process()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(process: subprocess.Popen[bytes], port: int, log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
