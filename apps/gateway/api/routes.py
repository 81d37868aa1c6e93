from typing import Any

from ninja import Query, Router, Status

from apps.accounts.auth import CallerRequest, needs
from apps.core.pagination import paginate
from apps.core.permissions import Permission
from apps.core.schemas import Page
from apps.gateway import actions, queries
from apps.gateway.actions import WantedTarget
from apps.gateway.models import Route
from apps.gateway.schemas.routes import CreateRouteIn, ListRoutesIn, RouteOut

router = Router(tags=["routes"])


@router.get(
    "/routes", response=Page[RouteOut], auth=needs(Permission.VIEW), operation_id="list_routes"
)
def list_routes(request: CallerRequest, filters: Query[ListRoutesIn]) -> dict[str, Any]:
    routes = queries.list_routes(team=request.caller.team, search=filters.search)
    return paginate(routes, limit=filters.limit, cursor=filters.cursor, order="name")


@router.post(
    "/routes",
    response={201: RouteOut},
    auth=needs(Permission.MANAGE_GATEWAY),
    operation_id="create_route",
)
def create_route(request: CallerRequest, body: CreateRouteIn) -> Status[Route]:
    route = actions.create_route(
        team=request.caller.team,
        name=body.name,
        targets=[WantedTarget(**target.dict()) for target in body.targets],
        fallbacks=[step.dict() for step in body.fallbacks],
    )
    return Status(201, route)


@router.get(
    "/routes/{int:route_id}",
    response=RouteOut,
    auth=needs(Permission.VIEW),
    operation_id="get_route",
)
def get_route(request: CallerRequest, route_id: int) -> Route:
    return queries.get_route(team=request.caller.team, route_id=route_id)


@router.delete(
    "/routes/{int:route_id}",
    response={204: None},
    auth=needs(Permission.MANAGE_GATEWAY),
    operation_id="delete_route",
)
def delete_route(request: CallerRequest, route_id: int) -> Status[None]:
    actions.delete_route(route=queries.get_route(team=request.caller.team, route_id=route_id))
    return Status(204, None)
