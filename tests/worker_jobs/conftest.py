"""Real model servers in a folder of the test's own."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from apps.accounts.models import Team, User
from apps.models.models import AIModel, Deployment
from apps.nodes.models import Node
from apps.operations.states import OperationState
from tests.factories.deployments import (
    TINY_MODEL,
    make_local_node,
    make_served_ai_model,
)
from tests.waiting import eventually
from tests.worker_jobs.deployed import Run, fresh, log_of, request
from tests.worker_jobs.replica import KEY
from worker_jobs.replicas import is_anything_aside
from worker_jobs.runtimes import local
from worker_jobs.runtimes.protocol import ReplicaSpec
from worker_jobs.runtimes.replica_runner import start_ticks


class Stage:
    """Where a test's replicas live, and what their processes are."""

    def __init__(self, folder: Path) -> None:
        self.replicas = folder / "replicas"

    def read(self, replica_id: object, name: str = "state.json") -> dict[str, object]:
        return dict(json.loads((self.replicas / str(replica_id) / name).read_text()))

    def runner_pid(self, replica_id: object) -> int:
        return int(str(self.read(replica_id, "runner.json")["pid"]))

    def server_pid(self, replica_id: object) -> int:
        """The living model server's process."""

        def living() -> int | None:
            pid = self.read(replica_id)["server_pid"]
            return pid if isinstance(pid, int) and start_ticks(pid) else None

        return int(eventually(living) or 0)

    def pids(self) -> list[int]:
        """Every process that was started for a replica and still lives."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(self.replicas).encode() in path.read_bytes():
                    found.append(int(path.parent.name))
            except OSError:
                continue  # it ended in this moment
        return [pid for pid in found if start_ticks(pid)]


@pytest.fixture
def stage(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """An empty place for replicas; what a test leaves running there is ended."""
    settings.REPLICAS_DIR = tmp_path / "replicas"
    settings.MODELS_DIR = tmp_path / "models"
    settings.REPLICA_POLICY = {"first_wait": 0.5, "longest_wait": 1.0, "grace": 2.0}
    # A test looks once and sees what one look does.
    monkeypatch.setattr("worker_jobs.replica_sync.FOLLOW_SECONDS", 0.0)
    monkeypatch.setenv("HEARTH_VAR", str(tmp_path))  # for workers that a test starts
    stage = Stage(tmp_path)
    yield stage
    eventually(lambda: not is_anything_aside(), within=30)
    for seen in local.observe():
        local.stop(seen.replica_id, grace_seconds=1.0)
    for pid in stage.pids():
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def spec(stage: Stage) -> ReplicaSpec:
    return ReplicaSpec(
        replica_id="7",
        name="ops",
        model_path=str(TINY_MODEL),
        context_length=256,
        slots=2,
        kv_type="f16",
        embedding=False,
        api_key=KEY,
    )


@pytest.fixture
def node(transactional_db: None, team: Team) -> Node:
    return make_local_node(team=team)


@pytest.fixture
def ai_model(transactional_db: None, stage: Stage, team: Team) -> AIModel:
    return make_served_ai_model(team=team)


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
