"""Every write about AI models."""

from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.events import publish
from apps.core.transitions import require_state_for, transition
from apps.models import store
from apps.models.actions.sources import checked_url
from apps.models.catalogue import Entry, find_entry, source_url
from apps.models.catalogue.entries import Version
from apps.models.catalogue.loader import bundled_path, licence_of
from apps.models.gguf import GGUFFacts
from apps.models.models import AIModel
from apps.models.queries import ai_models as queries
from apps.models.states.ai_models import AIModelState
from apps.operations.actions import StepSpec, request_operation
from apps.operations.models import Operation

DOWNLOAD_AI_MODEL = "models.download_ai_model"
IMPORT_AI_MODEL = "models.import_ai_model"
VERIFY_AI_MODEL = "models.verify_ai_model"
DELETE_AI_MODEL = "models.delete_ai_model"
BUILT_IN = "opsling"

_CHECK = StepSpec("check", "Read the header and compare the SHA-256")
_STORE = StepSpec("store", "Put the file into the store")
_STEPS = {
    DOWNLOAD_AI_MODEL: [StepSpec("download", "Download the file"), _CHECK, _STORE],
    IMPORT_AI_MODEL: [StepSpec("copy", "Copy the file"), _CHECK, _STORE],
}


def add_ai_model(
    *,
    name: str,
    source: dict[str, Any],
    team: Team,
    requested_by: User | None,
    accept_licence: bool = False,
) -> Operation:
    """Add an AI model by path, URL or catalogue entry; the operation brings its file.

    Raises Invalid for a source that makes no sense, NotFound for an unknown catalogue entry,
    Conflict for a name that is taken or a licence that nobody has accepted.
    """
    if source.get("catalogue"):
        return _add_from_catalogue(
            name=name,
            source=source,
            team=team,
            requested_by=requested_by,
            accept_licence=accept_licence,
        )
    expected = (source.get("sha256") or "").lower()
    if source.get("url"):
        url = checked_url(source["url"])
        return _add(
            kind=DOWNLOAD_AI_MODEL,
            name=name or _stem(unquote(urlsplit(url).path)),
            source={"url": url},
            expected_sha256=expected,
            team=team,
            requested_by=requested_by,
        )
    path = str(source.get("path") or "")
    if not path.startswith("/") or not path.isprintable():
        raise Invalid(
            f"“{path}” is not the full path of a file.",
            fix="Give it from the root on, like /srv/models/name.gguf.",
        )
    return _add(
        kind=IMPORT_AI_MODEL,
        name=name or _stem(path),
        source={"path": path},
        expected_sha256=expected,
        team=team,
        requested_by=requested_by,
    )


def add_built_in(*, team: Team) -> AIModel:
    """The tiny model that comes with Hearth, added to the team's list unless it is there."""
    known = queries.find_ai_model(team=team, name=BUILT_IN)
    if known is not None:
        return known
    operation = add_ai_model(
        name=BUILT_IN, source={"catalogue": BUILT_IN}, team=team, requested_by=None
    )
    return queries.get_ai_model_of_operation(ai_model_id=operation.subject_id)


def upload_ai_model(
    *, name: str, upload: "UploadedFile[Any] | None", team: Team, requested_by: User
) -> Operation:
    """Add an AI model from a file that was sent. Raises Invalid without one."""
    if upload is None:
        raise Invalid(
            "No file was sent.", fix="Send it as the multipart field “file”, beside “name”."
        )
    file_name = upload.name or "upload.gguf"
    with transaction.atomic():
        operation = _add(
            kind=IMPORT_AI_MODEL,
            name=name or _stem(file_name),
            source={"upload": file_name},
            expected_sha256="",
            team=team,
            requested_by=requested_by,
        )
        store.adopt_upload(upload, name=partial_name(int(operation.subject_id)))
    return operation


