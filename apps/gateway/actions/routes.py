from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.models import Team
from apps.core.errors import Conflict, Invalid
from apps.core.events import publish
from apps.gateway import queries
from apps.gateway.actions.publishing import publish_routes
from apps.gateway.models import Route, RouteTarget
from apps.models.queries.deployments import list_deployments


@dataclass(frozen=True)
class WantedTarget:
    """A target as it is asked for: the name of an upstream or of a deployment."""

    upstream: str | None = None
    deployment: str | None = None
    model: str | None = None
    weight: float = 1.0


@transaction.atomic
def create_route(
    *,
    team: Team,
    name: str,
    targets: Sequence[WantedTarget],
    fallbacks: Sequence[dict[str, Any]] = (),
) -> Route:
    """A public model name. It may take the name of a deployment, whose traffic it then decides.

    Raises Invalid for a target or fallback that does not exist, Conflict for a name that is taken.
    """
    _check_fallbacks(team=team, name=name, fallbacks=fallbacks)
    try:
        with transaction.atomic():
            route = Route.objects.create(team=team, name=name, fallbacks=list(fallbacks))
    except IntegrityError as problem:
        raise Conflict(
            f"There is already a route called {name}.", fix="Choose another name."
        ) from problem
    for position, wanted in enumerate(targets):
        RouteTarget.objects.create(route=route, position=position, **_resolved(team, wanted))
    publish(subject="route", subject_id=str(route.pk), change="created", team_id=team.pk)
    publish_routes()
    return queries.get_route(team=team, route_id=route.pk)


def _resolved(team: Team, wanted: WantedTarget) -> dict[str, Any]:
    if (wanted.upstream is None) == (wanted.deployment is None):
        raise Invalid(
            "A target names either an upstream or a deployment.",
            fix='Send {"upstream": name} or {"deployment": name}.',
        )
    columns: dict[str, Any] = {"model": wanted.model or "", "weight": wanted.weight}
    if wanted.upstream is not None:
        rows = queries.list_upstreams(team=team).filter(name=wanted.upstream)
        columns["upstream"] = rows.first()
    else:
        columns["deployment"] = list_deployments(team=team).filter(name=wanted.deployment).first()
    if columns.get("upstream", columns.get("deployment")) is None:
        raise Invalid(
            f"There is no {'upstream' if wanted.upstream else 'deployment'} called "
            f"{wanted.upstream or wanted.deployment}.",
            fix="Add it first, or correct the name.",
        )
    return columns


def _check_fallbacks(*, team: Team, name: str, fallbacks: Sequence[dict[str, Any]]) -> None:
    wanted = {str(step["to"]) for step in fallbacks}
    if name in wanted:
        raise Invalid(f"{name} cannot fall back to itself.", fix="Name another route.")
    known = set(queries.list_routes(team=team).values_list("name", flat=True))
    known |= set(list_deployments(team=team).values_list("name", flat=True))
    missing = sorted(wanted - known)
    if missing:
        raise Invalid(
            f"There is no route or deployment called {', '.join(missing)} to fall back to.",
            fix="Create it first, or correct the name.",
        )


@transaction.atomic
def delete_route(*, route: Route) -> None:
    publish(subject="route", subject_id=str(route.pk), change="deleted", team_id=route.team_id)
    route.delete()
    publish_routes()
