"""Worker jobs that bring, verify and remove the files of AI models."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.db import connection, transaction
from django.utils import timezone

from apps.core.errors import Conflict
from apps.models import store
from apps.models.actions import ai_models as actions
from apps.models.fit import gigabytes
from apps.models.gguf import GGUFFacts, NotAGGUF, read_gguf
from apps.models.models import AIModel
from apps.models.queries import ai_models as queries
from apps.models.states.ai_models import AIModelState
from apps.operations.models import Operation
from worker_jobs.adapters import downloads, model_files
from worker_jobs.operation_job import OperationFailed, OperationRun, operation_job
from worker_jobs.periodic import periodic

VERIFY_EVERY = timedelta(days=7)
VERIFIED_AT_ONCE = 2
PARTIALS_KEPT = timedelta(days=7)
QUARANTINE_KEPT = timedelta(days=30)
NEW_BLOBS_KEPT = timedelta(hours=1)  # a file just stored may not be in its row yet

DAY = 24 * 3600.0
_MEND = "Fetch it again, and have a look at the disk: a healthy one does not change files."
BLOBS = 7003  # the family of advisory locks; the number means nothing


@operation_job(actions.DOWNLOAD_AI_MODEL)
def download_ai_model(run: OperationRun) -> None:
    ai_model = _subject(run.operation)
    with run.step("download") as step:
        if not step.done:
            actions.mark_downloading(ai_model=ai_model)
            fetched = _fetch(run, ai_model)
            step.result |= {"sha256": fetched.sha256, "promised": fetched.promised_sha256}
            step.detail = gigabytes(fetched.size_bytes)
        found, promised = step.result["sha256"], step.result["promised"]
    _check_and_store(run, ai_model, found, expected=ai_model.expected_sha256 or promised)


@operation_job(actions.IMPORT_AI_MODEL)
def import_ai_model(run: OperationRun) -> None:
    ai_model = _subject(run.operation)
    part = store.partial_path(actions.partial_name(ai_model.pk))
    actions.mark_verifying(ai_model=ai_model)
    with run.step("copy") as step:
        if not step.done:
            if "upload" in ai_model.source:
                step.result["sha256"] = _hash_upload(run, part)
            else:
                source = Path(ai_model.source["path"])
                run.log(f"Copying {source}.")
                step.result["sha256"] = model_files.copy_and_hash(
                    source, part, tick=lambda done, size: _tick(run, done, size)
                )
        found = step.result["sha256"]
    _check_and_store(run, ai_model, found, expected=ai_model.expected_sha256)


@operation_job(actions.VERIFY_AI_MODEL)
def verify_ai_model(run: OperationRun) -> None:
    ai_model = _subject(run.operation)
    with run.step("check") as step:
        if step.done:
            return
        damage = _find_damage(ai_model, tick=lambda done, size: _tick(run, done, size))
        if damage:
            raise OperationFailed(f"{ai_model.name}: {damage}", fix=_MEND)
        actions.note_verified(ai_model=ai_model)
        run.log(f"SHA-256 {ai_model.sha256} is right.")


def find_damage(ai_model: AIModel) -> str:
    """What is wrong with a stored file that is about to be used, in a sentence; "" if it is sound.

    It is only read in full when somebody has written to it since the last time. A damaged file is
    taken out of use for everybody.
    """
    return "" if store.is_sealed(ai_model.sha256) else _find_damage(ai_model, tick=_silent)


@operation_job(actions.DELETE_AI_MODEL)
def delete_ai_model(run: OperationRun) -> None:
    with run.step("delete") as step:
        ai_model = AIModel.objects.filter(pk=int(run.operation.subject_id)).first()
        if step.done or ai_model is None:
            return
        with _turn_for(ai_model.sha256):
            step.detail = _forget(ai_model)
        store.forget_partial(actions.partial_name(int(run.operation.subject_id)))
        run.log(step.detail)


@download_ai_model.on_failure
@import_ai_model.on_failure
def note_failure(operation: Operation, reason: str) -> None:
    ai_model = AIModel.objects.filter(pk=int(operation.subject_id)).first()
    if ai_model is not None and ai_model.state != AIModelState.READY:
        actions.mark_failed(ai_model=ai_model, reason=reason or operation.error)


@download_ai_model.on_cancel
@import_ai_model.on_cancel
def note_cancel(operation: Operation, reason: str) -> None:
    ai_model = AIModel.objects.filter(pk=int(operation.subject_id)).first()
    if ai_model is not None and ai_model.state != AIModelState.READY:
        said = f"{reason or 'It was cancelled.'} What had come is kept for a retry."
        actions.mark_failed(ai_model=ai_model, reason=said)


@periodic(every=DAY)
def verify_old_files() -> None:
    """Read files again that nobody has looked at for a week: disks forget."""
    old = queries.list_verified_before(moment=timezone.now() - VERIFY_EVERY)
    for ai_model in old.order_by("verified_at")[:VERIFIED_AT_ONCE]:
        try:
            actions.verify_ai_model(ai_model=ai_model, requested_by=None)
        except Conflict:
            continue  # something works on it already


@periodic(every=DAY)
def sweep_store() -> None:
    """Remove files that nobody needs: blobs whose row is gone, old partial downloads, old
    damaged files."""
    now = timezone.now().timestamp()
    known = queries.list_known_blobs()
    for sha256, changed_at in store.list_blob_times().items():
        if sha256 not in known and now - changed_at > NEW_BLOBS_KEPT.total_seconds():
            store.delete_blob(sha256)
    wanted = {actions.partial_name(pk) for pk in queries.list_incomplete_ids()}
    for name, written_at in store.list_partials().items():
        if name not in wanted and now - written_at > PARTIALS_KEPT.total_seconds():
            store.forget_partial(name)
    for path, moved_at in store.list_quarantined().items():
        if now - moved_at > QUARANTINE_KEPT.total_seconds():
            path.unlink(missing_ok=True)


@contextmanager
def _turn_for(sha256: str) -> Iterator[None]:
    """Be the only one to put a file into the store or take it out, in one transaction: a file that
    is being added again must not go with the AI model that is being deleted."""
    with transaction.atomic(), connection.cursor() as cursor:
        number = int(sha256[:7] or "0", 16)
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [BLOBS, number])
        yield


def _forget(ai_model: AIModel) -> str:
    """Remove the row and, with its last user, the file; what became of it, in a sentence."""
    sha256 = ai_model.sha256
    try:
        actions.forget_ai_model(ai_model=ai_model)
    except Conflict as error:
        raise OperationFailed(error.message, fix=error.fix) from error
    if not sha256:
        return "It had no file yet."
    if queries.is_blob_used(sha256=sha256):
        return "Another AI model uses the same file, so it stays."
    return f"{gigabytes(store.delete_blob(sha256))} freed."


def _subject(operation: Operation) -> AIModel:
    return queries.get_ai_model_of_operation(ai_model_id=operation.subject_id)


def _fetch(run: OperationRun, ai_model: AIModel) -> downloads.Downloaded:
    url = ai_model.source["url"]
    run.log(f"Downloading {url}")
    watch = downloads.Watch(
        check=run.check,
        wait=run.wait,
        log=run.log,
        progress=lambda progress: run.progress(*_told(progress)),
    )
    try:
        return downloads.download(url=url, name=actions.partial_name(ai_model.pk), watch=watch)
    except downloads.DownloadFailed as problem:
        raise OperationFailed(problem.message, fix=problem.fix) from problem


def _told(progress: downloads.Progress) -> tuple[float | None, str]:
    """(share, "1.2 of 3.0 GB, 45 MB/s, 1 min left")."""
    speed = f"{gigabytes(progress.bytes_per_second)}/s"
    if progress.total is None:
        return None, f"{gigabytes(progress.done)}, {speed}"
    text = f"{gigabytes(progress.done)} of {gigabytes(progress.total)}, {speed}"
    if progress.seconds_left is not None:
        text += f", {_duration(progress.seconds_left)} left"
    return progress.done / max(1, progress.total), text


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _tick(run: OperationRun, done: int, size: int) -> None:
    run.check()
    run.progress(done / max(1, size), f"{gigabytes(done)} of {gigabytes(size)}")


def _hash_upload(run: OperationRun, part: Path) -> str:
    try:
        return model_files.hash_file(part, tick=lambda done, size: _tick(run, done, size))
    except FileNotFoundError:
        raise OperationFailed(
            "The uploaded file is no longer here.", fix="Delete this entry and upload it again."
        ) from None


def _check_and_store(run: OperationRun, ai_model: AIModel, found: str, *, expected: str) -> None:
    """The last two steps, the same for every way a file comes. Safe to run again after a crash
    at any point: the file is either still aside or already in its place."""
    name = actions.partial_name(ai_model.pk)
    actions.mark_verifying(ai_model=ai_model)
    with run.step("check") as step:
        path = _where(name, found)
        facts = _read_header(path, name)
        if expected and expected != found:
            store.forget_partial(name)
            raise OperationFailed(
                f"The file is not the one that was expected: its SHA-256 is {found[:12]}…, "
                f"not {expected[:12]}….",
                fix="It was damaged on the way or changed at its source. Retry fetches it anew; "
                "if it differs again, ask whoever named the checksum.",
            )
        if not step.done:
            step.detail = f"{facts.architecture}, {facts.quantisation}"
            run.log(f"SHA-256 {found}")
            run.log(_described(facts))
    with run.step("store") as step:
        if not step.done:
            path = _where(name, found)
            size = path.stat().st_size
            store.flush(path)
            with _turn_for(found):
                if store.partial_path(name).exists():
                    store.keep_blob(store.partial_path(name), sha256=found)
                actions.mark_ready(ai_model=ai_model, sha256=found, size_bytes=size, facts=facts)
            store.forget_partial(name)


def _where(name: str, sha256: str) -> Path:
    part = store.partial_path(name)
    return part if part.exists() else store.blob_path(sha256)


def _read_header(path: Path, name: str) -> GGUFFacts:
    try:
        return read_gguf(path)
    except NotAGGUF as error:
        store.forget_partial(name)
        raise OperationFailed(
            str(error), fix="Add another file: a complete .gguf model."
        ) from error


def _described(facts: GGUFFacts) -> str:
    context = f", {facts.context_length:,} tokens of context" if facts.context_length else ""
    template = "with" if facts.chat_template else "without"
    return (
        f"{facts.architecture}, {facts.parameter_count:,} parameters, {facts.quantisation}"
        f"{context}, {template} chat template"
    )


def _find_damage(ai_model: AIModel, *, tick: model_files.Tick) -> str:
    sha256, damage = ai_model.sha256, ""
    try:
        if model_files.hash_file(store.blob_path(sha256), tick=tick) != sha256:
            damage = "Its file is no longer what it was: the SHA-256 differs."
    except OSError as error:
        damage = f"Its file cannot be read: {error.strerror}."
    if damage:
        actions.mark_damaged(sha256=sha256, reason=damage)
        store.quarantine_blob(sha256)
    else:
        store.seal_blob(sha256)
    return damage


def _silent(_done: int, _size: int) -> None:
    pass