def _add_from_catalogue(
    *,
    name: str,
    source: dict[str, Any],
    team: Team,
    requested_by: User | None,
    accept_licence: bool,
) -> Operation:
    entry, version = _pick(source["catalogue"], source.get("version"))
    licence = licence_of(entry)
    if licence.accept and not accept_licence:
        raise Conflict(
            f"{entry.title} comes under the {licence.name}, which nobody has accepted yet.",
            fix=f"Read it at {licence.url} and send accept_licence: true.",
        )
    place: dict[str, Any] = (
        {"path": str(bundled_path(entry, version))}
        if entry.built_in
        else {"url": source_url(entry, version, source=settings.MODEL_SOURCE_URL)}
    )
    return _add(
        kind=IMPORT_AI_MODEL if entry.built_in else DOWNLOAD_AI_MODEL,
        name=name or _catalogue_label(entry, version),
        source=place,
        expected_sha256=version.sha256,
        team=team,
        requested_by=requested_by,
        task=entry.task,
        catalogue_name=entry.name,
        catalogue_version=version.name,
        licence=licence.name,
        licence_accepted_by=requested_by if licence.accept else None,
        licence_accepted_at=timezone.now() if licence.accept else None,
    )


def _pick(name: str, version_name: str | None) -> tuple[Entry, Version]:
    entry = find_entry(name)
    if entry is None:
        raise NotFound(f"The catalogue has no model {name}.", fix="See /api/catalogue.")
    version = entry.version(version_name)
    if version is None:
        names = ", ".join(each.name for each in entry.versions)
        raise NotFound(
            f"{entry.title} has no version {version_name}.", fix=f"Take one of: {names}."
        )
    return entry, version


def _catalogue_label(entry: Entry, version: Version) -> str:
    return entry.name if version.recommended else f"{entry.name}-{version.name.lower()}"


def _add(
    *,
    kind: str,
    name: str,
    source: dict[str, Any],
    expected_sha256: str,
    team: Team,
    requested_by: User | None,
    **columns: Any,
) -> Operation:
    name = _clean(name)
    try:
        with transaction.atomic():
            ai_model = AIModel.objects.create(
                team=team,
                name=name,
                source=source,
                expected_sha256=expected_sha256,
                **columns,
            )
            publish(
                subject=AIModel.SUBJECT,
                subject_id=str(ai_model.pk),
                change="created",
                team_id=team.pk,
            )
            return _request(kind, ai_model, requested_by=requested_by, steps=_STEPS[kind])
    except IntegrityError:
        raise Conflict(
            f"There is already an AI model called {name}.",
            fix="Choose another name, or delete that one first.",
        ) from None


def _request(
    kind: str, ai_model: AIModel, *, requested_by: User | None, steps: list[StepSpec]
) -> Operation:
    return request_operation(
        kind=kind,
        subject_type=AIModel.SUBJECT,
        subject_id=str(ai_model.pk),
        subject_name=ai_model.name,
        team=ai_model.team,
        requested_by=requested_by,
        steps=steps,
        exclusive=True,
    )


@transaction.atomic
def verify_ai_model(*, ai_model: AIModel, requested_by: User | None) -> Operation:
    """Read the whole file again. Raises InvalidTransition without a complete file.

    The AI model stays ready meanwhile: it was verified before, and reading takes a while.
    """
    require_state_for(ai_model, "verify_ai_model")
    steps = [StepSpec("check", "Read the file and compare its SHA-256")]
    return _request(VERIFY_AI_MODEL, ai_model, requested_by=requested_by, steps=steps)


@transaction.atomic
def fetch_ai_model(*, ai_model: AIModel, requested_by: User) -> Operation:
    """Bring the file again from where it came. Raises InvalidTransition unless it has failed,
    Conflict for an upload, which only its sender can repeat."""
    require_state_for(ai_model, "fetch_ai_model")
    if "upload" in ai_model.source:
        raise Conflict(
            f"{ai_model.name} was uploaded, so Hearth cannot fetch it.",
            fix="Delete it and upload the file again.",
        )
    kind = DOWNLOAD_AI_MODEL if "url" in ai_model.source else IMPORT_AI_MODEL
    return _request(kind, ai_model, requested_by=requested_by, steps=_STEPS[kind])


