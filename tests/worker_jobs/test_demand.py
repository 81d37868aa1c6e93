"""Sleeping when nobody asks, waking when somebody does."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core.redis import get_redis
from apps.core.secrets import decrypt
from apps.models.actions import replicas as actions
from apps.models.models import Deployment
from apps.models.queries.deployments import list_serving_targets
from apps.models.states.deployments import DeploymentState
from apps.nodes.models import Node
from tests.factories.deployments import TOO_LITTLE, note_free_memory
from tests.waiting import eventually
from tests.worker_jobs.conftest import Stage
from tests.worker_jobs.deployed import (
    complete,
    fresh,
    moves_of,
    replica_of,
)
from worker_jobs import demand
from worker_jobs.replica_sync import ACTIVITY_HASH, sync_replicas
from worker_jobs.runtimes.probe import is_busy

Deploy = Callable[..., Deployment]


@pytest.fixture
def listener(transactional_db: None) -> Iterator[None]:
    stopping = threading.Event()
    thread = threading.Thread(target=demand.listen, args=(stopping,))
    thread.start()
    yield
    stopping.set()
    thread.join()


@pytest.fixture
def asleep(deploy: Deploy, stage: Stage) -> Deployment:
    deployment = deploy(keep_warm=False, idle_seconds=5)
    unused_for(deployment, seconds=60)
    sync_replicas()
    unused_for(deployment, seconds=2)
    sync_replicas()
    assert fresh(deployment.pk).state == DeploymentState.ASLEEP
    return fresh(deployment.pk)


def unused_for(deployment: Deployment, *, seconds: float) -> None:
    Deployment.objects.filter(pk=deployment.pk).update(
        state_since=timezone.now() - timedelta(seconds=seconds)
    )


def ask_for(deployment: Deployment) -> None:
    get_redis().xadd(
        demand.DEMAND_STREAM, {"deployment_id": str(deployment.pk), "at": str(time.time())}
    )


class TestFallingAsleep:
    def test_an_unused_one_gives_its_memory_back(self, asleep: Deployment, stage: Stage) -> None:
        assert stage.pids() == []
        assert "next request loads it" in asleep.state_reason
        (target,) = list_serving_targets()
        assert target.on_demand is True
        assert target.replicas == ()

    def test_one_that_is_used_stays(self, deploy: Deploy, stage: Stage) -> None:
        deployment = deploy(keep_warm=False, idle_seconds=5)
        unused_for(deployment, seconds=60)
        get_redis().hset(ACTIVITY_HASH, str(deployment.pk), str(int(time.time())))
        sync_replicas()
        assert fresh(deployment.pk).state == DeploymentState.READY
        assert fresh(deployment.pk).last_used_at is not None

    def test_one_that_is_kept_warm_stays(self, deploy: Deploy, stage: Stage) -> None:
        deployment = deploy()
        unused_for(deployment, seconds=86_400)
        sync_replicas()
        assert fresh(deployment.pk).state == DeploymentState.READY

    @pytest.mark.slow
    def test_a_request_in_flight_is_finished(self, deploy: Deploy, stage: Stage) -> None:
        deployment = deploy(keep_warm=False, idle_seconds=5, context_length=512)
        replica = replica_of(deployment)
        answers: list[int] = []
        thread = threading.Thread(
            target=lambda: answers.append(
                complete(replica, max_tokens=480, ignore_eos=True).status_code
            )
        )
        thread.start()
        key = decrypt(replica.sealed_key)
        eventually(lambda: is_busy(replica.url, api_key=key), every=0.002)
        actions.fall_asleep(deployment=fresh(deployment.pk))
        unused_for(deployment, seconds=2)
        while thread.is_alive():
            sync_replicas()
        thread.join()
        assert answers == [200]
        eventually(lambda: sync_replicas() or stage.pids() == [])


class TestWaking:
    def test_a_request_wakes_it(self, asleep: Deployment, stage: Stage, listener: None) -> None:
        asked_at = time.monotonic()
        ask_for(asleep)
        eventually(lambda: fresh(asleep.pk).state == DeploymentState.READY, within=30)
        assert time.monotonic() - asked_at < 10
        assert complete(replica_of(asleep)).status_code == 200
        (target,) = list_serving_targets()
        assert len(target.replicas) == 1

    @pytest.mark.slow
    def test_many_requests_wake_it_once(
        self, asleep: Deployment, stage: Stage, listener: None
    ) -> None:
        for _ in range(20):
            ask_for(asleep)
        eventually(lambda: fresh(asleep.pk).state == DeploymentState.READY, within=30)
        assert len(stage.pids()) == 2
        assert moves_of(asleep).count("asleep") == 1
        assert moves_of(asleep)[-2:] == ["deploying", "ready"]

    @pytest.mark.slow
    def test_without_memory_it_stays_asleep_and_says_why(
        self, asleep: Deployment, node: Node, stage: Stage, listener: None
    ) -> None:
        note_free_memory(node, TOO_LITTLE)
        ask_for(asleep)
        eventually(lambda: "Needs" in fresh(asleep.pk).state_reason)
        assert fresh(asleep.pk).state == DeploymentState.ASLEEP

    def test_what_a_dying_worker_began_is_finished_by_the_next_look(
        self, asleep: Deployment, stage: Stage
    ) -> None:
        assert actions.wake(deployment=asleep)

        def is_ready() -> bool:
            sync_replicas()
            return fresh(asleep.pk).state == DeploymentState.READY

        eventually(is_ready, within=30)


def test_one_that_is_to_be_kept_warm_now_is_loaded(asleep: Deployment, stage: Stage) -> None:
    Deployment.objects.filter(pk=asleep.pk).update(keep_warm=True, idle_seconds=None)

    def is_ready() -> bool:
        sync_replicas()
        return fresh(asleep.pk).state == DeploymentState.READY

    eventually(is_ready, within=30)
