"""Deploying for real: rows, operations, the detached model server, the gateway's table."""

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pytest_django.fixtures import Settings

import worker_jobs.deployments  # noqa: F401 - registers the jobs
from apps.accounts.models import Team, User
from apps.core.errors import Conflict
from apps.core.models import StateChange
from apps.core.secrets import decrypt
from apps.models.actions import deployments as actions
from apps.models.models import AIModel, Deployment, MemoryMeasurement, Replica
from apps.models.queries.deployments import (
    find_deployment,
    list_serving_targets,
    wanted_deployment,
)
from apps.models.states.ai_models import AIModelState
from apps.models.states.deployments import DeploymentState, ReplicaState
from apps.models.store import blob_path, seal_blob
from apps.nodes.models import Node
from apps.operations.actions import cancel_operation, retry_operation
from apps.operations.models import Operation
from apps.operations.states import OperationState
from tests.factories.deployments import TOO_LITTLE, note_free_memory
from tests.waiting import eventually
from tests.worker_jobs.conftest import Stage
from worker_jobs.replica_sync import sync_replicas
from worker_jobs.runtimes import local

Run = Callable[[Operation], Operation]


@pytest.fixture
def deploy(
    team: Team, admin: User, ai_model: AIModel, node: Node, run_operation: Run
) -> Callable[..., Deployment]:
    """Ask for a deployment as a person would, and let the real job carry it out."""

    def deployed(*, expect: str = OperationState.SUCCEEDED, **wanted: Any) -> Deployment:
        operation = request(team, admin, **wanted)
        ended = run_operation(operation)
        assert ended.state == expect, (ended.error, log_of(ended))
        return fresh(int(operation.subject_id))

    return deployed


def request(team: Team, admin: User, *, force: bool = False, **wanted: Any) -> Operation:
    return actions.deploy_model(
        team=team,
        requested_by=admin,
        wanted=wanted_deployment(
            team=team,
            **{"name": "ops", "ai_model": "opsling", "context_length": 256, **wanted},
        ),
        force=force,
    )


def fresh(deployment_id: int) -> Deployment:
    found = find_deployment(deployment_id=deployment_id)
    assert found is not None
    return found


def replica_of(deployment: Deployment, position: int = 1) -> Replica:
    return Replica.objects.get(deployment=deployment, position=position)


def log_of(operation: Operation) -> str:
    return "\n".join(operation.lines.order_by("sequence").values_list("text", flat=True))


def complete(replica: Replica, **body: object) -> httpx.Response:
    return httpx.post(
        f"{replica.url}/v1/completions",
        json={"prompt": "reboot", "max_tokens": 3, **body},
        headers={"Authorization": f"Bearer {decrypt(replica.sealed_key)}"},
        timeout=30,
        trust_env=False,
    )


def moves_of(row: Deployment | Replica) -> list[str]:
    rows = StateChange.objects.filter(subject=row.SUBJECT, subject_id=str(row.pk))
    return list(rows.order_by("pk").values_list("to_state", flat=True))


def reasons_of(row: Deployment | Replica) -> list[str]:
    rows = StateChange.objects.filter(subject=row.SUBJECT, subject_id=str(row.pk))
    return list(rows.values_list("reason", flat=True))


