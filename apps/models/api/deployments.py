"""Deployments over HTTP."""

from typing import Any

from ninja import Query, Router, Status

from apps.accounts.auth import CallerRequest, needs
from apps.core.pagination import paginate
from apps.core.permissions import Permission
from apps.core.schemas import Page, WhyOut
from apps.models.actions import deployments as actions
from apps.models.models import Deployment
from apps.models.queries import deployment_reasons, placement, replica_logs
from apps.models.queries import deployments as queries
from apps.models.schemas.deployments import (
    DeploymentChangesIn,
    DeploymentIn,
    DeploymentOut,
    ListDeploymentsIn,
    PreviewIn,
    PreviewOut,
    ReplicaLogIn,
    ReplicaLogOut,
)
from apps.operations.models import Operation
from apps.operations.schemas import OperationOut

router = Router()


def _deployment(request: CallerRequest, deployment_id: int) -> Deployment:
    return queries.get_deployment(team=request.caller.team, deployment_id=deployment_id)


@router.post(
    "",
    response={202: OperationOut},
    auth=needs(Permission.DEPLOY),
    operation_id="deploy_model",
)
def deploy_model(request: CallerRequest, wanted: DeploymentIn) -> Status[Operation]:
    return Status(
        202,
        actions.deploy_model(
            team=request.caller.team,
            requested_by=request.caller.user,
            wanted=queries.wanted_deployment(
                team=request.caller.team, **wanted.dict(exclude={"force"})
            ),
            force=wanted.force,
        ),
    )


@router.post(
    "/preview",
    response=PreviewOut,
    auth=needs(Permission.VIEW),
    operation_id="preview_deployment",
)
def preview_deployment(request: CallerRequest, wanted: PreviewIn) -> placement.Preview:
    return placement.preview_deployment(
        team=request.caller.team,
        wanted=queries.wanted_deployment(
            team=request.caller.team, **wanted.dict(exclude={"force"})
        ),
    )


@router.get(
    "",
    response=Page[DeploymentOut],
    auth=needs(Permission.VIEW),
    operation_id="list_deployments",
)
def list_deployments(request: CallerRequest, filters: Query[ListDeploymentsIn]) -> dict[str, Any]:
    rows = queries.list_deployments(
        team=request.caller.team, state=filters.state, search=filters.search
    )
    return paginate(rows, limit=filters.limit, cursor=filters.cursor, order="name")


@router.get(
    "/{int:deployment_id}",
    response=DeploymentOut,
    auth=needs(Permission.VIEW),
    operation_id="get_deployment",
)
def get_deployment(request: CallerRequest, deployment_id: int) -> Deployment:
    return _deployment(request, deployment_id)


@router.patch(
    "/{int:deployment_id}",
    response={202: OperationOut},
    auth=needs(Permission.DEPLOY),
    operation_id="change_deployment",
)
def change_deployment(
    request: CallerRequest, deployment_id: int, changes: DeploymentChangesIn
) -> Status[Operation]:
    return Status(
        202,
        actions.change_deployment(
            deployment=_deployment(request, deployment_id),
            requested_by=request.caller.user,
            changes=changes.dict(exclude_unset=True, exclude={"force"}),
            force=changes.force,
        ),
    )


@router.delete(
    "/{int:deployment_id}",
    response={204: None},
    auth=needs(Permission.DEPLOY),
    operation_id="delete_deployment",
)
def delete_deployment(request: CallerRequest, deployment_id: int) -> Status[None]:
    actions.delete_deployment(deployment=_deployment(request, deployment_id))
    return Status(204, None)


@router.post(
    "/{int:deployment_id}/stop",
    response={202: OperationOut},
    auth=needs(Permission.OPERATE),
    operation_id="stop_deployment",
)
def stop_deployment(request: CallerRequest, deployment_id: int) -> Status[Operation]:
    return Status(
        202,
        actions.stop_deployment(
            deployment=_deployment(request, deployment_id),
            requested_by=request.caller.user,
        ),
    )


@router.post(
    "/{int:deployment_id}/start",
    response={202: OperationOut},
    auth=needs(Permission.OPERATE),
    operation_id="start_deployment",
)
def start_deployment(request: CallerRequest, deployment_id: int) -> Status[Operation]:
    return Status(
        202,
        actions.start_deployment(
            deployment=_deployment(request, deployment_id),
            requested_by=request.caller.user,
        ),
    )


@router.post(
    "/{int:deployment_id}/restart",
    response={202: OperationOut},
    auth=needs(Permission.OPERATE),
    operation_id="restart_deployment",
)
def restart_deployment(request: CallerRequest, deployment_id: int) -> Status[Operation]:
    return Status(
        202,
        actions.restart_deployment(
            deployment=_deployment(request, deployment_id),
            requested_by=request.caller.user,
        ),
    )


@router.get(
    "/{int:deployment_id}/why",
    response=WhyOut,
    auth=needs(Permission.VIEW),
    operation_id="why_deployment",
)
def why_deployment(request: CallerRequest, deployment_id: int) -> dict[str, Any]:
    return deployment_reasons.why_deployment(
        deployment=_deployment(request, deployment_id),
        permissions=request.caller.permissions,
    )


@router.get(
    "/{int:deployment_id}/replicas/{int:position}/log",
    response=ReplicaLogOut,
    auth=needs(Permission.VIEW),
    operation_id="list_replica_log",
)
def list_replica_log(
    request: CallerRequest, deployment_id: int, position: int, span: Query[ReplicaLogIn]
) -> replica_logs.ReplicaLog:
    replica = queries.get_replica(
        team=request.caller.team, deployment_id=deployment_id, position=position
    )
    return replica_logs.read_replica_log(replica=replica, after=span.after, limit=span.limit)
