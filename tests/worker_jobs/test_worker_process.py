"""With a real worker process and its scheduler: what happens when they are killed."""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from apps.accounts.models import Team, User
from apps.core.redis import get_redis
from apps.models.actions import deployments as actions
from apps.models.models import AIModel, Deployment
from apps.models.states.deployments import DeploymentState
from apps.nodes.models import Node
from tests.factories.deployments import note_free_memory
from tests.waiting import eventually
from tests.worker_jobs.conftest import Stage
from tests.worker_jobs.deployed import complete, fresh, replica_of, request
from worker_jobs.demand import DEMAND_STREAM
from worker_jobs.status import ANSWER_TASK, HEARTBEATS, answer_key

pytestmark = pytest.mark.slow

StartWorker = Callable[..., Any]


@pytest.fixture
def ready(
    team: Team,
    admin: User,
    ai_model: AIModel,
    node: Node,
    stage: Stage,
    start_worker: StartWorker,
) -> tuple[Deployment, Any]:
    """A deployment that a worker process has brought up, and that worker."""
    worker = start_worker(beat=True)
    deployment_id = int(request(team, admin, keep_warm=False, idle_seconds=600).subject_id)
    eventually(lambda: is_ready(deployment_id), within=40)
    return fresh(deployment_id), worker


def is_ready(deployment_id: int) -> bool:
    return fresh(deployment_id).state == DeploymentState.READY


def test_a_replica_serves_on_while_its_worker_is_killed_and_is_known_again(
    ready: tuple[Deployment, Any], stage: Stage, start_worker: StartWorker
) -> None:
    deployment, worker = ready
    server = stage.server_pid(replica_of(deployment).pk)
    worker.kill()
    assert complete(replica_of(deployment)).status_code == 200
    start_worker(beat=True)
    beat_again = float(str(get_redis().hget(HEARTBEATS, "scheduler") or 0))
    eventually(
        lambda: float(str(get_redis().hget(HEARTBEATS, "scheduler") or 0)) > beat_again, within=30
    )
    assert is_ready(deployment.pk)
    assert stage.server_pid(replica_of(deployment).pk) == server
    os.kill(server, signal.SIGKILL)
    eventually(lambda: replica_of(deployment).restarts == 1, within=30)
    eventually(lambda: is_ready(deployment.pk), within=30)


def test_a_request_for_a_sleeping_model_is_heard_at_once(
    ready: tuple[Deployment, Any], stage: Stage, node: Node
) -> None:
    deployment, _ = ready
    Deployment.objects.filter(pk=deployment.pk).update(state=DeploymentState.ASLEEP)
    eventually(lambda: stage.pids() == [], within=30)
    note_free_memory(node, 12 * 10**9)
    asked_at = time.monotonic()
    get_redis().xadd(DEMAND_STREAM, {"deployment_id": str(deployment.pk), "at": str(time.time())})
    eventually(lambda: len(stage.pids()) > 0, within=30, every=0.005)
    heard_after = time.monotonic() - asked_at
    eventually(lambda: is_ready(deployment.pk), within=30, every=0.005)
    assert heard_after < 10
    assert complete(replica_of(deployment)).status_code == 200


def test_a_deployment_killed_with_everything_comes_back_by_itself(
    ready: tuple[Deployment, Any], stage: Stage, start_worker: StartWorker, node: Node
) -> None:
    deployment, worker = ready
    worker.kill()
    for pid in stage.pids():
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: stage.pids() == [])
    start_worker(beat=True)
    eventually(lambda: answers(deployment), within=60)
    assert len(stage.pids()) == 2


def answers(deployment: Deployment) -> bool:
    """The rows go on saying `ready` until somebody looks, so only the server itself counts."""
    replica = replica_of(deployment)
    if not replica.url:
        return False
    try:
        return complete(replica).status_code == 200
    except httpx.TransportError:
        return False


def test_an_operation_of_a_killed_worker_is_finished_by_the_next(
    team: Team,
    admin: User,
    ai_model: AIModel,
    node: Node,
    stage: Stage,
    start_worker: StartWorker,
) -> None:
    worker = start_worker(beat=True, lease_seconds=2)
    operation = request(team, admin)
    eventually(lambda: fresh(int(operation.subject_id)).state == DeploymentState.DEPLOYING)
    worker.kill()
    start_worker(beat=True, lease_seconds=2)
    eventually(lambda: is_ready(int(operation.subject_id)), within=40)
    operation.refresh_from_db()
    eventually(lambda: _ended(operation), within=30)
    assert operation.state == "succeeded"
    assert len(stage.pids()) == 2


def _ended(operation: Any) -> bool:
    operation.refresh_from_db()
    return operation.state not in {"queued", "running"}


def test_the_worker_says_that_it_lives_and_answers(
    stage: Stage, start_worker: StartWorker, transactional_db: None
) -> None:
    from celery import current_app

    start_worker(beat=True)
    eventually(lambda: any(str(key).startswith("worker ") for key in _beats()), within=30)
    eventually(lambda: "scheduler" in _beats(), within=30)
    current_app.send_task(ANSWER_TASK, kwargs={"token": "t"}, queue="default")
    assert eventually(lambda: get_redis().lrange(answer_key("t"), 0, -1), within=30)


def _beats() -> dict[Any, Any]:
    return dict(get_redis().hgetall(HEARTBEATS))


def test_stopping_while_it_starts_leaves_nothing(
    team: Team,
    admin: User,
    ai_model: AIModel,
    node: Node,
    stage: Stage,
    start_worker: StartWorker,
) -> None:
    start_worker(beat=True)
    operation = request(team, admin)
    deployment_id = int(operation.subject_id)
    eventually(lambda: fresh(deployment_id).state == DeploymentState.DEPLOYING, within=30)
    actions.stop_deployment(deployment=fresh(deployment_id), requested_by=admin)
    eventually(lambda: fresh(deployment_id).state == DeploymentState.STOPPED, within=40)
    eventually(lambda: stage.pids() == [], within=30)
