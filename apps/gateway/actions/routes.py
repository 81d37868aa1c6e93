from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.core import secrets
from apps.core.errors import Conflict, Invalid
from apps.core.events import publish
from apps.gateway import queries
from apps.gateway.actions.publishing import publish_routes
from apps.gateway.dataplane.snapshot import parse_base_url
from apps.gateway.models import Route, RouteTarget, Upstream
from apps.models.queries.deployments import list_deployments
from apps.operations.actions import StepSpec, request_operation
from apps.operations.models import Operation

PROBE_UPSTREAM = "gateway.probe_upstream"
_PROBE_STEPS = [StepSpec("probe", "Ask for its models")]


@dataclass(frozen=True)
class WantedTarget:
    """A target as it is asked for: the name of an upstream or of a deployment."""

    upstream: str | None = None
    deployment: str | None = None
    model: str | None = None
    weight: float = 1.0


@transaction.atomic
def add_upstream(
    *, team: Team, name: str, base_url: str, api_key: str, requested_by: User
) -> Upstream:
    """Remember a server and ask it for its models in the background.

    Raises Invalid for an address that is none, Conflict for a name that is taken.
    """
    _check_address(base_url)
    if not api_key.isascii() or not api_key.isprintable():
        raise Invalid(
            "The API key contains characters that no HTTP header can carry.",
            fix="Copy it again, without line breaks.",
        )
    try:
        with transaction.atomic():
            upstream = Upstream.objects.create(
                team=team,
                name=name,
                base_url=base_url.rstrip("/"),
                sealed_key=secrets.encrypt(api_key) if api_key else "",
            )
    except IntegrityError as problem:
        raise Conflict(
            f"There is already an upstream called {name}.", fix="Choose another name."
        ) from problem
    publish(subject="upstream", subject_id=str(upstream.pk), change="created", team_id=team.pk)
    probe_upstream(upstream=upstream, requested_by=requested_by)
    publish_routes()
    return upstream


def _check_address(base_url: str) -> None:
    try:
        parse_base_url(base_url)
    except ValueError as problem:
        raise Invalid(
            f"{base_url!r} is not an address Hearth can use.", fix=str(problem)
        ) from problem


def probe_upstream(*, upstream: Upstream, requested_by: User | None) -> Operation:
    return request_operation(
        kind=PROBE_UPSTREAM,
        subject_type=Upstream.SUBJECT,
        subject_id=str(upstream.pk),
        subject_name=upstream.name,
        team=upstream.team,
        requested_by=requested_by,
        steps=_PROBE_STEPS,
    )


def note_probe(*, upstream: Upstream, models: Sequence[str], problem: str) -> None:
    """What the last probe found. `problem` is empty when the server answered."""
    changed = {"probed_at": timezone.now(), "problem": problem}
    if not problem:
        changed["models_found"] = list(models)
    Upstream.objects.filter(pk=upstream.pk).update(**changed)
    publish(
        subject="upstream",
        subject_id=str(upstream.pk),
        change="updated",
        team_id=upstream.team_id,
    )


@transaction.atomic
def remove_upstream(*, upstream: Upstream) -> None:
    """Raises Conflict while a route leads there."""
    through = [route.name for route in queries.list_routes_through(upstream=upstream)[:5]]
    if through:
        raise Conflict(
            f"{upstream.name} is used by the routes {', '.join(through)}.",
            fix="Delete those routes or give them another target first.",
        )
    publish(
        subject="upstream",
        subject_id=str(upstream.pk),
        change="deleted",
        team_id=upstream.team_id,
    )
    upstream.delete()
    publish_routes()


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
