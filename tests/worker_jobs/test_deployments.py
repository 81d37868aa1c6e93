"""Deploying for real: rows, operations, the detached model server, the gateway's table."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from apps.accounts.models import Team, User
from apps.core.errors import Conflict
from apps.core.secrets import decrypt
from apps.models.actions import deployments as actions
from apps.models.models import AIModel, Deployment, MemoryMeasurement, Replica
from apps.models.queries.deployments import (
    list_serving_targets,
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
from tests.worker_jobs.deployed import Run, complete, fresh, log_of, moves_of, replica_of, request
from worker_jobs.replica_sync import sync_replicas
from worker_jobs.runtimes import local


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
