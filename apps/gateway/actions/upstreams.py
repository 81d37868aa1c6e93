import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.core import secrets
from apps.core.errors import Conflict, Invalid
from apps.core.events import publish
from apps.gateway import queries
from apps.gateway.actions.publishing import publish_routes
from apps.gateway.actions.route_rules import check_outside, take_turn
from apps.gateway.dataplane.table_build import parse_base_url
from apps.gateway.models import Upstream, UpstreamProbe
from apps.operations.actions import StepSpec, request_operation
from apps.operations.models import Operation

PROBE_UPSTREAM = "gateway.probe_upstream"
PROBES_KEPT = 2_000  # of each upstream: more than a day of them
_PROBE_STEPS = [StepSpec("probe", "Ask for its models")]
_INSIDE_SUFFIXES = (".local", ".lan", ".internal", ".intranet", ".home", ".home.arpa", ".localhost")


@transaction.atomic
def add_upstream(
    *,
    team: Team,
    name: str,
    base_url: str,
    api_key: str,
    requested_by: User,
    kind: str = "openai",
    speaks: Sequence[str] | None = None,
    leaves_house: bool | None = None,
    context_length: int | None = None,
) -> Upstream:
    """Remember a server and ask it for its models in the background.

    `kind` names the preset that says what it speaks where `speaks` does not. Raises Invalid for an
    address that is none, Conflict for a name that is taken.
    """
    preset = next(each for each in queries.UPSTREAM_PRESETS if each["kind"] == kind)
    upstream = Upstream(
        team=team,
        name=name,
        base_url=_checked_address(base_url),
        sealed_key=_sealed(api_key),
        speaks=list(preset["speaks"] if speaks is None else speaks),
        leaves_house=is_outside(base_url) if leaves_house is None else leaves_house,
        context_length=context_length,
    )
    _save(upstream)
    publish(subject="upstream", subject_id=str(upstream.pk), change="created", team_id=team.pk)
    probe_upstream(upstream=upstream, requested_by=requested_by)
    publish_routes()
    return upstream


@transaction.atomic
def change_upstream(
    *, upstream: Upstream, changes: Mapping[str, Any], requested_by: User
) -> Upstream:
    """Set what ChangeUpstreamIn names. A new address or key is asked for its models at once.

    A new address that is outside marks the upstream so, unless `leaves_house` is given as well.
    Raises Invalid for an address that is none and where routes that may not leave lead outside
    then, Conflict for a name that is taken.
    """
    take_turn(team=upstream.team)
    locked = Upstream.objects.select_for_update().get(pk=upstream.pk)
    columns = dict(changes)
    if "api_key" in columns:
        columns["sealed_key"] = _sealed(columns.pop("api_key"))
    if "base_url" in columns:
        columns["base_url"] = _checked_address(columns["base_url"])
        columns.setdefault("leaves_house", locked.leaves_house or is_outside(columns["base_url"]))
    different = {
        column: value for column, value in columns.items() if getattr(locked, column) != value
    }
    if different:
        for column, value in different.items():
            setattr(locked, column, value)
        _save(locked)
        check_outside(upstream=locked)
        _tell(locked)
        publish_routes()
    if different.keys() & {"base_url", "sealed_key"}:
        probe_upstream(upstream=locked, requested_by=requested_by)
    return queries.get_upstream(team=locked.team, upstream_id=locked.pk)


def _save(upstream: Upstream) -> None:
    try:
        with transaction.atomic():
            upstream.save()
    except IntegrityError as problem:
        raise Conflict(
            f"There is already an upstream called {upstream.name}.", fix="Choose another name."
        ) from problem


def _checked_address(base_url: str) -> str:
    try:
        parse_base_url(base_url)
    except ValueError as problem:
        # Not repeated in the answer: a password may stand in it.
        raise Invalid("That is not an address Hearth can use.", fix=str(problem)) from problem
    return base_url.strip().rstrip("/")


def _sealed(api_key: str) -> str:
    api_key = api_key.strip()
    if not api_key.isascii() or not api_key.isprintable():
        raise Invalid(
            "The API key contains characters that no HTTP header can carry.",
            fix="Copy it again, without line breaks.",
        )
    return secrets.encrypt(api_key) if api_key else ""


def is_outside(base_url: str) -> bool:
    """Whether an address, by its looks, belongs to somebody else: no name is looked up."""
    host = parse_base_url(base_url).host.lower().rstrip(".")
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(_INSIDE_SUFFIXES)


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


@transaction.atomic
def note_probe(
    *,
    upstream: Upstream,
    models: Sequence[str] = (),
    problem: str = "",
    latency_ms: float | None = None,
    speaks: Sequence[str] | None = None,
) -> None:
    """What the last probe found. `problem` is empty when the server answered; `speaks` None: it was
    not asked. Gateways hear of it when it answers again or no longer."""
    now = timezone.now()
    before = Upstream.objects.select_for_update().filter(pk=upstream.pk).first()
    if before is None:
        return
    changed: dict[str, Any] = {"probed_at": now, "problem": problem}
    if not problem:
        changed |= {"models_found": list(models), "latency_ms": latency_ms}
    if speaks is not None:
        changed["speaks_found"] = list(speaks)
    turned = before.probed_at is None or bool(before.problem) != bool(problem)
    if turned:
        changed["state_since"] = now
    Upstream.objects.filter(pk=upstream.pk).update(**changed)
    UpstreamProbe.objects.create(
        upstream=before, at=now, latency_ms=latency_ms, model_count=len(models), problem=problem
    )
    _tell(before)
    if before.problem != problem:
        publish_routes()


def forget_old_probes(*, upstream: Upstream) -> None:
    """All but the newest PROBES_KEPT."""
    newest = queries.list_probes(upstream=upstream).order_by("-pk")
    oldest_kept = newest.values_list("pk", flat=True)[PROBES_KEPT - 1 : PROBES_KEPT].first()
    if oldest_kept is not None:
        queries.list_probes(upstream=upstream).filter(pk__lt=oldest_kept).delete()


def _tell(upstream: Upstream) -> None:
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
