"""Every write about deployments that a person asks for."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.core.errors import Conflict
from apps.core.events import publish
from apps.core.transitions import require_state_for, transition
from apps.models.models import AIModel, Deployment
from apps.models.queries.deployments import (
    USUAL_IDLE_SECONDS,
    WantedDeployment,
    check_context,
    wanted_from,
)
from apps.models.queries.placement import preview_deployment
from apps.models.states.ai_models import AIModelState
from apps.models.states.deployments import DeploymentState
from apps.operations.actions import StepSpec, request_operation
from apps.operations.models import Operation

DEPLOY_MODEL = "models.deploy_model"
START_DEPLOYMENT = "models.start_deployment"
RESTART_DEPLOYMENT = "models.restart_deployment"
CHANGE_DEPLOYMENT = "models.change_deployment"
STOP_DEPLOYMENT = "models.stop_deployment"
WAITS_FOR_FILE = "waits_for_file"  # among an operation's params: its first step is `fetch`

PICKED_UP_WITHIN = timedelta(minutes=10)
STOPPED_WITHIN = timedelta(minutes=2)

_FETCH = StepSpec("fetch", "Wait for the model file")
_PLACE = StepSpec("place", "Find a machine with enough memory")
_START = StepSpec("start", "Start the model server")
_PROBE = StepSpec("probe", "Wait for a first answer")
_PUBLISH = StepSpec("publish", "Let requests in")
_STOP = StepSpec("stop", "Stop the model server")
_ROLL = StepSpec("roll", "Replace the replicas one after the other")
_CLOSE = StepSpec("close", "Let no more requests in")
STEPS: Mapping[str, list[StepSpec]] = {
    DEPLOY_MODEL: [_PLACE, _START, _PROBE, _PUBLISH],
    START_DEPLOYMENT: [_PLACE, _START, _PROBE, _PUBLISH],
    RESTART_DEPLOYMENT: [_ROLL, _PUBLISH],
    CHANGE_DEPLOYMENT: [_PLACE, _ROLL, _PUBLISH],
    STOP_DEPLOYMENT: [_CLOSE, _STOP],
}


@transaction.atomic
def deploy_model(
    *, team: Team, requested_by: User | None, wanted: WantedDeployment, force: bool = False
) -> Operation:
    """Record the deployment and ask a worker to start it.

    Raises Conflict when the name is taken or, unless `force`, when the memory does not suffice;
    InvalidTransition when the AI model's file is neither here nor on its way.
    """
    ai_model = AIModel.objects.select_for_update().get(pk=wanted.ai_model.pk)
    require_state_for(ai_model, "deploy_model")
    if Deployment.objects.filter(team=team, name=wanted.name).exists():
        raise Conflict(
            f"There is already a deployment called {wanted.name}.",
            fix="Choose another name, or change the one there is.",
        )
    _require_fit(team, wanted, force=force)
    deployment = Deployment.objects.create(
        team=team,
        name=wanted.name,
        ai_model=wanted.ai_model,
        replica_count=wanted.replica_count,
        runtime=wanted.runtime,
        context_length=wanted.context_length,
        slots=wanted.slots,
        kv_type=wanted.kv_type,
        threads=wanted.threads,
        node_labels=wanted.node_labels,
        keep_warm=wanted.keep_warm,
        idle_seconds=wanted.idle_seconds,
        state_reason=_why_pending(ai_model),
        state_deadline=_pending_deadline(ai_model),
    )
    publish(subject="deployment", subject_id=str(deployment.pk), change="created", team_id=team.pk)
    return _request(DEPLOY_MODEL, deployment, requested_by, {"force": force})


@transaction.atomic
def start_deployment(*, deployment: Deployment, requested_by: User | None) -> Operation:
    """Start what is stopped, asleep or failed. Raises InvalidTransition."""
    require_state_for(deployment, "start_deployment")
    to = (
        DeploymentState.DEPLOYING
        if deployment.state == DeploymentState.ASLEEP
        else DeploymentState.PENDING
    )
    transition(
        deployment,
        to=to,
        reason=_why_pending(deployment.ai_model),
        deadline=_pending_deadline(deployment.ai_model),
    )
    return _request(START_DEPLOYMENT, deployment, requested_by, {})


@transaction.atomic
def restart_deployment(*, deployment: Deployment, requested_by: User | None) -> Operation:
    """Stop and start every replica, one after the other. Raises InvalidTransition."""
    require_state_for(deployment, "restart_deployment")
    transition(
        deployment,
        to=DeploymentState.DEPLOYING,
        reason="It is being restarted.",
        deadline=timezone.now() + PICKED_UP_WITHIN,
    )
    return _request(RESTART_DEPLOYMENT, deployment, requested_by, {})


@transaction.atomic
def stop_deployment(*, deployment: Deployment, requested_by: User | None) -> Operation:
    """Stop every replica and let no more requests in. Raises InvalidTransition."""
    require_state_for(deployment, "stop_deployment")
    transition(
        deployment,
        to=DeploymentState.STOPPING,
        reason="It is being stopped.",
        deadline=timezone.now() + STOPPED_WITHIN,
    )
    return _request(STOP_DEPLOYMENT, deployment, requested_by, {})


@transaction.atomic
def change_deployment(
    *,
    deployment: Deployment,
    requested_by: User | None,
    changes: Mapping[str, Any],
    force: bool = False,
) -> Operation:
    """Save the changes and ask a worker to bring the running replicas in line.

    `changes` are fields of schemas.DeploymentChangesIn. Raises Invalid, InvalidTransition, and
    Conflict when the new shape does not fit and `force` is not given.
    """
    require_state_for(deployment, "change_deployment")
    fields = _columns(deployment, changes)
    check_context(ai_model=deployment.ai_model, context_length=changes.get("context_length"))
    grows = any(fields[name] != getattr(deployment, name) for name in fields.keys() & _SHAPE)
    for name, value in fields.items():
        setattr(deployment, name, value)
    if grows:
        _require_fit(deployment.team, wanted_from(deployment), force=force, replaces=deployment)
    deployment.save(update_fields=[*fields, "updated_at"])
    publish(
        subject="deployment",
        subject_id=str(deployment.pk),
        change="updated",
        team_id=deployment.team_id,
    )
    return _request(CHANGE_DEPLOYMENT, deployment, requested_by, {"force": force, **changes})


@transaction.atomic
def delete_deployment(*, deployment: Deployment) -> None:
    """Forget a deployment that does not run. Raises InvalidTransition.

    Whatever is left of its replicas on a machine is cleared away by the next look at the runtimes.
    """
    locked = Deployment.objects.select_for_update().get(pk=deployment.pk)
    require_state_for(locked, "delete_deployment")
    locked.delete()
    publish(
        subject="deployment",
        subject_id=str(deployment.pk),
        change="deleted",
        team_id=deployment.team_id,
    )


def limit_context(*, deployment: Deployment) -> bool:
    """Once its file says for how many tokens it was trained, ask for no more; whether it did."""
    trained = deployment.ai_model.context_length
    if not trained or deployment.context_length <= trained:
        return False
    deployment.context_length = trained
    deployment.save(update_fields=["context_length", "updated_at"])
    publish(
        subject="deployment",
        subject_id=str(deployment.pk),
        change="updated",
        team_id=deployment.team_id,
    )
    return True


def _is_here(ai_model: AIModel) -> bool:
    return ai_model.state == AIModelState.READY


def _why_pending(ai_model: AIModel) -> str:
    if _is_here(ai_model):
        return "Waiting for a worker to start it."
    return f"Waiting for the file of {ai_model.name}."


def _pending_deadline(ai_model: AIModel) -> datetime | None:
    """A file takes as long as it takes: its own operation ends when nothing comes any more."""
    return timezone.now() + PICKED_UP_WITHIN if _is_here(ai_model) else None


_SHAPE = frozenset({"replica_count", "context_length", "slots", "kv_type", "threads"})


def _columns(deployment: Deployment, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The columns behind the fields of a change request."""
    fields = {
        "replica_count" if name == "replicas" else name: value
        for name, value in changes.items()
        if value is not None or name == "threads"
    }
    keep_warm = fields.get("keep_warm", deployment.keep_warm)
    if keep_warm:
        fields["idle_seconds"] = None
    elif not fields.get("idle_seconds", deployment.idle_seconds):
        fields["idle_seconds"] = USUAL_IDLE_SECONDS
    return fields


def _require_fit(
    team: Team, wanted: WantedDeployment, *, force: bool, replaces: Deployment | None = None
) -> None:
    if force:
        return
    preview = preview_deployment(team=team, wanted=wanted, replaces=replaces)
    if not preview.fits:
        raise Conflict(preview.sentence, fix=preview.fix)


def _request(
    kind: str, deployment: Deployment, requested_by: User | None, params: dict[str, Any]
) -> Operation:
    waits = kind in {DEPLOY_MODEL, START_DEPLOYMENT} and not _is_here(deployment.ai_model)
    return request_operation(
        kind=kind,
        subject_type="deployment",
        subject_id=str(deployment.pk),
        subject_name=deployment.name,
        team=deployment.team,
        requested_by=requested_by,
        params=params | {WAITS_FOR_FILE: True} if waits else params,
        steps=[_FETCH, *STEPS[kind]] if waits else STEPS[kind],
        # Stopping must be possible beside anything else that is under way.
        exclusive=kind != STOP_DEPLOYMENT,
    )
