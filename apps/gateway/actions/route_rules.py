"""What a team's routes must be together: names once, no circles, no way out unasked."""

from collections.abc import Sequence

from apps.accounts.models import Team
from apps.core.errors import Conflict, Invalid
from apps.gateway import queries
from apps.gateway.models import Route, Upstream
from apps.gateway.queries.route_graph import fallback_graph, find_circle, find_way_out
from apps.models.queries.deployments import list_deployments


def take_turn(*, team: Team) -> None:
    """One edit at a time within this transaction: what is checked is about all of a team's routes
    together."""
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)


def check_names(*, route: Route, wanted_name: str, aliases: Sequence[str]) -> None:
    """Raises Conflict when a name or alias is another route's, or a rename would strand those that
    fall back here; Invalid when an alias is a deployment's name, which would go before it."""
    others = list(queries.list_routes(team=route.team).exclude(pk=route.pk))
    taken = {name: other for other in others for name in (other.name, *other.aliases)}
    for name in (wanted_name, *aliases):
        if name in taken:
            raise Conflict(
                f"The route {taken[name].name} already answers to {name}.",
                fix="Choose another name, or take it away there.",
            )
    served = list_deployments(team=route.team).filter(name__in=list(aliases)).first()
    if served is not None:
        raise Invalid(
            f"{served.name} is a deployment, which answers to that name itself.",
            fix="Choose another alias, or call the route so.",
        )
    lost = {route.name, *route.aliases} - {wanted_name, *aliases, ""}
    _check_still_needed(route, others, lost)


def check_deletion(*, route: Route) -> None:
    """Raises Conflict while other routes fall back to it and nothing else has its name."""
    others = list(queries.list_routes(team=route.team).exclude(pk=route.pk))
    _check_still_needed(route, others, {route.name, *route.aliases})


def _check_still_needed(route: Route, others: Sequence[Route], lost: set[str]) -> None:
    lost -= set(_deployment_names(route).intersection(lost))
    needing = sorted(
        other.name for other in others if lost & {step["to"] for step in other.fallbacks}
    )
    if needing:
        raise Conflict(
            f"{', '.join(needing[:5])} would fall back to a name that is gone: "
            f"{', '.join(sorted(lost))}.",
            fix="Change those routes first, or keep the name as an alias.",
        )


def _deployment_names(route: Route) -> set[str]:
    return set(list_deployments(team=route.team).values_list("name", flat=True))


def check_ways(*, route: Route) -> None:
    """Raises Invalid when a fallback leads nowhere or in a circle, or requests could leave the
    house by a route that does not say so. The route itself has been saved."""
    routes = list(queries.list_routes(team=route.team))
    known = {name for each in routes for name in (each.name, *each.aliases)}
    known |= _deployment_names(route)
    missing = sorted({step["to"] for step in route.fallbacks} - known)
    if missing:
        raise Invalid(
            f"There is no route or deployment called {', '.join(missing)} to fall back to.",
            fix="Create it first, or correct the name.",
        )
    if route.name in {step["to"] for step in route.fallbacks}:
        raise Invalid(f"{route.name} cannot fall back to itself.", fix="Name another route.")
    circle = find_circle(fallback_graph(routes), route.name)
    if circle:
        raise Invalid(
            f"These fallbacks lead in a circle: {' → '.join(circle)}.",
            fix="Take one of the steps out.",
        )
    _check_way_out(routes)


def check_outside(*, upstream: Upstream) -> None:
    """Raises Invalid when an upstream is outside and a route that may not leave leads there."""
    _check_way_out(list(queries.list_routes(team=upstream.team)))


def _check_way_out(routes: Sequence[Route]) -> None:
    found = find_way_out(routes)
    if found is None:
        return
    name, through, upstream = found
    by = "" if through == name else f" by its fallback {through}"
    raise Invalid(
        f"Requests for {name} would leave the house{by}: the upstream {upstream} is outside.",
        fix=f"Let {name} leave the house, or choose a server inside.",
    )
