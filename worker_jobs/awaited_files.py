"""Waiting for a model's file before its deployment can go on."""

from apps.core.errors import InvalidTransition
from apps.models.actions import deployments as requests
from apps.models.actions import replicas as actions
from apps.models.models import AIModel, Deployment
from apps.models.queries.ai_models import find_last_operation
from apps.models.queries.deployments import find_deployment
from apps.models.states.ai_models import AIModelState
from apps.models.states.deployments import DeploymentState
from apps.operations.models import Operation
from apps.operations.queries import find_exclusive_operation
from worker_jobs.operation_job import OperationFailed, OperationRun

LOOK_SECONDS = 1.0
FETCH_FIX = "Fetch it again on the Models page."

_MAY_WAIT = frozenset({DeploymentState.PENDING, DeploymentState.DEPLOYING, DeploymentState.FAILED})


def await_file(run: OperationRun) -> Deployment:
    """The deployment, once its file is here and verified; until then its state and the progress
    say how much has come.

    Raises OperationFailed with the reason when the file will not come.
    """
    said = False
    ai_model_id = _waiting(run).ai_model_id
    while True:
        # In this order: an operation that ends in between leaves its verdict on the AI model.
        bringing = find_exclusive_operation(
            subject_type=AIModel.SUBJECT, subject_id=str(ai_model_id)
        )
        deployment = _waiting(run)
        ai_model = deployment.ai_model
        if ai_model.state == AIModelState.READY:
            return _go_on(run, deployment)
        if bringing is None:
            raise _did_not_arrive(ai_model)
        if not said:
            run.log(f"Waiting for the file of {ai_model.name}.")
            said = True
        _tell(run, deployment, bringing)
        run.wait(LOOK_SECONDS)


def _waiting(run: OperationRun) -> Deployment:
    deployment = find_deployment(deployment_id=int(run.operation.subject_id))
    if deployment is None:
        raise OperationFailed("The deployment was deleted while it waited for its file.")
    if deployment.state not in _MAY_WAIT:
        raise OperationFailed(f"It is {deployment.state}.", fix="Start it again.")
    return deployment


def _tell(run: OperationRun, deployment: Deployment, bringing: Operation) -> None:
    come = bringing.progress_text.partition(",")[0]
    reason = f"Waiting for the file of {deployment.ai_model.name}{f': {come}' if come else ''}."
    run.progress(bringing.progress, bringing.progress_text or reason)
    _explain(deployment, reason)


def _go_on(run: OperationRun, deployment: Deployment) -> Deployment:
    run.log(f"The file of {deployment.ai_model.name} is here.")
    run.progress(None)
    if requests.limit_context(deployment=deployment):
        run.log(f"It was trained for {deployment.context_length:,} tokens; it gets no more.")
    _explain(deployment, "Its file is here; a machine is being chosen.")
    return deployment


def _explain(deployment: Deployment, reason: str) -> None:
    try:
        actions.wait_for_file(deployment=deployment, reason=reason)
    except InvalidTransition as error:
        raise OperationFailed(error.message, fix="Start it again.") from error


def _did_not_arrive(ai_model: AIModel) -> OperationFailed:
    last = find_last_operation(ai_model=ai_model)
    fix = (last.fix if last else "") or FETCH_FIX
    return OperationFailed(
        f"The file of {ai_model.name} did not arrive: {ai_model.state_reason}",
        fix=f"{fix} Then retry this.",
    )