@transaction.atomic
def delete_ai_model(*, ai_model: AIModel, requested_by: User) -> Operation:
    """Remove the AI model, and its file when nothing else uses it.

    Raises Conflict while deployments use it, InvalidTransition while its file is on the way.
    """
    require_state_for(ai_model, "delete_ai_model")
    refuse_when_deployed(ai_model)
    steps = [StepSpec("delete", "Remove it from the list and from the store")]
    return _request(DELETE_AI_MODEL, ai_model, requested_by=requested_by, steps=steps)


def refuse_when_deployed(ai_model: AIModel) -> None:
    """Raises Conflict while deployments use the AI model."""
    names = list(ai_model.deployments.values_list("name", flat=True)[:5])
    if names:
        raise Conflict(
            f"{ai_model.name} is used by {', '.join(names)}.",
            fix="Delete these deployments first.",
        )


# --- what the worker jobs report ----------------------------------------------------------------


def mark_downloading(*, ai_model: AIModel) -> None:
    """Its file is on the way; also after a failure, and again after a lost worker."""
    if ai_model.state != AIModelState.DOWNLOADING:
        transition(ai_model, to=AIModelState.DOWNLOADING, reason="Its file is on the way.")


def mark_verifying(*, ai_model: AIModel) -> None:
    if ai_model.state != AIModelState.VERIFYING:
        transition(ai_model, to=AIModelState.VERIFYING, reason="Its file is being checked.")


def mark_ready(*, ai_model: AIModel, sha256: str, size_bytes: int, facts: GGUFFacts) -> None:
    """The verified file is in the store. `facts` come from its header."""
    transition(
        ai_model,
        to=AIModelState.READY,
        reason="Its file is here and verified.",
        changes={
            "sha256": sha256,
            "size_bytes": size_bytes,
            "architecture": facts.architecture,
            "parameter_count": facts.parameter_count,
            "quantisation": facts.quantisation,
            "context_length": facts.context_length,
            "has_chat_template": bool(facts.chat_template),
            "task": _task(ai_model, facts),
            "gguf": facts.to_dict(),
            "verified_at": timezone.now(),
        },
    )


def note_verified(*, ai_model: AIModel) -> None:
    """The stored file was read again and is what it was."""
    ai_model.verified_at = timezone.now()
    ai_model.save(update_fields=["verified_at", "updated_at"])
    publish(
        subject=AIModel.SUBJECT,
        subject_id=str(ai_model.pk),
        change="updated",
        team_id=ai_model.team_id,
    )


def mark_failed(*, ai_model: AIModel, reason: str) -> None:
    """Its file is not here or not right. Nothing when that is known already."""
    if ai_model.state != AIModelState.FAILED:
        transition(ai_model, to=AIModelState.FAILED, reason=reason)


@transaction.atomic
def mark_damaged(*, sha256: str, reason: str) -> list[AIModel]:
    """Every team's AI model that used a file which is no longer what it was has failed."""
    damaged = list(AIModel.objects.filter(sha256=sha256, state=AIModelState.READY))
    for ai_model in damaged:
        transition(ai_model, to=AIModelState.FAILED, reason=reason)
    return damaged


@transaction.atomic
def forget_ai_model(*, ai_model: AIModel) -> None:
    """Remove the row. Raises Conflict when a deployment came to use it meanwhile."""
    locked = AIModel.objects.select_for_update().get(pk=ai_model.pk)
    refuse_when_deployed(locked)
    publish(
        subject=AIModel.SUBJECT,
        subject_id=str(ai_model.pk),
        change="deleted",
        team_id=ai_model.team_id,
    )
    locked.delete()


def partial_name(ai_model_id: int) -> str:
    """What the store calls the half-finished file of an AI model."""
    return f"ai-model-{ai_model_id}"


def _task(ai_model: AIModel, facts: GGUFFacts) -> str:
    if facts.embeddings or ai_model.task == "embedding":
        return "embedding"
    return "chat" if facts.chat_template else "completion"


def _stem(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2].removesuffix(".gguf")


def _clean(name: str) -> str:
    """The name without what cannot be shown, as long as the column is wide."""
    return "".join(letter for letter in name if letter.isprintable()).strip()[:200] or "model"
