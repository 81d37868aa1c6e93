"""Downloads under real workers: killed in the middle, cancelled in the middle."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from pytest_django.fixtures import Settings

from apps.accounts.models import Team, User
from apps.models import store
from apps.models.actions import ai_models as actions
from apps.models.models import AIModel
from apps.models.states.ai_models import AIModelState
from apps.operations.actions import cancel_operation, retry_operation
from apps.operations.models import Operation
from apps.operations.states import OperationState
from tests.conftest import LiveWorker
from tests.factories.ai_models import write_gguf
from tests.models.file_server import serving
from tests.waiting import eventually

MB = 1024 * 1024
HALF = 2 * MB

StartWorker = Callable[..., LiveWorker]


@pytest.fixture
def models_dir(settings: Settings) -> Path:
    """The store that a worker process of its own uses as well."""
    settings.MODELS_DIR = django_settings.VAR_DIR / "models"
    return settings.MODELS_DIR


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    return write_gguf(tmp_path / "m.gguf", weights_kb=4096, seed=42).read_bytes()


def download(team: Team, url: str) -> Operation:
    return actions.add_ai_model(name="under-way", source={"url": url}, team=team, requested_by=None)


def now(operation: Operation) -> Operation:
    return Operation.objects.get(pk=operation.pk)


def kept(operation: Operation) -> int:
    path = store.partial_path(actions.partial_name(int(operation.subject_id)))
    return path.stat().st_size if path.exists() else 0


@pytest.mark.slow
class TestKilledWorker:
    def test_the_next_worker_goes_on_where_it_stopped(
        self, team: Team, content: bytes, start_worker: StartWorker
    ) -> None:
        with serving(content, pause_after=HALF) as server:
            worker = start_worker(beat=True, lease_seconds=2)
            operation = download(team, server.url)
            eventually(lambda: kept(operation) >= HALF, within=30)
            worker.kill()
            server.pause_after = None
            server.go_on.set()
            start_worker(beat=True, lease_seconds=2)
            eventually(lambda: now(operation).state == OperationState.SUCCEEDED, within=40)
        ai_model = AIModel.objects.get(pk=operation.subject_id)
        assert ai_model.state == AIModelState.READY
        assert ai_model.sha256 == hashlib.sha256(content).hexdigest()
        assert server.requests[-1]["Range"] == f"bytes={HALF}-"
        assert now(operation).lost_workers == 1


@pytest.mark.slow
class TestCancel:
    def test_it_stops_keeps_what_came_and_can_be_retried(
        self, team: Team, admin: User, content: bytes, start_worker: StartWorker
    ) -> None:
        with serving(content, breaks=[HALF, 0, 0, 0, 0, 0]) as server:
            start_worker(lease_seconds=4)
            operation = download(team, server.url)
            eventually(lambda: kept(operation) >= HALF, within=30)
            cancel_operation(operation=now(operation), by=admin)
            eventually(lambda: now(operation).state == OperationState.CANCELLED, within=30)
            ai_model = AIModel.objects.get(pk=operation.subject_id)
            assert ai_model.state == AIModelState.FAILED
            assert "kept for a retry" in ai_model.state_reason
            assert kept(operation) >= HALF
            server.breaks.clear()
            retry_operation(operation=now(operation), by=admin)
            eventually(lambda: now(operation).state == OperationState.SUCCEEDED, within=30)
        ai_model.refresh_from_db()
        assert ai_model.state == AIModelState.READY