class TestDeploying:
    def test_it_answers_over_its_url(self, deploy: Callable[..., Deployment], stage: Stage) -> None:
        deployment = deploy()
        replica = replica_of(deployment)
        assert (deployment.state, deployment.state_reason) == (DeploymentState.READY, "")
        assert replica.state == ReplicaState.READY
        assert complete(replica).json()["model"] == "ops"
        assert moves_of(deployment) == ["deploying", "ready"]
        assert len(stage.pids()) == 2

    def test_the_gateway_learns_where_it_listens(
        self, deploy: Callable[..., Deployment], stage: Stage
    ) -> None:
        deployment = deploy()
        (target,) = list_serving_targets()
        assert target.deployment_name == "ops"
        assert target.on_demand is False
        assert [each.url for each in target.replicas] == [replica_of(deployment).url]

    def test_its_operation_says_what_the_model_server_wrote(
        self, deploy: Callable[..., Deployment], stage: Stage
    ) -> None:
        deploy()
        operation = Operation.objects.get()
        assert [step.state for step in operation.steps.order_by("position")] == ["succeeded"] * 4
        assert "Fits, " in log_of(operation)
        assert "listening on http://127.0.0.1" in log_of(operation)

    def test_two_replicas_both_answer(
        self, deploy: Callable[..., Deployment], stage: Stage
    ) -> None:
        deployment = deploy(replicas=2)
        urls = {complete(replica_of(deployment, position)).url for position in (1, 2)}
        assert len(urls) == 2
        assert len(stage.pids()) == 4

    def test_what_it_takes_is_measured(
        self, deploy: Callable[..., Deployment], stage: Stage
    ) -> None:
        replica = replica_of(deploy())
        sync_replicas()
        replica.refresh_from_db()
        assert (replica.memory_bytes or 0) > 10_000_000
        assert (replica.measured_peak_bytes or 0) >= (replica.memory_bytes or 0)
        measured = MemoryMeasurement.objects.get()
        assert measured.peak_bytes == replica.measured_peak_bytes
        assert measured.estimated_bytes == replica.estimated_bytes

    def test_a_taken_name_is_refused(
        self, deploy: Callable[..., Deployment], team: Team, admin: User, stage: Stage
    ) -> None:
        deploy()
        with pytest.raises(Conflict, match="already a deployment called ops"):
            request(team, admin)

    def test_what_does_not_fit_is_refused_with_the_sentence(
        self, team: Team, admin: User, ai_model: AIModel, node: Node, stage: Stage
    ) -> None:
        note_free_memory(node, TOO_LITTLE)
        with pytest.raises(Conflict, match=r"Needs .* this node has"):
            request(team, admin)
        assert not Deployment.objects.exists()

    def test_it_does_not_fit_any_more_when_the_worker_comes(
        self, team: Team, admin: User, ai_model: AIModel, node: Node, run_operation: Run
    ) -> None:
        operation = request(team, admin)
        note_free_memory(node, TOO_LITTLE)
        ended = run_operation(operation)
        deployment = fresh(int(operation.subject_id))
        assert ended.state == OperationState.FAILED
        assert "Needs" in ended.error
        assert ended.fix
        assert deployment.state == DeploymentState.FAILED
        assert deployment.state_reason == ended.error

    def test_force_tries_anyway(
        self, deploy: Callable[..., Deployment], node: Node, stage: Stage
    ) -> None:
        note_free_memory(node, TOO_LITTLE)
        assert deploy(force=True).state == DeploymentState.READY

    def test_a_damaged_file_fails_with_the_reason_from_the_log_and_a_retry_mends_it(
        self,
        deploy: Callable[..., Deployment],
        admin: User,
        ai_model: AIModel,
        run_operation: Run,
        stage: Stage,
    ) -> None:
        blob = blob_path(ai_model.sha256)
        whole = blob.read_bytes()
        blob.write_bytes(whole[:900_000])
        seal_blob(ai_model.sha256)  # as when the disk itself loses something: nobody wrote
        deployment = deploy(expect=OperationState.FAILED)
        operation = Operation.objects.get()
        assert deployment.state == DeploymentState.FAILED
        assert "not within the file bounds" in deployment.state_reason
        assert "not within the file bounds" in operation.error
        assert replica_of(deployment).exits[-1]["code"] == 78
        eventually(lambda: stage.pids() == [])
        blob.write_bytes(whole)
        retry_operation(operation=operation, by=admin)
        assert run_operation(operation).state == OperationState.SUCCEEDED
        assert fresh(deployment.pk).state == DeploymentState.READY

    def test_a_file_that_somebody_wrote_to_is_never_loaded(
        self, deploy: Callable[..., Deployment], ai_model: AIModel, stage: Stage
    ) -> None:
        blob = blob_path(ai_model.sha256)
        content = bytearray(blob.read_bytes())
        content[1_000_000] ^= 1
        blob.write_bytes(content)
        deployment = deploy(expect=OperationState.FAILED)
        assert "SHA-256 differs" in deployment.state_reason
        ai_model.refresh_from_db()
        assert ai_model.state == AIModelState.FAILED
        assert not blob.exists()
        assert stage.pids() == []

    def test_a_file_that_is_gone_is_named(
        self, team: Team, admin: User, ai_model: AIModel, node: Node, run_operation: Run
    ) -> None:
        operation = request(team, admin)
        blob_path(ai_model.sha256).unlink()
        ended = run_operation(operation)
        assert ended.error == "The file of opsling is not in the store any more."
        assert fresh(int(operation.subject_id)).state_reason == ended.error

    def test_the_job_may_run_twice(
        self, deploy: Callable[..., Deployment], run_operation: Run, admin: User, stage: Stage
    ) -> None:
        deployment = deploy()
        before = stage.pids()
        restarted = actions.change_deployment(
            deployment=deployment, requested_by=admin, changes={"keep_warm": False}
        )
        assert run_operation(restarted).state == OperationState.SUCCEEDED
        assert stage.pids() == before

    def test_cancelling_leaves_nothing_running(
        self,
        team: Team,
        admin: User,
        ai_model: AIModel,
        node: Node,
        run_operation: Run,
        stage: Stage,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        operation = request(team, admin)
        started = local.start

        def start_then_cancel(spec: Any) -> None:
            started(spec)
            cancel_operation(operation=Operation.objects.get(pk=operation.pk), by=admin)

        monkeypatch.setattr(local, "start", start_then_cancel)
        assert run_operation(operation).state == OperationState.CANCELLED
        assert fresh(int(operation.subject_id)).state == DeploymentState.STOPPED
        assert stage.pids() == []


class TestAfterwards:
    def test_stopping_leaves_no_process_and_no_route(
        self, deploy: Callable[..., Deployment], admin: User, run_operation: Run, stage: Stage
    ) -> None:
        deployment = deploy()
        operation = actions.stop_deployment(deployment=deployment, requested_by=admin)
        assert run_operation(operation).state == OperationState.SUCCEEDED
        assert fresh(deployment.pk).state == DeploymentState.STOPPED
        assert stage.pids() == []
        assert list_serving_targets() == []

    def test_what_was_stopped_starts_again(
        self, deploy: Callable[..., Deployment], admin: User, run_operation: Run, stage: Stage
    ) -> None:
        deployment = deploy()
        run_operation(actions.stop_deployment(deployment=deployment, requested_by=admin))
        started = actions.start_deployment(deployment=fresh(deployment.pk), requested_by=admin)
        assert run_operation(started).state == OperationState.SUCCEEDED
        assert complete(replica_of(deployment)).status_code == 200

    def test_restarting_replaces_the_model_server(
        self, deploy: Callable[..., Deployment], admin: User, run_operation: Run, stage: Stage
    ) -> None:
        deployment = deploy()
        before = stage.server_pid(replica_of(deployment).pk)
        operation = actions.restart_deployment(deployment=deployment, requested_by=admin)
        assert run_operation(operation).state == OperationState.SUCCEEDED
        assert stage.server_pid(replica_of(deployment).pk) != before
        assert fresh(deployment.pk).state == DeploymentState.READY

    def test_a_new_shape_replaces_the_model_server(
        self, deploy: Callable[..., Deployment], admin: User, run_operation: Run, stage: Stage
    ) -> None:
        deployment = deploy()
        operation = actions.change_deployment(
            deployment=deployment, requested_by=admin, changes={"slots": 3}
        )
        assert run_operation(operation).state == OperationState.SUCCEEDED
        slots = httpx.get(
            f"{replica_of(deployment).url}/slots",
            headers={"Authorization": f"Bearer {decrypt(replica_of(deployment).sealed_key)}"},
            trust_env=False,
        )
        assert len(slots.json()) == 3

    def test_more_and_fewer_replicas(
        self, deploy: Callable[..., Deployment], admin: User, run_operation: Run, stage: Stage
    ) -> None:
        deployment = deploy()
        for count in (2, 1):
            operation = actions.change_deployment(
                deployment=fresh(deployment.pk), requested_by=admin, changes={"replicas": count}
            )
            ended = run_operation(operation)
            assert ended.state == OperationState.SUCCEEDED, ended.error
            assert fresh(deployment.pk).state == DeploymentState.READY
            assert Replica.objects.filter(state=ReplicaState.READY).count() == count
            assert len(stage.pids()) == 2 * count

    def test_deleting_clears_everything_away(
        self, deploy: Callable[..., Deployment], admin: User, run_operation: Run, stage: Stage
    ) -> None:
        deployment = deploy()
        run_operation(actions.stop_deployment(deployment=deployment, requested_by=admin))
        actions.delete_deployment(deployment=fresh(deployment.pk))
        sync_replicas()
        assert local.observe() == []


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


def test_an_embedding_model_is_deployed_and_asked_for_an_embedding(
    deploy: Callable[..., Deployment], ai_model: AIModel, stage: Stage
) -> None:
    AIModel.objects.update(task="embedding")
    replica = replica_of(deploy())
    answer = httpx.post(
        f"{replica.url}/v1/embeddings",
        json={"input": ["one", "two"]},
        headers={"Authorization": f"Bearer {decrypt(replica.sealed_key)}"},
        timeout=30,
        trust_env=False,
    ).json()
    assert len(answer["data"]) == 2
    assert all(isinstance(number, float) for number in answer["data"][0]["embedding"])
