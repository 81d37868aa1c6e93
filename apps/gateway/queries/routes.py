from django.db.models import Prefetch, QuerySet

from apps.accounts.models import Team
from apps.core.errors import NotFound
from apps.gateway.models import Route, RouteTarget, Upstream


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
