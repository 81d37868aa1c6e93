from typing import Any

from ninja import Query, Router, Status

from apps.accounts.auth import CallerRequest, needs
from apps.core.pagination import paginate
from apps.core.permissions import Permission
from apps.core.schemas import LimitsIn, Page
from apps.gateway import actions, queries
from apps.gateway.models import Upstream
from apps.gateway.schemas.upstreams import (
    AddUpstreamIn,
    ChangeUpstreamIn,
    ListUpstreamsIn,
    UpstreamOut,
    UpstreamPresetsOut,
    UpstreamProbeOut,
)
from apps.operations.models import Operation
from apps.operations.schemas import OperationOut

router = Router(tags=["upstreams"])


@router.get(
    "/upstreams",
    response=Page[UpstreamOut],
    auth=needs(Permission.VIEW),
    operation_id="list_upstreams",
)
def list_upstreams(request: CallerRequest, filters: Query[ListUpstreamsIn]) -> dict[str, Any]:
    upstreams = queries.list_upstreams(team=request.caller.team, search=filters.search)
    page = paginate(upstreams, limit=filters.limit, cursor=filters.cursor, order="name")
    queries.add_circuits(page["items"])
    return page


@router.post(
    "/upstreams",
    response={201: UpstreamOut},
    auth=needs(Permission.MANAGE_GATEWAY),
    operation_id="add_upstream",
)
def add_upstream(request: CallerRequest, body: AddUpstreamIn) -> Status[Upstream]:
    upstream = actions.add_upstream(
        team=request.caller.team,
        requested_by=request.caller.user,
        **body.dict(),
    )
    return Status(201, upstream)


@router.get(
    "/upstreams/presets",
    response=UpstreamPresetsOut,
    auth=needs(Permission.VIEW),
    operation_id="list_upstream_presets",
)
def list_upstream_presets(request: CallerRequest) -> dict[str, Any]:
    return {"items": queries.UPSTREAM_PRESETS}


@router.get(
    "/upstreams/{int:upstream_id}",
    response=UpstreamOut,
    auth=needs(Permission.VIEW),
    operation_id="get_upstream",
)
def get_upstream(request: CallerRequest, upstream_id: int) -> Upstream:
    upstream = queries.get_upstream(team=request.caller.team, upstream_id=upstream_id)
    queries.add_circuits([upstream])
    return upstream


@router.patch(
    "/upstreams/{int:upstream_id}",
    response=UpstreamOut,
    auth=needs(Permission.MANAGE_GATEWAY),
    operation_id="change_upstream",
)
def change_upstream(request: CallerRequest, upstream_id: int, body: ChangeUpstreamIn) -> Upstream:
    """A new address or key is asked for its models at once, in the background."""
    return actions.change_upstream(
        upstream=queries.get_upstream(team=request.caller.team, upstream_id=upstream_id),
        changes=body.dict(exclude_unset=True),
        requested_by=request.caller.user,
    )


@router.get(
    "/upstreams/{int:upstream_id}/probes",
    response=Page[UpstreamProbeOut],
    auth=needs(Permission.VIEW),
    operation_id="list_upstream_probes",
)
def list_upstream_probes(
    request: CallerRequest, upstream_id: int, asked: Query[LimitsIn]
) -> dict[str, Any]:
    upstream = queries.get_upstream(team=request.caller.team, upstream_id=upstream_id)
    probes = queries.list_probes(upstream=upstream)
    return paginate(probes, limit=asked.limit, cursor=asked.cursor, order="-at")


@router.post(
    "/upstreams/{int:upstream_id}/probe",
    response={202: OperationOut},
    auth=needs(Permission.MANAGE_GATEWAY),
    operation_id="probe_upstream",
)
def probe_upstream(request: CallerRequest, upstream_id: int) -> Status[Operation]:
    upstream = queries.get_upstream(team=request.caller.team, upstream_id=upstream_id)
    operation = actions.probe_upstream(upstream=upstream, requested_by=request.caller.user)
    return Status(202, operation)


@router.delete(
    "/upstreams/{int:upstream_id}",
    response={204: None},
    auth=needs(Permission.MANAGE_GATEWAY),
    operation_id="remove_upstream",
)
def remove_upstream(request: CallerRequest, upstream_id: int) -> Status[None]:
    upstream = queries.get_upstream(team=request.caller.team, upstream_id=upstream_id)
    actions.remove_upstream(upstream=upstream)
    return Status(204, None)
