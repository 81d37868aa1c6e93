from typing import Any

from django.db.models import Prefetch, QuerySet

from apps.accounts.models import Team
from apps.core.errors import NotFound
from apps.gateway.models import Route, RouteTarget, RouteVersion, Upstream
from apps.gateway.queries.route_changes import changes_between

VERSIONS_SHOWN = 200


def list_routes(*, team: Team, search: str = "") -> QuerySet[Route]:
    routes = _with_targets(Route.objects.filter(team=team))
    return routes.filter(name__icontains=search) if search else routes


def get_route(*, team: Team, route_id: int) -> Route:
    """Raises NotFound."""
    route = list_routes(team=team).filter(pk=route_id).first()
    if route is None:
        raise NotFound(f"There is no route {route_id} in your team.")
    return route


def list_all_routes() -> QuerySet[Route]:
    """Every team's, for the gateway's table."""
    return _with_targets(Route.objects.order_by("pk"))


def list_routes_through(*, upstream: Upstream) -> QuerySet[Route]:
    return Route.objects.filter(targets__upstream=upstream).distinct().order_by("name")


def _with_targets(routes: QuerySet[Route]) -> QuerySet[Route]:
    targets = RouteTarget.objects.select_related("upstream", "deployment").order_by("position")
    return routes.prefetch_related(Prefetch("targets", queryset=targets))


def route_document(route: Route) -> dict[str, Any]:
    """All of a route that an edit may change, by names, in the shape of RouteDocumentOut."""
    return {
        "name": route.name,
        "aliases": list(route.aliases),
        "targets": [
            {
                "upstream": None if target.upstream is None else target.upstream.name,
                "deployment": None if target.deployment is None else target.deployment.name,
                "model": target.model or None,
                "weight": target.weight,
            }
            for target in route.targets.all()
        ],
        "fallbacks": list(route.fallbacks),
        "affinity": route.affinity,
        "may_leave_house": route.may_leave_house,
        "max_output_tokens": route.max_output_tokens,
    }


def list_route_versions(*, route: Route) -> list[RouteVersion]:
    """Newest first, each with `changes` since the one before and `is_current`."""
    rows = RouteVersion.objects.filter(route=route).select_related("made_by")
    versions = list(rows.order_by("-number")[:VERSIONS_SHOWN])
    for position, version in enumerate(versions):
        earlier = versions[position + 1] if position + 1 < len(versions) else None
        version.changes = (
            [] if earlier is None else changes_between(earlier.document, version.document)
        )
        version.is_current = version.number == route.version
    return versions


def get_route_version(*, route: Route, number: int) -> RouteVersion:
    """Raises NotFound."""
    version = RouteVersion.objects.filter(route=route, number=number).first()
    if version is None:
        raise NotFound(f"{route.name} has no version {number}.")
    return version


def compare_route_versions(*, route: Route, before: int, after: int) -> dict[str, Any]:
    """In the shape of RouteComparisonOut. Raises NotFound."""
    earlier = get_route_version(route=route, number=before)
    later = get_route_version(route=route, number=after)
    return {
        "before": before,
        "after": after,
        "changes": changes_between(earlier.document, later.document),
    }
