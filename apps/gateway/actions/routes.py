from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.models import Team, User
from apps.core.errors import Conflict, Invalid
from apps.core.events import Change, publish
from apps.gateway import queries
from apps.gateway.actions.publishing import publish_routes
from apps.gateway.actions.route_rules import check_deletion, check_names, check_ways, take_turn
from apps.gateway.models import Route, RouteTarget, RouteVersion
from apps.models.queries.deployments import list_deployments


@dataclass(frozen=True)
class WantedTarget:
    """A target as it is asked for: the name of an upstream or of a deployment."""

    upstream: str | None = None
    deployment: str | None = None
    model: str | None = None
    weight: float = 1.0


@dataclass(frozen=True)
class WantedRoute:
    """A route as it shall be. `fallbacks` are `{"on": [causes], "to": name}`."""

    name: str
    targets: Sequence[WantedTarget]
    fallbacks: Sequence[dict[str, Any]] = ()
    aliases: Sequence[str] = ()
    affinity: str = "none"
    may_leave_house: bool = False
    max_output_tokens: int | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "WantedRoute":
        """From a document as RouteDocumentOut and the stored versions have it."""
        targets = [WantedTarget(**target) for target in document["targets"]]
        return cls(**{**document, "targets": targets})

    def columns(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "fallbacks": list(self.fallbacks),
            "aliases": [each for each in dict.fromkeys(self.aliases) if each != self.name],
            "affinity": self.affinity,
            "may_leave_house": self.may_leave_house,
            "max_output_tokens": self.max_output_tokens,
        }


@transaction.atomic
def create_route(
    *, team: Team, wanted: WantedRoute, made_by: User | None = None, note: str = ""
) -> Route:
    """A public model name. It may take the name of a deployment, whose traffic it then decides.

    Raises Invalid for a target or fallback that does not exist, that leads in a circle or out of
    the house without permission; Conflict for a name that is taken.
    """
    route = Route(team=team, version=0)
    return _write(route, wanted, made_by=made_by, note=note)


@transaction.atomic
def update_route(
    *,
    route: Route,
    wanted: WantedRoute,
    made_by: User | None,
    note: str = "",
    edited_version: int | None = None,
) -> Route:
    """Save the route as a new version; nothing happens when it is as wanted already.

    Raises what `create_route` raises, and Conflict when `edited_version` is not the newest.
    """
    locked = Route.objects.select_for_update().get(pk=route.pk)
    if edited_version is not None and edited_version != locked.version:
        raise Conflict(
            f"{locked.name} was saved by somebody else: it is at version {locked.version}, and "
            f"version {edited_version} was edited.",
            fix="Load it again and make the change there.",
        )
    current = queries.get_route(team=route.team, route_id=route.pk)
    if queries.route_document(current) == _document(wanted):
        return current
    _keep_first_version(current)
    return _write(locked, wanted, made_by=made_by, note=note)


def revert_route(*, route: Route, version: int, made_by: User | None) -> Route:
    """Make an earlier version the newest one. Raises NotFound, and what `update_route` raises."""
    earlier = queries.get_route_version(route=route, number=version)
    return update_route(
        route=route,
        wanted=WantedRoute.of(earlier.document),
        made_by=made_by,
        note=f"Back to version {version}",
    )


def _document(wanted: WantedRoute) -> dict[str, Any]:
    targets = [{**asdict(target), "model": target.model or None} for target in wanted.targets]
    return {**wanted.columns(), "targets": targets}


def _keep_first_version(route: Route) -> None:
    """Routes from before there were versions get the one they were in."""
    if not route.versions.exists():
        RouteVersion.objects.create(
            route=route, number=route.version, document=queries.route_document(route)
        )


def _write(route: Route, wanted: WantedRoute, *, made_by: User | None, note: str) -> Route:
    is_new, team = route.pk is None, route.team
    take_turn(team=team)
    check_names(route=route, wanted_name=wanted.name, aliases=wanted.aliases)
    for column, value in wanted.columns().items():
        setattr(route, column, value)
    route.version += 1
    try:
        with transaction.atomic():
            route.save()
    except IntegrityError as problem:
        raise Conflict(
            f"There is already a route called {wanted.name}.", fix="Choose another name."
        ) from problem
    route.targets.all().delete()
    for position, target in enumerate(wanted.targets):
        RouteTarget.objects.create(route=route, position=position, **_resolved(team, target))
    check_ways(route=route)
    saved = queries.get_route(team=team, route_id=route.pk)
    RouteVersion.objects.create(
        route=route,
        number=route.version,
        document=queries.route_document(saved),
        made_by=made_by,
        note=note,
    )
    change: Change = "created" if is_new else "updated"
    publish(subject="route", subject_id=str(route.pk), change=change, team_id=team.pk)
    publish_routes()
    return saved


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


@transaction.atomic
def delete_route(*, route: Route) -> None:
    """Raises Conflict while other routes fall back to it and nothing else has its name."""
    take_turn(team=route.team)
    check_deletion(route=route)
    publish(subject="route", subject_id=str(route.pk), change="deleted", team_id=route.team_id)
    route.delete()
    publish_routes()
