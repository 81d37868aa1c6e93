"""Deploying a model whose file is still on its way: the server waits, nobody's browser does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

import worker_jobs.ai_models
import worker_jobs.deployments  # noqa: F401 - registers the jobs
from apps.accounts.models import Team, User
from apps.models.actions import ai_models, deployments
from apps.models.models import AIModel, Deployment
from apps.models.queries.deployments import wanted_deployment
from apps.models.states.deployments import DeploymentState
from apps.nodes.models import Node
from apps.operations.actions import cancel_operation, retry_operation
from apps.operations.models import Operation
from apps.operations.states import OperationState
from tests.conftest import LiveWorker
from tests.factories.deployments import TINY_MODEL
from tests.models.file_server import FileServer, serving
from tests.waiting import eventually
from tests.worker_jobs.conftest import Stage
from tests.worker_jobs.deployed import Run, complete, fresh, moves_of, replica_of
from worker_jobs.replica_sync import sync_replicas

StartWorker = Callable[..., LiveWorker]
HALF = 1_100_000  # more than is read at once, so that it is told


@dataclass(frozen=True)
class Request:
    """The two operations behind one click."""

    fetch: Operation
    deploy: Operation

    def deployment(self) -> Deployment:
        return fresh(int(self.deploy.subject_id))


@pytest.fixture
def server() -> Iterator[FileServer]:
    """A host of the tiny model's file."""
    with serving(TINY_MODEL.read_bytes()) as running:
        yield running


@pytest.fixture
def ask(team: Team, admin: User, node: Node, stage: Stage) -> Callable[[str], Request]:
    """Ask for the file and, at once, for its deployment: as one click in the console does."""

    def asked(url: str) -> Request:
        fetch = ai_models.add_ai_model(
            name="coming", source={"url": url}, team=team, requested_by=admin
        )
        wanted = wanted_deployment(team=team, name="ops", ai_model="coming", context_length=256)
        deploy = deployments.deploy_model(team=team, requested_by=admin, wanted=wanted)
        return Request(fetch, deploy)

    return asked


def now(operation: Operation) -> Operation:
    return Operation.objects.get(pk=operation.pk)


def steps_of(operation: Operation) -> dict[str, str]:
    return dict(operation.steps.order_by("position").values_list("name", "state"))


def waits(deployment: Deployment) -> bool:
    row = fresh(deployment.pk)
    return row.state == DeploymentState.PENDING and " MB of " in row.state_reason


class TestOneAfterTheOther:
    def test_it_waits_without_a_deadline_and_says_for_what(
        self, ask: Callable[[str], Request], server: FileServer
    ) -> None:
        asked = ask(server.url)
        deployment = asked.deployment()
        assert deployment.state == DeploymentState.PENDING
        assert deployment.state_reason == "Waiting for the file of coming."
        assert deployment.state_deadline is None
        assert list(steps_of(asked.deploy)) == ["fetch", "place", "start", "probe", "publish"]

    def test_what_is_here_already_is_not_waited_for(
        self, team: Team, admin: User, ai_model: AIModel, node: Node
    ) -> None:
        wanted = wanted_deployment(team=team, name="ops", ai_model=ai_model.pk)
        operation = deployments.deploy_model(team=team, requested_by=admin, wanted=wanted)
        assert "fetch" not in steps_of(operation)

    def test_it_fails_with_the_reason_of_the_fetch_and_a_retry_goes_on_after_it(
        self,
        ask: Callable[[str], Request],
        server: FileServer,
        admin: User,
        run_operation: Run,
    ) -> None:
        server.statuses = [404]
        asked = ask(server.url)
        fetched = run_operation(asked.fetch)
        assert fetched.state == OperationState.FAILED
        failed = run_operation(asked.deploy)
        assert failed.state == OperationState.FAILED
        assert fetched.error in failed.error
        assert fetched.fix in failed.fix
        assert asked.deployment().state == DeploymentState.FAILED
        assert asked.deployment().state_reason == failed.error

        retry_operation(operation=now(asked.fetch), by=admin)
        assert run_operation(asked.fetch).state == OperationState.SUCCEEDED
        retry_operation(operation=now(asked.deploy), by=admin)
        assert run_operation(asked.deploy).state == OperationState.SUCCEEDED
        assert complete(replica_of(asked.deployment())).status_code == 200

    def test_a_context_it_was_not_trained_for_is_cut_when_the_header_is_known(
        self,
        team: Team,
        admin: User,
        ask: Callable[[str], Request],
        server: FileServer,
        run_operation: Run,
    ) -> None:
        asked = ask(server.url)
        Deployment.objects.update(context_length=1_000_000)
        run_operation(asked.fetch)
        assert run_operation(asked.deploy).state == OperationState.SUCCEEDED
        trained = AIModel.objects.get().context_length
        assert asked.deployment().context_length == trained


@pytest.mark.slow
class TestUnderRealWorkers:
    def test_it_answers_once_the_file_has_come(
        self, ask: Callable[[str], Request], server: FileServer, start_worker: StartWorker
    ) -> None:
        server.pause_after = HALF
        start_worker()
        asked = ask(server.url)
        eventually(lambda: waits(asked.deployment()), within=30)
        eventually(lambda: (now(asked.deploy).progress or 0) > 0)
        sync_replicas()
        assert waits(asked.deployment())
        server.go_on.set()
        eventually(lambda: now(asked.deploy).state == OperationState.SUCCEEDED, within=40)
        assert complete(replica_of(asked.deployment())).status_code == 200
        assert moves_of(asked.deployment()) == ["deploying", "ready"]

    def test_cancelling_it_lets_the_file_come(
        self,
        ask: Callable[[str], Request],
        server: FileServer,
        admin: User,
        start_worker: StartWorker,
    ) -> None:
        server.pause_after = HALF
        start_worker()
        asked = ask(server.url)
        eventually(lambda: waits(asked.deployment()), within=30)
        cancel_operation(operation=now(asked.deploy), by=admin)
        eventually(lambda: now(asked.deploy).state == OperationState.CANCELLED, within=30)
        assert asked.deployment().state == DeploymentState.STOPPED
        server.go_on.set()
        eventually(lambda: now(asked.fetch).state == OperationState.SUCCEEDED, within=30)
        assert asked.deployment().state == DeploymentState.STOPPED

    def test_the_next_worker_waits_on_when_one_is_killed(
        self, ask: Callable[[str], Request], server: FileServer, start_worker: StartWorker
    ) -> None:
        server.pause_after = HALF
        worker = start_worker(beat=True, lease_seconds=2)
        asked = ask(server.url)
        eventually(lambda: waits(asked.deployment()), within=30)
        worker.kill()
        server.pause_after = None
        server.go_on.set()
        start_worker(beat=True, lease_seconds=2)
        eventually(lambda: now(asked.deploy).state == OperationState.SUCCEEDED, within=60)
        assert now(asked.deploy).lost_workers == 1
        assert complete(replica_of(asked.deployment())).status_code == 200
