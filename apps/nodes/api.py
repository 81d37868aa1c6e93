"""Machines over HTTP."""

from typing import Any

from ninja import Query, Router, Status

from apps.accounts.auth import CallerRequest, needs
from apps.core.pagination import paginate
from apps.core.permissions import Permission
from apps.core.schemas import Page, WhyOut
from apps.nodes import actions, queries
from apps.nodes.models import Node
from apps.nodes.schemas import ListNodesIn, ListSamplesIn, NodeOut, SamplesOut
from apps.operations.models import Operation
from apps.operations.schemas import OperationOut

router = Router()


@router.get("", response=Page[NodeOut], auth=needs(Permission.VIEW), operation_id="list_nodes")
def list_nodes(request: CallerRequest, filters: Query[ListNodesIn]) -> dict[str, Any]:
    nodes = queries.list_nodes(team=request.caller.team, state=filters.state, search=filters.search)
    return paginate(nodes, limit=filters.limit, cursor=filters.cursor, order="name")


@router.get(
    "/{int:node_id}", response=NodeOut, auth=needs(Permission.VIEW), operation_id="get_node"
)
def get_node(request: CallerRequest, node_id: int) -> Node:
    return queries.get_node(team=request.caller.team, node_id=node_id)


@router.get(
    "/{int:node_id}/samples",
    response=SamplesOut,
    auth=needs(Permission.VIEW),
    operation_id="list_node_samples",
)
def list_node_samples(
    request: CallerRequest, node_id: int, span: Query[ListSamplesIn]
) -> dict[str, Any]:
    node = queries.get_node(team=request.caller.team, node_id=node_id)
    return queries.thinned_samples(node=node, seconds=span.seconds, points=span.points)


@router.get(
    "/{int:node_id}/why", response=WhyOut, auth=needs(Permission.VIEW), operation_id="explain_node"
)
def explain_node(request: CallerRequest, node_id: int) -> dict[str, Any]:
    node = queries.get_node(team=request.caller.team, node_id=node_id)
    return queries.why_node(node=node, permissions=request.caller.permissions)


@router.post(
    "/{int:node_id}/inspect",
    response={202: OperationOut},
    auth=needs(Permission.OPERATE),
    operation_id="inspect_node",
)
def inspect_node(request: CallerRequest, node_id: int) -> Status[Operation]:
    node = queries.get_node(team=request.caller.team, node_id=node_id)
    return Status(202, actions.inspect_node(node=node, requested_by=request.caller.user))
