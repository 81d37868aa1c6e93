"""Every read about AI models."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Any

from django.db.models import CharField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast

from apps.accounts.models import Team
from apps.core.errors import NotFound
from apps.core.models import StateChange
from apps.core.permissions import Permission
from apps.core.transitions import why_not
from apps.models.models import AIModel
from apps.models.states.ai_models import AIModelState
from apps.operations.models import Operation
from apps.operations.states import ENDED_STATES, OperationState

FIX_LABELS = {
    "retry_operation": ("Try again", "Goes on where it stopped; what is already here is kept."),
    "fetch_ai_model": ("Fetch it again", "Brings the file anew from where it came."),
    "verify_ai_model": ("Verify the file", "Reads the whole file again and compares its SHA-256."),
    "delete_ai_model": ("Delete", "Removes the model, and its file when nothing else uses it."),
}


def list_ai_models(*, team: Team, state: str | None = None, search: str = "") -> QuerySet[AIModel]:
    """The team's AI models, each with the operation that works on it (`current_operation_id`)."""
    ai_models = (
        AIModel.objects.filter(team=team)
        .prefetch_related("deployments")
        .annotate(current_operation_id=Subquery(_running_operation()))
    )
    if state:
        ai_models = ai_models.filter(state=state)
    if search:
        ai_models = ai_models.filter(
            Q(name__icontains=search) | Q(architecture__icontains=search) | Q(task=search)
        )
    return ai_models


def _running_operation() -> QuerySet[Operation, Any]:
    return (
        Operation.objects.filter(
            subject_type=AIModel.SUBJECT, subject_id=Cast(OuterRef("pk"), CharField())
        )
        .exclude(state__in=ENDED_STATES)
        .order_by("-created_at")
        .annotate(as_text=Cast("pk", CharField()))
        .values("as_text")[:1]
    )


def get_ai_model(*, team: Team, ai_model_id: int) -> AIModel:
    """Raises NotFound."""
    ai_model = list_ai_models(team=team).filter(pk=ai_model_id).first()
    if ai_model is None:
        raise NotFound(f"There is no AI model {ai_model_id} in your team.")
    return ai_model


def find_ai_model(*, team: Team, name: str) -> AIModel | None:
    return AIModel.objects.filter(team=team, name=name).first()


def get_ai_model_of_operation(*, ai_model_id: str) -> AIModel:
    """The AI model an operation works on, whatever its team. Raises NotFound."""
    ai_model = AIModel.objects.select_related("team").filter(pk=int(ai_model_id)).first()
    if ai_model is None:
        raise NotFound("The AI model this operation was for no longer exists.")
    return ai_model


def find_last_operation(*, ai_model: AIModel) -> Operation | None:
    """The newest operation that was asked for on this AI model, ended or not."""
    return (
        Operation.objects.filter(subject_type=AIModel.SUBJECT, subject_id=str(ai_model.pk))
        .order_by("-created_at")
        .first()
    )


def is_blob_used(*, sha256: str, beside: AIModel | None = None) -> bool:
    """Whether any team's AI model needs the stored file, leaving one of them out."""
    users = AIModel.objects.filter(sha256=sha256)
    return (users.exclude(pk=beside.pk) if beside else users).exists()


def list_known_blobs() -> set[str]:
    """The SHA-256 of every file that some AI model needs."""
    return set(AIModel.objects.exclude(sha256="").values_list("sha256", flat=True))


def list_incomplete_ids() -> set[int]:
    """AI models whose partial file may still be wanted."""
    return set(AIModel.objects.exclude(state=AIModelState.READY).values_list("pk", flat=True))


def list_verified_before(*, moment: Any) -> QuerySet[AIModel]:
    """Ready AI models whose file was last read in full before `moment`."""
    return AIModel.objects.filter(state=AIModelState.READY, verified_at__lt=moment)


def list_catalogue_copies(*, team: Team) -> dict[tuple[str, str], AIModel]:
    """The team's AI models that came from the catalogue, by (entry, version)."""
    rows = AIModel.objects.filter(team=team).exclude(catalogue_name="").order_by("-pk")
    return {(row.catalogue_name, row.catalogue_version): row for row in rows}


def why_ai_model(*, ai_model: AIModel, permissions: AbstractSet[Permission]) -> dict[str, Any]:
    """Why the AI model is in its state, from its moves and its last operation."""
    link = f"/models/{ai_model.pk}"
    moves = StateChange.objects.filter(subject=AIModel.SUBJECT, subject_id=str(ai_model.pk))
    operation = find_last_operation(ai_model=ai_model)
    evidence: list[dict[str, Any]] = [
        {
            "at": move.at,
            "text": f"{move.from_state} → {move.to_state}. {move.reason}".strip(),
            "link": link,
        }
        for move in moves.order_by("-id")[:5]
    ]
    if operation is not None:
        evidence.insert(0, _operation_evidence(operation))
    return {
        "cause": ai_model.state_reason or _plain_cause(ai_model),
        "evidence": evidence,
        "next": _next(operation),
        "fixes": list(_fixes(ai_model, operation, permissions)),
    }


def _plain_cause(ai_model: AIModel) -> str:
    return {
        AIModelState.PENDING: "It waits for a worker to fetch it.",
        AIModelState.DOWNLOADING: "Its file is on the way.",
        AIModelState.VERIFYING: "Its file is being read and compared.",
        AIModelState.READY: "Its file is here and its SHA-256 is right.",
    }.get(AIModelState(ai_model.state), f"It is {ai_model.state}.")


def _operation_evidence(operation: Operation) -> dict[str, Any]:
    said = operation.error or operation.progress_text
    return {
        "at": operation.finished_at or operation.started_at or operation.created_at,
        "text": f"The last operation is {operation.state}. {said}".strip(),
        "link": f"/operations/{operation.pk}",
    }


def _next(operation: Operation | None) -> dict[str, Any] | None:
    if operation is None or operation.state in ENDED_STATES:
        return None
    return {"text": f"{operation.progress_text or 'The operation goes on.'}"}


def _fixes(
    ai_model: AIModel, operation: Operation | None, permissions: AbstractSet[Permission]
) -> Iterable[dict[str, Any]]:
    rows: list[tuple[Any, str]] = [
        (ai_model, "fetch_ai_model"),
        (ai_model, "verify_ai_model"),
        (ai_model, "delete_ai_model"),
    ]
    if operation is not None and operation.state in {
        OperationState.FAILED,
        OperationState.CANCELLED,
    }:
        rows.insert(0, (operation, "retry_operation"))
    for row, action in rows:
        label, effect = FIX_LABELS[action]
        reason = why_not(row, action, permissions)
        yield {
            "action": action,
            "label": label,
            "effect": effect,
            "allowed": reason is None,
            "reason": reason,
        }
