"""The periodic look: what should run does, and every other state says why."""

import os
import signal
from collections.abc import Callable
from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from apps.accounts.models import Team, User
from apps.core.models import StateChange
from apps.models.models import AIModel, Deployment, Replica
from apps.models.queries.deployments import (
    list_serving_targets,
)
from apps.models.states.deployments import DeploymentState, ReplicaState
from apps.nodes.models import Node
from tests.waiting import eventually
from tests.worker_jobs.conftest import Stage
from tests.worker_jobs.deployed import (
    complete,
    fresh,
    moves_of,
    reasons_of,
    replica_of,
    request,
)
from worker_jobs.replica_sync import sync_replicas


class TestKeepingItSo:
    """The periodic look at the runtimes."""

    def settled(self, deployment: Deployment) -> bool:
        sync_replicas()
        return fresh(deployment.pk).state == DeploymentState.READY

    def test_looking_twice_changes_nothing(
        self, deploy: Callable[..., Deployment], stage: Stage
    ) -> None:
        deployment = deploy()
        sync_replicas()
        moves, pids = StateChange.objects.count(), stage.pids()
        for _ in range(3):
            sync_replicas()
        assert StateChange.objects.count() == moves
        assert stage.pids() == pids
        assert fresh(deployment.pk).state == DeploymentState.READY

    def test_a_killed_model_server_degrades_it_until_it_answers_again(
        self, deploy: Callable[..., Deployment], stage: Stage
    ) -> None:
        deployment = deploy()
        os.kill(stage.server_pid(replica_of(deployment).pk), signal.SIGKILL)
        eventually(lambda: stage.read(replica_of(deployment).pk)["status"] == "waiting")
        sync_replicas()
        degraded = fresh(deployment.pk)
        assert degraded.state == DeploymentState.DEGRADED
        assert "killed from outside (SIGKILL)" in degraded.state_reason
        (target,) = list_serving_targets()
        assert target.replicas == ()
        eventually(lambda: self.settled(deployment), within=30)
        replica = replica_of(deployment)
        assert replica.restarts == 1
        assert replica.exits[0]["signal"] == "SIGKILL"
        assert complete(replica).status_code == 200

    @pytest.mark.slow
    def test_a_crash_between_two_looks_is_noticed(
        self, deploy: Callable[..., Deployment], stage: Stage
    ) -> None:
        deployment = deploy()
        key = replica_of(deployment).pk
        os.kill(stage.server_pid(key), signal.SIGKILL)
        eventually(lambda: stage.read(key)["restarts"] == 1)
        eventually(lambda: stage.read(key)["status"] == "running")
        eventually(lambda: self.settled(deployment), within=30)
        assert moves_of(deployment)[-2:] == ["degraded", "ready"]
        assert complete(replica_of(deployment)).status_code == 200

    def test_one_of_two_gone_leaves_the_other_answering(
        self, deploy: Callable[..., Deployment], stage: Stage
    ) -> None:
        deployment = deploy(replicas=2)
        os.kill(stage.server_pid(replica_of(deployment, 2).pk), signal.SIGKILL)
        eventually(lambda: stage.read(replica_of(deployment, 2).pk)["status"] == "waiting")
        sync_replicas()
        assert fresh(deployment.pk).state_reason.startswith("1 of 2 replicas answer. Replica 2: ")
        assert complete(replica_of(deployment, 1)).status_code == 200

    @pytest.mark.slow
    def test_after_everything_was_gone_one_look_brings_it_back(
        self, deploy: Callable[..., Deployment], stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("worker_jobs.replica_sync.FOLLOW_SECONDS", 8.0)
        deployment = deploy()
        for pid in stage.pids():
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: stage.pids() == [])
        sync_replicas()
        assert fresh(deployment.pk).state == DeploymentState.READY
        assert complete(replica_of(deployment)).status_code == 200
        assert "degraded" in moves_of(deployment)

    def test_one_that_gives_up_fails_the_deployment(
        self, deploy: Callable[..., Deployment], stage: Stage, settings: Settings
    ) -> None:
        settings.REPLICA_POLICY = {"first_wait": 0.05, "longest_wait": 0.1, "give_up_after": 2}
        deployment = deploy()
        key = replica_of(deployment).pk
        for _ in range(2):
            os.kill(stage.server_pid(key), signal.SIGKILL)
            eventually(lambda: stage.read(key)["status"] != "running")
        eventually(lambda: stage.read(key)["status"] == "failed")
        sync_replicas()
        failed = fresh(deployment.pk)
        assert failed.state == DeploymentState.FAILED
        assert failed.state_reason.startswith("It ended 2 times in")
        assert len(replica_of(deployment).exits) == 2
        sync_replicas()
        eventually(lambda: stage.pids() == [])

    def test_a_stray_model_server_is_ended(
        self, deploy: Callable[..., Deployment], stage: Stage
    ) -> None:
        deployment = deploy()
        Deployment.objects.all().delete()
        sync_replicas()
        assert stage.pids() == []
        assert not (stage.replicas / str(deployment.pk)).exists()

    def test_a_start_that_no_worker_takes_up_fails_at_its_deadline(
        self, team: Team, admin: User, ai_model: AIModel, node: Node
    ) -> None:
        operation = request(team, admin)
        Deployment.objects.update(state_deadline=Deployment.objects.get().created_at)
        sync_replicas()
        failed = fresh(int(operation.subject_id))
        assert failed.state == DeploymentState.FAILED
        assert "stayed pending for too long" in failed.state_reason

    @pytest.mark.slow
    def test_a_model_server_that_never_finishes_loading_is_replaced(
        self, deploy: Callable[..., Deployment], stage: Stage
    ) -> None:
        deployment = deploy(replicas=2)
        second = replica_of(deployment, 2)
        before = stage.server_pid(second.pk)
        os.kill(before, signal.SIGSTOP)
        Replica.objects.filter(pk=second.pk).update(
            state=ReplicaState.STARTING,
            state_since=second.state_since - timedelta(hours=1),
        )
        Deployment.objects.update(state=DeploymentState.DEGRADED)
        sync_replicas()
        assert any("did not load within" in said for said in reasons_of(second))
        assert stage.server_pid(second.pk) != before

    @pytest.mark.slow
    def test_a_hanging_model_server_is_replaced(
        self, deploy: Callable[..., Deployment], stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("worker_jobs.replica_sync.SILENT_SECONDS", 0.0)
        deployment = deploy()
        key = replica_of(deployment).pk
        hanging = stage.server_pid(key)
        os.kill(hanging, signal.SIGSTOP)
        monkeypatch.setattr("worker_jobs.runtimes.probe.LOOK_SECONDS", 0.3)
        sync_replicas()
        assert any("did not answer" in said for said in reasons_of(replica_of(deployment)))
        eventually(lambda: self.settled(deployment), within=30)
        assert stage.server_pid(key) != hanging
