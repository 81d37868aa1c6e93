from typing import Any

from ninja import Query, Router, Status

from apps.accounts.auth import CallerRequest, needs
from apps.core.pagination import paginate
from apps.core.permissions import Permission
from apps.core.schemas import Page
from apps.gateway import actions, queries
from apps.gateway.actions import WantedRoute
from apps.gateway.api.keys import whose_keys
from apps.gateway.models import Route
from apps.gateway.schemas.routes import (
    CompareVersionsIn,
    CreateRouteIn,
    ListRoutesIn,
    RevertRouteIn,
    RouteComparisonOut,
    RouteDecisionOut,
    RouteOut,
    RouteVersionsOut,
    TestRouteIn,
    UpdateRouteIn,
)

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
        wanted=WantedRoute.of(body.dict(exclude={"note"})),
        made_by=request.caller.user,
        note=body.note,
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


@router.put(
    "/routes/{int:route_id}",
    response=RouteOut,
    auth=needs(Permission.MANAGE_GATEWAY),
    operation_id="update_route",
)
def update_route(request: CallerRequest, route_id: int, body: UpdateRouteIn) -> Route:
    """Every gateway goes by it within two seconds; what runs already ends as it began."""
    return actions.update_route(
        route=queries.get_route(team=request.caller.team, route_id=route_id),
        wanted=WantedRoute.of(body.dict(exclude={"note", "version"})),
        made_by=request.caller.user,
        note=body.note,
        edited_version=body.version,
    )


@router.get(
    "/routes/{int:route_id}/versions",
    response=RouteVersionsOut,
    auth=needs(Permission.VIEW),
    operation_id="list_route_versions",
)
def list_route_versions(request: CallerRequest, route_id: int) -> dict[str, Any]:
    route = queries.get_route(team=request.caller.team, route_id=route_id)
    return {"items": queries.list_route_versions(route=route)}


@router.get(
    "/routes/{int:route_id}/versions/compare",
    response=RouteComparisonOut,
    auth=needs(Permission.VIEW),
    operation_id="compare_route_versions",
)
def compare_route_versions(
    request: CallerRequest, route_id: int, asked: Query[CompareVersionsIn]
) -> dict[str, Any]:
    route = queries.get_route(team=request.caller.team, route_id=route_id)
    return queries.compare_route_versions(route=route, before=asked.before, after=asked.after)


@router.post(
    "/routes/{int:route_id}/revert",
    response=RouteOut,
    auth=needs(Permission.MANAGE_GATEWAY),
    operation_id="revert_route",
)
def revert_route(request: CallerRequest, route_id: int, body: RevertRouteIn) -> Route:
    """Save an earlier version anew, as the newest one."""
    route = queries.get_route(team=request.caller.team, route_id=route_id)
    return actions.revert_route(route=route, version=body.version, made_by=request.caller.user)


@router.post(
    "/routes/{int:route_id}/test",
    response=RouteDecisionOut,
    auth=needs(Permission.VIEW),
    operation_id="test_route",
)
def test_route(request: CallerRequest, route_id: int, body: TestRouteIn) -> dict[str, Any]:
    """Which places a request would go to, in which order, and why. Nothing is sent."""
    caller, key = request.caller, None
    route = queries.get_route(team=caller.team, route_id=route_id)
    if body.key_id is not None:
        owner = whose_keys(caller)
        key = queries.get_key(team=caller.team, key_id=body.key_id, owner=owner)
    return queries.explain_route(route=route, key=key, tokens=body.tokens)


@router.delete(
    "/routes/{int:route_id}",
    response={204: None},
    auth=needs(Permission.MANAGE_GATEWAY),
    operation_id="delete_route",
)
def delete_route(request: CallerRequest, route_id: int) -> Status[None]:
    actions.delete_route(route=queries.get_route(team=request.caller.team, route_id=route_id))
    return Status(204, None)
