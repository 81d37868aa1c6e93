"""Asking upstreams whether they answer, when somebody says so and every minute."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from cryptography.fernet import InvalidToken
from django.utils import timezone

from apps.core import secrets
from apps.gateway import actions, queries
from apps.gateway.dataplane.table_build import parse_base_url
from apps.gateway.models import Upstream
from worker_jobs.adapters.openai_server import Offer, ServerSilent, find_spoken, list_models
from worker_jobs.operation_job import OperationFailed, OperationRun, operation_job
from worker_jobs.periodic import periodic

PROBE_SECONDS = 60.0
_FRESH = timedelta(seconds=45)  # another worker has asked already
_AT_ONCE = 8


@dataclass(frozen=True)
class _Place:
    """How an upstream is asked: nothing of it is read from the database in another thread."""

    base_url: str
    api_key: str
    speaks: tuple[str, ...]


@operation_job(actions.PROBE_UPSTREAM)
def probe_upstream(run: OperationRun) -> None:
    upstream = queries.find_upstream(upstream_id=int(run.operation.subject_id))
    if upstream is None:
        raise OperationFailed("The upstream was removed before it was asked.")
    with run.step("probe"):
        try:
            place = _place(upstream)
            offer = _ask(place)
        except ServerSilent as problem:
            actions.note_probe(upstream=upstream, problem=str(problem))
            raise OperationFailed(
                str(problem), fix="Correct its address or key; it is asked again when you say so."
            ) from problem
        spoken = find_spoken(base_url=place.base_url, api_key=place.api_key, speaks=place.speaks)
        actions.note_probe(
            upstream=upstream, models=offer.models, latency_ms=offer.latency_ms, speaks=spoken
        )
        actions.forget_old_probes(upstream=upstream)
        run.log(f"{len(offer.models)} models: {', '.join(offer.models[:20])}")


@periodic(every=PROBE_SECONDS)
def probe_upstreams_in_use() -> None:
    """Look at every upstream that a route leads to. Ones nobody uses are not disturbed."""
    stale = timezone.now() - _FRESH
    upstreams = [
        upstream
        for upstream in queries.list_upstreams_in_use()
        if upstream.probed_at is None or upstream.probed_at < stale
    ]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(_look, upstreams))
    for upstream, outcome in zip(upstreams, found, strict=True):
        if isinstance(outcome, Offer):
            actions.note_probe(
                upstream=upstream, models=outcome.models, latency_ms=outcome.latency_ms
            )
        else:
            actions.note_probe(upstream=upstream, problem=outcome)
        actions.forget_old_probes(upstream=upstream)


def _look(upstream: Upstream) -> Offer | str:
    """What it offers, or why nobody knows."""
    try:
        return _ask(_place(upstream))
    except ServerSilent as problem:
        return str(problem)


def _place(upstream: Upstream) -> _Place:
    """Raises ServerSilent when its address or key cannot be used any more."""
    try:
        address = parse_base_url(upstream.base_url)
    except ValueError as problem:
        raise ServerSilent(f"Its address cannot be used. {problem}") from problem
    scheme = "https" if address.secure else "http"
    try:
        key = secrets.decrypt(upstream.sealed_key) if upstream.sealed_key else ""
    except InvalidToken as problem:
        raise ServerSilent(
            "Its API key was stored under another secret of this installation; set it anew."
        ) from problem
    base_url = f"{scheme}://{address.authority.decode()}{address.path}"
    return _Place(base_url, key, tuple(upstream.speaks))


def _ask(place: _Place) -> Offer:
    return list_models(base_url=place.base_url, api_key=place.api_key, speaks=place.speaks)
