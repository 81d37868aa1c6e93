from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.core import secrets
from apps.core.errors import Conflict, Invalid
from apps.core.events import publish
from apps.gateway import queries
from apps.gateway.actions.publishing import publish_routes
from apps.gateway.dataplane.table_build import parse_base_url
from apps.gateway.models import Upstream
from apps.operations.actions import StepSpec, request_operation
from apps.operations.models import Operation

PROBE_UPSTREAM = "gateway.probe_upstream"
_PROBE_STEPS = [StepSpec("probe", "Ask for its models")]


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
