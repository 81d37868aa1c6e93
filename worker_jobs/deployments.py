"""Carrying out what people ask of deployments."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone

from apps.core.errors import InvalidTransition
from apps.models.actions import deployments as requests
from apps.models.actions import replicas as actions
from apps.models.fit import gigabytes
from apps.models.models import Deployment, Replica
from apps.models.queries.deployments import find_deployment, wanted_from
from apps.models.queries.placement import preview_deployment
from apps.models.states.deployments import DeploymentState, ReplicaState
from apps.models.store import has_blob
from apps.operations.models import Operation
from worker_jobs.awaited_files import await_file
from worker_jobs.locks import deployment_lock
from worker_jobs.operation_job import (
    OperationCancelled,
    OperationFailed,
    OperationRun,
    operation_job,
)
from worker_jobs.replica_log import LogFollower
from worker_jobs.replicas import (
    LOCK_PATIENCE_SECONDS,
    RUNNING_STATES,
    converge,
    drain,
    make_spec,
    observe,
    publish_if_changed,
    start_replica,
    stop_replica,
)
from worker_jobs.runtimes.protocol import RuntimeUnavailable
from worker_jobs.runtimes.registry import get_runtime

LOOK_SECONDS = 0.1
DRAIN_SECONDS = 10.0
CANCELLED = "Its start was cancelled."
LOG_FIX = "Its log, on the deployment's page, says more."


@operation_job(requests.DEPLOY_MODEL)
def deploy_model(run: OperationRun) -> None:
    _bring_up(run)


@operation_job(requests.START_DEPLOYMENT)
def start_deployment(run: OperationRun) -> None:
    _bring_up(run)


@operation_job(requests.RESTART_DEPLOYMENT)
def restart_deployment(run: OperationRun) -> None:
    with run.step("roll") as step:
        if not step.done:
            _begin(run, "It is being restarted.")
            _roll(run, every=True)
    _publish(run)


@operation_job(requests.CHANGE_DEPLOYMENT)
def change_deployment(run: OperationRun) -> None:
    deployment = _deployment(run)
    if deployment.state not in RUNNING_STATES:
        run.log("It does not run; the changes count from its next start.")
        for name in ("place", "roll", "publish"):
            with run.step(name):
                pass
        return
    with run.step("place") as step:
        if not step.done:
            _place(run)
    with run.step("roll") as step:
        if not step.done:
            _roll(run, every=False)
    _publish(run)


@operation_job(requests.STOP_DEPLOYMENT)
def stop_deployment(run: OperationRun) -> None:
    deployment = _deployment(run)
    actions.begin_stopping(deployment=deployment, reason="It is being stopped.")
    with run.step("close") as step:
        if not step.done:
            publish_if_changed()
            for replica in deployment.replicas.all():
                drain(deployment, replica, within=DRAIN_SECONDS)
    with run.step("stop"):
        _stop_all(run, reason="It was stopped.")


def _mark_failed(operation: Operation, reason: str) -> None:
    """What answers goes on answering; otherwise the deployment has failed."""
    deployment = find_deployment(deployment_id=int(operation.subject_id))
    if deployment is not None and _is_starting(deployment) and not _answers(deployment):
        actions.mark_failed(deployment=deployment, reason=operation.error or reason)


def _stop_what_was_cancelled(operation: Operation, reason: str) -> None:
    """The periodic look at the runtimes ends whatever is left."""
    deployment = find_deployment(deployment_id=int(operation.subject_id))
    if deployment is not None and _is_starting(deployment):
        actions.begin_stopping(deployment=deployment, reason=reason or CANCELLED)


for _job in (deploy_model, start_deployment, restart_deployment, change_deployment):
    _job.on_failure(_mark_failed)
# A cancelled restart or change is not undone: what ran before is brought back by the periodic look.
for _job in (deploy_model, start_deployment):
    _job.on_cancel(_stop_what_was_cancelled)


@stop_deployment.on_failure
def _mark_stop_failed(operation: Operation, reason: str) -> None:
    deployment = find_deployment(deployment_id=int(operation.subject_id))
    if deployment is not None and deployment.state == DeploymentState.STOPPING:
        actions.mark_failed(deployment=deployment, reason=operation.error or reason)


# --- the steps ----------------------------------------------------------------------------------


def _bring_up(run: OperationRun) -> None:
    with _undone_when_cancelled(run):
        if run.operation.params.get(requests.WAITS_FOR_FILE):
            with run.step("fetch") as step:
                if not step.done:
                    step.detail = gigabytes(await_file(run).ai_model.size_bytes or 0)
        with run.step("place") as step:
            if not step.done:
                _place(run)
        with run.step("start") as step:
            if not step.done:
                _start_all(run)
        with run.step("probe") as step:
            if not step.done:
                if run.attempt > 1:
                    _start_all(run)
                _until_ready(run)
        _publish(run)


def _place(run: OperationRun) -> None:
    deployment = _deployment(run)
    if not has_blob(deployment.ai_model.sha256):
        raise OperationFailed(
            f"The file of {deployment.ai_model.name} is not in the store any more.",
            fix="Add the AI model again on the Models page.",
        )
    wanted, force = wanted_from(deployment), bool(run.operation.params.get("force"))
    preview = preview_deployment(
        team=deployment.team, wanted=wanted, replaces=deployment, force=force
    )
    run.log(preview.sentence)
    if len(preview.placements) < wanted.replica_count or not (preview.fits or force):
        raise OperationFailed(preview.sentence, fix=preview.fix)
    kept, too_many = actions.place_replicas(deployment=deployment, placements=preview.placements)
    for replica in kept:
        run.log(f"Replica {replica.position} goes to {replica.node.name}.")
    with _turn(deployment):
        for replica in too_many:
            drain(deployment, replica, within=DRAIN_SECONDS)
            stop_replica(deployment, replica, reason="One replica fewer is wanted.")
            get_runtime(deployment.runtime).forget(str(replica.pk))
            actions.remove_replica(replica=replica)


def _begin(run: OperationRun, reason: str) -> Deployment:
    deployment = _deployment(run)
    try:
        actions.begin_deploying(deployment=deployment, reason=reason)
    except InvalidTransition as error:
        raise OperationFailed(f"It is {deployment.state}.", fix="Start it again.") from error
    return deployment


def _start_all(run: OperationRun) -> None:
    """Start every model server that does not run already."""
    deployment = _begin(run, "The model server is being started.")
    with _turn(deployment):
        observed = observe(deployment)
        for replica in deployment.replicas.all():
            seen = observed.get(str(replica.pk))
            if seen is not None and seen.alive and seen.digest == _digest(deployment, replica):
                run.log(f"Replica {replica.position} already runs.")
                continue
            if seen is not None and seen.alive:
                stop_replica(deployment, replica, reason="It ran in an older shape.")
            start_replica(deployment, replica, reason="The model is being loaded.")
            run.log(f"Replica {replica.position}: the model server was started.")


def _roll(run: OperationRun, *, every: bool) -> None:
    """Replace replicas one after the other, so that the others go on answering."""
    for number, replica in enumerate(list(_deployment(run).replicas.all()), start=1):
        deployment = _deployment(run)
        if _is_new_enough(run, deployment, replica, every=every):
            continue
        run.log(f"Replica {replica.position} is being replaced.")
        deployment = _begin(run, f"Replica {replica.position} is being replaced.")
        with _turn(deployment):
            _replace(deployment, replica)
        _until_ready(run)
        run.progress(number / deployment.replica_count, f"{number} of {deployment.replica_count}")


def _is_new_enough(
    run: OperationRun, deployment: Deployment, replica: Replica, *, every: bool
) -> bool:
    seen = observe(deployment).get(str(replica.pk))
    if seen is None or not seen.alive or seen.digest != _digest(deployment, replica):
        return False
    replaced = replica.started_at is not None and replica.started_at > run.operation.created_at
    return replaced or not every


def _replace(deployment: Deployment, replica: Replica) -> None:
    if replica.STATES.allows(replica.state, ReplicaState.STOPPING):
        actions.move_replica(
            replica=replica, to=ReplicaState.STOPPING, reason="It is being replaced."
        )
    publish_if_changed()
    drain(deployment, replica, within=DRAIN_SECONDS)
    stop_replica(deployment, replica, reason="It is being replaced.")
    start_replica(deployment, replica, reason="The model is being loaded.")


def _until_ready(run: OperationRun) -> None:
    """Wait for the first answer of every replica, passing on what the model servers write."""
    follower = LogFollower(run)
    while True:
        try:
            deployment = converge(deployment_id=int(run.operation.subject_id))
        except RuntimeUnavailable as error:
            raise OperationFailed(str(error)) from error
        except InvalidTransition:
            deployment = _deployment(run)  # somebody moved it in this moment
        if deployment is None:
            raise OperationFailed("The deployment was deleted while it was starting.")
        follower.pass_on(deployment)
        if _is_decided(deployment):
            return
        run.wait(LOOK_SECONDS)


def _is_decided(deployment: Deployment) -> bool:
    """Whether it is ready. Raises OperationFailed when it will not be."""
    if deployment.state == DeploymentState.READY:
        return True
    if deployment.state == DeploymentState.DEPLOYING:
        deadline = deployment.state_deadline
        if deadline is not None and timezone.now() > deadline:
            raise OperationFailed(
                f"It did not answer in time. Last: {deployment.state_reason}", fix=LOG_FIX
            )
        return False
    if deployment.state in {DeploymentState.FAILED, DeploymentState.DEGRADED}:
        if any(replica.state == ReplicaState.STARTING for replica in deployment.replicas.all()):
            return False
        raise OperationFailed(deployment.state_reason, fix=LOG_FIX)
    raise OperationFailed(f"It is {deployment.state}: somebody stopped it meanwhile.")


def _publish(run: OperationRun) -> None:
    with run.step("publish") as step:
        if not step.done:
            publish_if_changed()
            deployment = _deployment(run)
            run.log(f"{deployment.name} is a model that the gateway serves.")


def _stop_all(run: OperationRun, *, reason: str) -> None:
    deployment = _deployment(run)
    with _turn(deployment):
        for replica in deployment.replicas.all():
            stop_replica(deployment, replica, reason=reason)
            run.log(f"Replica {replica.position} has ended.")
        actions.mark_stopped(deployment=deployment)
    publish_if_changed()


@contextmanager
def _undone_when_cancelled(run: OperationRun) -> Iterator[None]:
    """A cancelled start leaves nothing running."""
    try:
        yield
    except OperationCancelled:
        deployment = _deployment(run)
        if _is_starting(deployment):
            actions.begin_stopping(deployment=deployment, reason=CANCELLED)
            _stop_all(run, reason=CANCELLED)
        raise


@contextmanager
def _turn(deployment: Deployment) -> Iterator[None]:
    with deployment_lock(deployment.pk, wait_seconds=LOCK_PATIENCE_SECONDS) as held:
        if not held:
            raise OperationFailed(
                "Something else has worked on this deployment for too long.", fix="Try again."
            )
        try:
            yield
        except RuntimeUnavailable as error:
            raise OperationFailed(str(error)) from error


def _deployment(run: OperationRun) -> Deployment:
    deployment = find_deployment(deployment_id=int(run.operation.subject_id))
    if deployment is None:
        raise OperationFailed("The deployment was deleted.")
    return deployment


def _digest(deployment: Deployment, replica: Replica) -> str:
    return make_spec(deployment, replica).digest


def _is_starting(deployment: Deployment) -> bool:
    return deployment.state in {DeploymentState.PENDING, DeploymentState.DEPLOYING}


def _answers(deployment: Deployment) -> bool:
    return any(replica.state == ReplicaState.READY for replica in deployment.replicas.all())
