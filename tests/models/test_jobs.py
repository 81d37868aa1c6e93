"""Adding, verifying and deleting AI models, with the real jobs on real files."""

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.core.errors import Conflict, Invalid, InvalidTransition, NotFound
from apps.models import store
from apps.models.actions import ai_models as actions
from apps.models.models import AIModel
from apps.models.queries import ai_models as queries
from apps.models.states.ai_models import AIModelState
from apps.operations.actions import recover_lost_operation
from apps.operations.models import Operation
from apps.operations.states import OperationState
from tests.factories.accounts import make_team
from tests.factories.ai_models import (
    BUILT_IN_FILE,
    make_ai_model,
    make_ready_ai_model,
    write_gguf,
)
from tests.models.file_server import serving
from worker_jobs.adapters import model_files
from worker_jobs.ai_models import find_damage, sweep_store, verify_old_files
from worker_jobs.operation_job import perform

MB = 1024 * 1024

Run = Callable[[Operation], Operation]


def add(team: Team, **given: object) -> Operation:
    return actions.add_ai_model(**{"name": "", "team": team, "requested_by": None, **given})


def subject(operation: Operation) -> AIModel:
    return queries.get_ai_model_of_operation(ai_model_id=operation.subject_id)


@pytest.mark.django_db
class TestImport:
    def test_a_file_becomes_a_ready_ai_model(self, team: Team, run_operation: Run) -> None:
        operation = run_operation(add(team, name="ops", source={"path": str(BUILT_IN_FILE)}))
        ai_model = subject(operation)
        assert operation.state == OperationState.SUCCEEDED
        assert ai_model.state == AIModelState.READY
        assert (ai_model.architecture, ai_model.quantisation) == ("llama", "Q8_0")
        assert ai_model.has_chat_template
        assert ai_model.task == "chat"
        assert ai_model.verified_at is not None
        blob = store.blob_path(ai_model.sha256)
        assert blob.read_bytes() == BUILT_IN_FILE.read_bytes()
        assert blob.stat().st_mode & 0o222 == 0
        assert not store.list_partials()

    def test_the_name_is_the_files_unless_one_is_given(self, team: Team) -> None:
        operation = add(team, source={"path": "/srv/models/some-model.gguf"})
        assert operation.subject_name == "some-model"

    def test_the_same_file_twice_is_stored_once(self, team: Team, run_operation: Run) -> None:
        first = run_operation(add(team, name="a", source={"path": str(BUILT_IN_FILE)}))
        second = run_operation(add(team, name="b", source={"path": str(BUILT_IN_FILE)}))
        assert subject(first).sha256 == subject(second).sha256
        assert len(store.list_blob_times()) == 1

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "empty"),
            (b"<html>no</html>", "web page"),
            (b"GGUF\x03\0\0\0", "ends in the middle"),
        ],
    )
    def test_what_is_not_a_gguf_is_refused_with_the_reason(
        self, team: Team, run_operation: Run, tmp_path: Path, content: bytes, said: str
    ) -> None:
        (tmp_path / "it.gguf").write_bytes(content)
        operation = run_operation(add(team, source={"path": str(tmp_path / "it.gguf")}))
        assert operation.state == OperationState.FAILED
        assert said in operation.error
        assert operation.fix
        ai_model = subject(operation)
        assert ai_model.state == AIModelState.FAILED
        assert said in ai_model.state_reason
        assert not store.list_blob_times()
        assert not store.list_partials()

    def test_a_truncated_gguf_is_refused(
        self, team: Team, run_operation: Run, tmp_path: Path
    ) -> None:
        whole = BUILT_IN_FILE.read_bytes()
        (tmp_path / "cut.gguf").write_bytes(whole[: len(whole) - 100])
        operation = run_operation(add(team, source={"path": str(tmp_path / "cut.gguf")}))
        assert "not complete" in operation.error

    def test_a_wrong_checksum_is_refused(self, team: Team, run_operation: Run) -> None:
        source = {"path": str(BUILT_IN_FILE), "sha256": "0" * 64}
        operation = run_operation(add(team, source=source))
        assert operation.state == OperationState.FAILED
        assert "not the one that was expected" in operation.error
        assert not store.list_blob_times()

    @pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
    def test_paths_that_are_no_files(
        self, team: Team, run_operation: Run, tmp_path: Path, kind: str
    ) -> None:
        path = tmp_path / "it.gguf"
        if kind == "folder":
            path.mkdir()
        if kind == "pipe":
            os.mkfifo(path)
        operation = run_operation(add(team, source={"path": str(path)}))
        assert operation.state == OperationState.FAILED
        assert str(path) in operation.error
        assert operation.fix

    def test_it_goes_on_after_a_crash_between_storing_and_telling(
        self, team: Team, run_operation: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Crash(BaseException):
            pass

        def crash(**_: object) -> None:
            raise Crash

        operation = add(team, source={"path": str(BUILT_IN_FILE)})
        with monkeypatch.context() as patch:
            patch.setattr(actions, "mark_ready", crash)
            with pytest.raises(Crash):
                run_operation(operation)
        Operation.objects.filter(pk=operation.pk).update(lease_expires_at=timezone.now())
        assert recover_lost_operation(operation_id=operation.pk, retry_safe=True)
        assert run_operation(operation).state == OperationState.SUCCEEDED, operation.error
        assert subject(operation).state == AIModelState.READY


@pytest.mark.django_db
class TestRequests:
    def test_a_name_is_given_once_per_team(self, team: Team) -> None:
        add(team, name="one", source={"path": "/a.gguf"})
        with pytest.raises(Conflict, match="already an AI model called one"):
            add(team, name="one", source={"path": "/b.gguf"})
        add(make_team(), name="one", source={"path": "/a.gguf"})

    @pytest.mark.parametrize(
        "source",
        [
            {"url": "ftp://host/m.gguf"},
            {"url": "not an address"},
            {"url": "https://name:secret@host/m.gguf"},
            {"url": "http://[::1/m.gguf"},
            {"url": "http://host/a b.gguf"},
            {"url": "http://host/\x00.gguf"},
            {"url": f"http://host/{'x' * 3000}.gguf"},
            {"path": "relative.gguf"},
            {"path": "/srv/\x00.gguf"},
        ],
    )
    def test_sources_that_make_no_sense(self, team: Team, source: dict[str, str]) -> None:
        with pytest.raises(Invalid) as refused:
            add(team, source=source)
        assert refused.value.fix
        assert not AIModel.objects.exists()

    def test_names_are_cleaned(self, team: Team) -> None:
        operation = add(team, name=" a\x00b\n" + "c" * 300, source={"path": "/a.gguf"})
        assert subject(operation).name == "ab" + "c" * 198

    def test_an_unknown_catalogue_entry(self, team: Team) -> None:
        with pytest.raises(NotFound, match="no model nothing"):
            add(team, source={"catalogue": "nothing"})
        with pytest.raises(NotFound, match="no version Q99"):
            add(team, source={"catalogue": "opsling", "version": "Q99"})

    def test_a_licence_has_to_be_accepted(self, team: Team, admin: User) -> None:
        source = {"catalogue": "lfm2.5-1.2b-instruct"}
        with pytest.raises(Conflict, match="LFM Open License"):
            add(team, source=source)
        operation = add(team, source=source, accept_licence=True, requested_by=admin)
        ai_model = subject(operation)
        assert ai_model.licence_accepted_by == admin
        assert ai_model.licence_accepted_at is not None
        assert ai_model.source["url"].endswith(
            "/LiquidAI/LFM2.5-1.2B-Instruct-GGUF/resolve/main/LFM2.5-1.2B-Instruct-Q4_K_M.gguf"
        )

    def test_the_built_in_model_is_added_once(self, team: Team, run_operation: Run) -> None:
        first = actions.add_built_in(team=team)
        assert actions.add_built_in(team=team) == first
        operation = run_operation(Operation.objects.get())
        assert subject(operation).state == AIModelState.READY
        assert first.catalogue_name == "opsling"


@pytest.mark.django_db
class TestDownload:
    def test_three_breaks_then_ready(self, team: Team, run_operation: Run, tmp_path: Path) -> None:
        content = write_gguf(tmp_path / "m.gguf", weights_kb=4096).read_bytes()
        with serving(content, breaks=[1 * MB, 1 * MB, 1 * MB]) as server:
            operation = run_operation(
                add(
                    team,
                    source={"url": server.url, "sha256": hashlib.sha256(content).hexdigest()},
                )
            )
        assert operation.state == OperationState.SUCCEEDED, operation.error
        ai_model = subject(operation)
        assert ai_model.state == AIModelState.READY
        assert store.blob_path(ai_model.sha256).read_bytes() == content
        assert len(server.requests) == 4

    def test_a_flipped_bit_on_the_way_is_never_used(
        self, team: Team, run_operation: Run, tmp_path: Path
    ) -> None:
        content = write_gguf(tmp_path / "m.gguf").read_bytes()
        flipped = bytearray(content)
        flipped[-100] ^= 1
        with serving(bytes(flipped)) as server:
            source = {"url": server.url, "sha256": hashlib.sha256(content).hexdigest()}
            operation = run_operation(add(team, source=source))
        assert operation.state == OperationState.FAILED
        assert "SHA-256" in operation.error
        assert subject(operation).state == AIModelState.FAILED
        assert not store.list_blob_times()
        assert not store.list_partials()

    def test_the_checksum_that_the_source_names_counts_as_well(
        self, team: Team, run_operation: Run, tmp_path: Path
    ) -> None:
        content = write_gguf(tmp_path / "m.gguf").read_bytes()
        with serving(content) as far:
            redirect = far.url.replace("model", "blob")
            with serving(b"", redirect_to=redirect, linked_sha256="1" * 64) as near:
                operation = run_operation(add(team, source={"url": near.url}))
        assert "not the one that was expected" in operation.error

    def test_a_missing_file_says_so_and_can_be_fetched_again(
        self, team: Team, admin: User, run_operation: Run
    ) -> None:
        with serving(BUILT_IN_FILE.read_bytes(), statuses=[404]) as server:
            operation = run_operation(add(team, source={"url": server.url}))
            assert "has no such file" in operation.error
            ai_model = subject(operation)
            assert "has no such file" in ai_model.state_reason
            again = actions.fetch_ai_model(ai_model=ai_model, requested_by=admin)
            assert run_operation(again).state == OperationState.SUCCEEDED
        assert subject(again).state == AIModelState.READY


@pytest.mark.django_db
class TestVerify:
    def test_a_sound_file_stays_ready(self, team: Team, run_operation: Run) -> None:
        ai_model = make_ready_ai_model(team=team)
        before = ai_model.verified_at
        operation = run_operation(actions.verify_ai_model(ai_model=ai_model, requested_by=None))
        ai_model.refresh_from_db()
        assert operation.state == OperationState.SUCCEEDED
        assert ai_model.state == AIModelState.READY
        assert ai_model.verified_at > before

    def test_a_flipped_bit_takes_the_file_out_of_use_for_everybody(
        self, team: Team, run_operation: Run
    ) -> None:
        ours, theirs = make_ready_ai_model(team=team), make_ready_ai_model(team=make_team())
        path = store.blob_path(ours.sha256)
        path.chmod(0o644)
        with path.open("r+b") as file:
            file.seek(1_000_000)
            byte = file.read(1)
            file.seek(1_000_000)
            file.write(bytes([byte[0] ^ 0b100]))
        operation = run_operation(actions.verify_ai_model(ai_model=ours, requested_by=None))
        assert operation.state == OperationState.FAILED
        assert "no longer what it was" in operation.error
        for ai_model in (ours, theirs):
            ai_model.refresh_from_db()
            assert ai_model.state == AIModelState.FAILED
            assert "SHA-256 differs" in ai_model.state_reason
        assert not path.exists()
        assert (store.models_dir() / "quarantine" / path.name).exists()

    def test_before_use_a_file_is_read_only_when_somebody_wrote_to_it(
        self, team: Team, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ai_model = make_ready_ai_model(team=team)
        path = store.blob_path(ai_model.sha256)
        with monkeypatch.context() as patch:
            patch.setattr(model_files, "hash_file", lambda *_, **__: pytest.fail("read in full"))
            assert find_damage(ai_model) == ""
        os.utime(path)
        assert find_damage(ai_model) == ""
        assert store.is_sealed(ai_model.sha256)
        path.chmod(0o644)
        with path.open("r+b") as file:
            file.write(b"gguf")
        assert "SHA-256 differs" in find_damage(ai_model)
        assert not path.exists()
        ai_model.refresh_from_db()
        assert ai_model.state == AIModelState.FAILED
        assert "cannot be read" in find_damage(ai_model)

    def test_a_vanished_file_is_noticed(self, team: Team, run_operation: Run) -> None:
        ai_model = make_ready_ai_model(team=team)
        store.blob_path(ai_model.sha256).unlink()
        run_operation(actions.verify_ai_model(ai_model=ai_model, requested_by=None))
        ai_model.refresh_from_db()
        assert ai_model.state == AIModelState.FAILED

    def test_only_a_complete_file_can_be_verified(self, team: Team) -> None:
        with pytest.raises(InvalidTransition):
            actions.verify_ai_model(ai_model=make_ai_model(team=team), requested_by=None)

    def test_old_files_are_read_again_by_themselves(
        self, team: Team, enqueued: Callable[[], list[Operation]]
    ) -> None:
        old, fresh = make_ready_ai_model(team=team), make_ready_ai_model(team=team)
        long_ago = old.verified_at.replace(year=old.verified_at.year - 1)
        AIModel.objects.filter(pk=old.pk).update(verified_at=long_ago)
        verify_old_files()
        assert [operation.subject_id for operation in enqueued()] == [str(old.pk)]
        assert fresh.state == AIModelState.READY


@pytest.mark.django_db
class TestDelete:
    def test_the_file_goes_with_the_last_ai_model(
        self, team: Team, admin: User, run_operation: Run
    ) -> None:
        first, second = make_ready_ai_model(team=team), make_ready_ai_model(team=make_team())
        path = store.blob_path(first.sha256)
        run_operation(actions.delete_ai_model(ai_model=first, requested_by=admin))
        assert path.exists()
        assert not AIModel.objects.filter(pk=first.pk).exists()
        run_operation(actions.delete_ai_model(ai_model=second, requested_by=admin))
        assert not path.exists()

    @pytest.mark.slow
    @pytest.mark.django_db(transaction=True)
    def test_adding_the_same_file_waits_for_the_deletion_to_end(
        self, team: Team, admin: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Otherwise the file would go after the new AI model had found it there."""
        old = make_ready_ai_model(team=team)
        deletion = actions.delete_ai_model(ai_model=old, requested_by=admin)
        addition = add(team, name="again", source={"path": str(BUILT_IN_FILE)})
        reached, original = threading.Event(), store.delete_blob
        waited: list[bool] = []

        def slow_delete(sha256: str) -> int:
            reached.set()
            adding.join(timeout=1)
            waited.append(adding.is_alive())
            return original(sha256)

        def add_again() -> None:
            reached.wait(5)
            perform(addition.pk, watched=False)
            connection.close()

        monkeypatch.setattr(store, "delete_blob", slow_delete)
        adding = threading.Thread(target=add_again)
        adding.start()
        perform(deletion.pk, watched=False)
        adding.join(timeout=10)
        assert waited == [True]
        assert subject(addition).state == AIModelState.READY
        assert store.has_blob(subject(addition).sha256)

    def test_not_while_it_is_on_the_way(self, team: Team, admin: User) -> None:
        ai_model = make_ai_model(team=team)
        actions.mark_downloading(ai_model=ai_model)
        with pytest.raises(InvalidTransition, match="Cancel the operation"):
            actions.delete_ai_model(ai_model=ai_model, requested_by=admin)

    def test_the_sweep_removes_only_what_nobody_needs(self, team: Team) -> None:
        ai_model, waiting = make_ready_ai_model(team=team), make_ai_model(team=team)
        needed = actions.partial_name(waiting.pk)
        for name in (needed, "ai-model-999999"):
            store.partial_path(name).write_bytes(b"GGUF")
            os.utime(store.partial_path(name), (0, 0))
        sweep_store()
        assert store.has_blob(ai_model.sha256)
        assert set(store.list_partials()) == {needed}
