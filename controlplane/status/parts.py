"""Each part of an installation and how it is, from what can be seen without disturbing it."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from apps.accounts.models import Team
from apps.core.redis import get_redis
from apps.gateway import queries as gateway_queries
from apps.gateway.dataplane.snapshot import SNAPSHOT_KEY
from apps.models.queries.deployments import list_deployments
from apps.models.states.deployments import DeploymentState
from apps.nodes.queries import list_nodes
from apps.nodes.states import NodeState
from apps.operations.queries import list_operations
from apps.operations.states import OperationState
from worker_jobs.status import HEARTBEATS, SCHEDULER, WORKER

PartState = Literal["good", "attention", "bad"]
Verdict = Literal["works", "serving", "not_serving"]

SILENT_SECONDS = 15.0
SCHEDULER_SILENT_SECONDS = 30.0
QUEUED_TOO_LONG = timedelta(seconds=60)
USAGE_LATE_SECONDS = 60.0
DISK_LOW_SHARE = 0.10
DISK_LOW_BYTES = 5 * 10**9
DISK_FULL_BYTES = 5 * 10**8
NOTHING_DEPLOYED = "No model is deployed."
# Without these no request is answered; the gateway itself goes on when the others are away.
SERVING_PARTS = frozenset({"gateway", "deployments"})


@dataclass(frozen=True)
class Part:
    """How one part is. `evidence` is a sentence about what was seen."""

    name: str
    title: str
    state: PartState
    evidence: str
    since: datetime | None = None
    fix: str = ""


@dataclass(frozen=True)
class Status:
    verdict: Verdict
    sentence: str
    parts: tuple[Part, ...]


def read_status(*, team: Team) -> Status:
    """Every part as it is now; one that cannot be asked is bad and says so."""
    parts = tuple(_looked_at(name, title, look, team) for name, (title, look) in _PARTS.items())
    wrong = [part for part in parts if part.state != "good"]
    down = [part for part in wrong if part.state == "bad" and part.name in SERVING_PARTS]
    verdict: Verdict = "not_serving" if down else "serving" if wrong else "works"
    return Status(verdict=verdict, sentence=_sentence(verdict, wrong, down), parts=parts)


def _sentence(verdict: Verdict, wrong: list[Part], down: list[Part]) -> str:
    if verdict == "works":
        return "Everything works."
    if verdict == "serving" and [part.evidence for part in wrong] == [NOTHING_DEPLOYED]:
        return "Everything runs. No model is deployed yet."
    names = ", ".join(part.title.lower() for part in (down or wrong))
    if verdict == "not_serving":
        return f"Requests are not answered. Look at: {names}."
    return f"Requests are answered. Needs a look: {names}."


@dataclass(frozen=True)
class _Seen:
    state: PartState
    evidence: str
    since: datetime | None = None
    fix: str = ""


_Look = Callable[[Team], _Seen]


def _looked_at(name: str, title: str, look: _Look, team: Team) -> Part:
    try:
        seen = look(team)
    except redis.RedisError as problem:
        seen = _Seen("bad", f"Redis does not answer ({type(problem).__name__}).", fix=_REDIS_FIX)
    except DatabaseError as problem:
        seen = _Seen(
            "bad", f"Postgres does not answer ({type(problem).__name__}).", fix=_POSTGRES_FIX
        )
    return Part(name, title, seen.state, seen.evidence, seen.since, seen.fix)


_REDIS_FIX = "`make status` shows whether Redis runs; its log is var/log/redis.log."
_POSTGRES_FIX = "`make status` shows whether Postgres runs; its log is var/log/postgres.log."
_WORKER_FIX = "`make status` shows whether the worker runs; its log is var/log/worker.log."


def _gateway(team: Team) -> _Seen:
    if not get_redis().exists(SNAPSHOT_KEY):
        return _Seen(
            "attention",
            "No table of routes has been published yet.",
            fix="A worker publishes it within seconds; look at the workers if it does not.",
        )
    last = gateway_queries.list_requests(team=team).order_by("-at").first()
    if last is None:
        return _Seen("good", "The table of routes is published; nobody has asked anything yet.")
    return _Seen(
        "good", f"Last request {_ago(last.at)}, answered with {last.status}.", since=last.at
    )


def _control_plane(_: Team) -> _Seen:
    return _Seen("good", "It has put this answer together.")


def _workers(team: Team) -> _Seen:
    beats = _heartbeats()
    alive = [at for name, at in beats.items() if name.startswith(f"{WORKER} ")]
    alive = [at for at in alive if time.time() - at < SILENT_SECONDS]
    if not alive:
        return _Seen("bad", "No worker has been heard of; operations wait.", fix=_WORKER_FIX)
    said = f"{len(alive)} worker{'s' if len(alive) > 1 else ''}, last heard {_ago(_moment(alive))}."
    waiting = list_operations(team=team, state=OperationState.QUEUED)
    late = waiting.filter(created_at__lt=timezone.now() - QUEUED_TOO_LONG).count()
    if late:
        return _Seen(
            "attention",
            f"{said} {late} operation{'s have' if late > 1 else ' has'} waited for over a minute.",
            since=_moment(alive),
            fix="Wait for the running operations, or cancel one on the Operations page.",
        )
    return _Seen("good", said, since=_moment(alive))


def _scheduler(_: Team) -> _Seen:
    at = _heartbeats().get(SCHEDULER)
    if at is None or time.time() - at > SCHEDULER_SILENT_SECONDS:
        return _Seen(
            "bad",
            "No periodic job has run lately: what changes by itself goes unnoticed.",
            since=_moment([at]) if at else None,
            fix="`make status` shows whether beat runs; its log is var/log/beat.log.",
        )
    return _Seen("good", f"The last periodic job ran {_ago(_moment([at]))}.", since=_moment([at]))


def _database(_: Team) -> _Seen:
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    return _Seen("good", f"Postgres answered in {(time.perf_counter() - began) * 1000:.1f} ms.")


def _cache(_: Team) -> _Seen:
    began = time.perf_counter()
    get_redis().ping()
    return _Seen("good", f"Redis answered in {(time.perf_counter() - began) * 1000:.1f} ms.")


def _usage(_: Team) -> _Seen:
    way = gateway_queries.look_at_usage_way()
    if way.problems:
        return _Seen(
            "bad", way.problems[0], fix=f"{_WORKER_FIX} What waits is delivered by itself."
        )
    if way.oldest_seconds > USAGE_LATE_SECONDS:
        return _Seen(
            "attention",
            f"Usage waits in Redis for a worker, since {way.oldest_seconds / 60:.0f} minutes. "
            "Nothing is lost: Redis takes 256 MB of it, then each gateway process 256 MB on its "
            "disk.",
            fix=_WORKER_FIX,
        )
    return _Seen("good", "What requests cost is written down as it comes.")


def _nodes(team: Team) -> _Seen:
    nodes = list(list_nodes(team=team))
    ready = [node for node in nodes if node.state == NodeState.READY]
    if not nodes:
        return _Seen(
            "attention",
            "No machine is enrolled yet.",
            fix="This machine enrols itself when a worker starts; look at the workers.",
        )
    said = f"{len(ready)} of {len(nodes)} ready."
    others = [node for node in nodes if node.state != NodeState.READY]
    if others:
        worst = others[0]
        return _Seen(
            "attention",
            f"{said} {worst.name} is {worst.state}: {worst.state_reason}".rstrip(": "),
            since=worst.state_since,
            fix="Open it on the Nodes page; it says why and what can be done.",
        )
    return _Seen("good", said)


def _deployments(team: Team) -> _Seen:
    rows = [row for row in list_deployments(team=team) if row.state != DeploymentState.STOPPED]
    answering = [row for row in rows if row.state in _ANSWERING]
    others = [row for row in rows if row.state not in _WELL]
    if not rows:
        return _Seen(
            "attention",
            NOTHING_DEPLOYED,
            fix="Choose one on the Models page and deploy it.",
        )
    said = f"{len(answering)} of {len(rows)} answer."
    if not others:
        return _Seen("good", said)
    worst = others[0]
    return _Seen(
        "attention" if answering else "bad",
        f"{said} {worst.name} is {worst.state}: {worst.state_reason}".rstrip(": "),
        since=worst.state_since,
        fix="Open it on the Deployments page; “Why” lists the ways out.",
    )


def _upstreams(team: Team) -> _Seen:
    """Servers that routes lead to; those nobody uses trouble nobody."""
    used = [row for row in gateway_queries.list_upstreams(team=team) if row.targets.all()]
    if not used:
        return _Seen("good", "No route leads to an upstream.")
    gateway_queries.add_circuits(used)
    silent = [row for row in used if row.problem]
    avoided = [row for row in used if row.circuits and not row.problem]
    said = f"{len(used) - len(silent) - len(avoided)} of {len(used)} answer."
    if silent:
        worst = silent[0]
        return _Seen(
            "attention",
            f"{said} {worst.name}: {worst.problem}",
            since=worst.state_since,
            fix="Open it on the Upstreams page; it is asked again every minute.",
        )
    if avoided:
        worst, report = avoided[0], avoided[0].circuits[0]
        return _Seen(
            "attention",
            f"{said} Requests pass {worst.name} over: it {report.reason}.",
            since=datetime.fromtimestamp(report.since, UTC),
            fix="It is tried again by itself; the Upstreams page says when.",
        )
    return _Seen("good", said)


_WELL = frozenset({DeploymentState.READY, DeploymentState.ASLEEP})
_ANSWERING = _WELL | {DeploymentState.DEGRADED}


def _model_storage(_: Team) -> _Seen:
    try:
        disk = shutil.disk_usage(_existing(Path(settings.MODELS_DIR)))
    except OSError as problem:
        return _Seen("bad", f"{settings.MODELS_DIR} cannot be read: {problem.strerror}.")
    said = f"{disk.free / 1e9:.1f} GB free of {disk.total / 1e9:.0f} GB."
    fix = "Delete AI models nobody uses, or point HEARTH_VAR at a larger disk."
    if disk.free < DISK_FULL_BYTES:
        return _Seen("bad", said, fix=fix)
    if disk.free < DISK_LOW_BYTES and disk.free < disk.total * DISK_LOW_SHARE:
        return _Seen("attention", said, fix=fix)
    return _Seen("good", said)


_PARTS: dict[str, tuple[str, _Look]] = {
    "gateway": ("Gateway", _gateway),
    "control_plane": ("Control plane", _control_plane),
    "workers": ("Workers", _workers),
    "scheduler": ("Scheduler", _scheduler),
    "database": ("Database", _database),
    "cache": ("Cache", _cache),
    "usage": ("Usage", _usage),
    "nodes": ("Nodes", _nodes),
    "deployments": ("Deployments", _deployments),
    "upstreams": ("Upstreams", _upstreams),
    "model_storage": ("Model storage", _model_storage),
}


def _heartbeats() -> dict[str, float]:
    return {str(name): float(at) for name, at in dict(get_redis().hgetall(HEARTBEATS)).items()}


def _moment(times: list[float]) -> datetime:
    return datetime.fromtimestamp(max(times), tz=UTC)


def _existing(path: Path) -> Path:
    """The path or the nearest folder above it that is there."""
    return next(each for each in _upwards(path) if each.exists())


def _upwards(path: Path) -> Iterator[Path]:
    yield path
    yield from path.parents


def _ago(moment: datetime) -> str:
    seconds = (timezone.now() - moment).total_seconds()
    for size, word in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {word}{'s' if count > 1 else ''} ago"
    return f"{max(0, int(seconds))} s ago"
