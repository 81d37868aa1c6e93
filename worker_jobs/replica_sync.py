"""The periodic look at the runtimes: whatever rows and reality disagree about is put right here.

Each turn starts from everything there is, so a missed one costs two seconds and nothing else.
"""

import logging
import threading
import time
from datetime import UTC, datetime

import redis
from celery.signals import worker_ready, worker_shutting_down
from django.db import DatabaseError, connections
from django.utils import timezone

from apps.core.errors import InvalidTransition
from apps.core.redis import get_redis
from apps.core.transitions import explain_state
from apps.models.actions import replicas as actions
from apps.models.actions.replicas import load_seconds
from apps.models.models import Deployment, Replica
from apps.models.queries.deployments import (
    find_deployment,
    list_deployment_ids,
    list_replica_ids,
)
from apps.models.states.deployments import DeploymentState, ReplicaState
from worker_jobs.locks import deployment_lock, sync_lock
from worker_jobs.periodic import periodic
from worker_jobs.replicas import (
    GRACE_SECONDS,
    RUNNING_STATES,
    converge_aside,
    is_idle,
    observe,
    publish_if_changed,
    record,
    start_replica,
    stop_replica,
    wants_an_answer,
)
from worker_jobs.runtimes.probe import lives
from worker_jobs.runtimes.protocol import RuntimeUnavailable
from worker_jobs.runtimes.registry import RUNTIMES

SYNC_SECONDS = 2.0
FOLLOW_SECONDS = 1.5
FOLLOW_LOOK_SECONDS = 0.2
NEW_SECONDS = 10.0
ACTIVITY_HASH = "hearth:gateway:activity"
SILENT_HASH = "hearth:models:silent"
SILENT_SECONDS = 20.0  # a model server that says nothing for so long is started again
HEARD_SECONDS = 1.0  # until every gateway knows that nothing may be sent there any more
LONGEST_REQUEST_SECONDS = 600.0
DRAIN_SECONDS = 12.0  # longer than an operation that stops replicas waits by itself

logger = logging.getLogger(__name__)

_stopping = threading.Event()


@periodic(every=SYNC_SECONDS)
def sync_replicas() -> None:
    with sync_lock() as mine:
        if not mine:
            return
        activity = _activity()
        starting = [each for each in list_deployment_ids() if _sync(each, activity.get(each))]
        _clear_strays()
        publish_if_changed()
        _follow(starting)


def _follow(deployment_ids: list[int]) -> None:
    """Small models load within a second: stay with those just started instead of coming back."""
    end = time.monotonic() + FOLLOW_SECONDS
    while deployment_ids and time.monotonic() < end:
        time.sleep(FOLLOW_LOOK_SECONDS)
        deployment_ids = [each for each in deployment_ids if _sync(each, None)]


@worker_ready.connect
def look_at_once(**_: object) -> None:
    """What ran before a restart of everything need not wait for the scheduler's first turn."""
    _stopping.clear()
    threading.Thread(target=_first_look, name="first-look", daemon=True).start()


@worker_shutting_down.connect
def look_no_more(**_: object) -> None:
    """Where everything is being stopped, a model server that ends is not started again."""
    _stopping.set()


def _first_look() -> None:
    try:
        sync_replicas()
    except (DatabaseError, redis.RedisError) as problem:
        logger.warning("first look failed", extra={"error": str(problem)})
    finally:
        connections.close_all()


def _sync(deployment_id: int, used_at: datetime | None) -> bool:
    """One look at one deployment; whether a replica of it was started a moment ago."""
    if _stopping.is_set():
        return False
    with deployment_lock(deployment_id) as held:
        deployment = find_deployment(deployment_id=deployment_id) if held else None
        if deployment is None:
            return not held  # somebody else is at it; or it was deleted a moment ago
        try:
            _sync_held(deployment, used_at)
        except RuntimeUnavailable as problem:
            explain_state(deployment, reason=str(problem))
        except InvalidTransition as moved:
            logger.info("moved meanwhile", extra={"deployment": deployment_id, "why": str(moved)})
        return any(_is_newly_started(replica) for replica in deployment.replicas.all())


def _is_newly_started(replica: Replica) -> bool:
    return (
        replica.state == ReplicaState.STARTING
        and replica.started_at is not None
        and (timezone.now() - replica.started_at).total_seconds() < NEW_SECONDS
    )


def _sync_held(deployment: Deployment, used_at: datetime | None) -> None:
    if used_at is not None:
        actions.note_use(deployment=deployment, at=used_at)
    if _is_overdue(deployment):
        actions.mark_failed(
            deployment=deployment,
            reason=f"It stayed {deployment.state} for too long. Last: {deployment.state_reason}",
        )
    if deployment.state == DeploymentState.ASLEEP and deployment.keep_warm:
        actions.wake(deployment=deployment, reason="It is to be kept warm now.")
    if deployment.state in RUNNING_STATES:
        observed = observe(deployment)
        record(deployment, observed)
        if _restart_the_hanging(deployment):
            return
        if wants_an_answer(deployment, observed):
            converge_aside(deployment.pk)
        _unload_if_idle(deployment)
    elif deployment.state != DeploymentState.PENDING:
        _end_replicas(deployment)


def _age(deployment: Deployment) -> float:
    """Seconds since it came to its state."""
    return (timezone.now() - deployment.state_since).total_seconds()


def _is_overdue(deployment: Deployment) -> bool:
    deadline = deployment.state_deadline
    return deadline is not None and timezone.now() > deadline


def _unload_if_idle(deployment: Deployment) -> None:
    """Let it fall asleep; its memory is given back by the next turn, when nothing is in flight."""
    if deployment.state != DeploymentState.READY or deployment.keep_warm:
        return
    since = max(filter(None, (deployment.last_used_at, deployment.state_since)))
    idle = (timezone.now() - since).total_seconds()
    if deployment.idle_seconds and idle >= deployment.idle_seconds and is_idle(deployment):
        actions.fall_asleep(deployment=deployment)
        publish_if_changed()


def _end_replicas(deployment: Deployment) -> None:
    """Nothing of it is meant to run. One that falls asleep or stops first finishes its requests."""
    polite = _age(deployment) < _PATIENCE.get(deployment.state, 0.0)
    if deployment.state == DeploymentState.ASLEEP and _age(deployment) < HEARD_SECONDS:
        return
    observed = observe(deployment)
    alive = {key for key, seen in observed.items() if seen.alive}
    if polite and alive and not is_idle(deployment):
        return
    for replica in deployment.replicas.all():
        if str(replica.pk) in alive or replica.state not in _AT_REST:
            stop_replica(deployment, replica, reason=deployment.state_reason)
    actions.mark_stopped(deployment=deployment)


# How long requests in flight may go on, in seconds, by the state that ends them.
_PATIENCE: dict[str, float] = {
    DeploymentState.ASLEEP: LONGEST_REQUEST_SECONDS,
    DeploymentState.STOPPING: DRAIN_SECONDS,
}
_AT_REST = frozenset({ReplicaState.STOPPED, ReplicaState.FAILED, ReplicaState.PENDING})


def _restart_the_hanging(deployment: Deployment) -> bool:
    """A model server that hangs neither ends nor answers; nobody but us notices."""
    restarted = False
    for replica in deployment.replicas.all():
        if replica.state == ReplicaState.READY:
            seconds = _silent_for(replica)
            reason = f"It did not answer for {seconds:.0f} s and was started again."
            hangs = seconds >= SILENT_SECONDS
        else:
            seconds = (timezone.now() - replica.state_since).total_seconds()
            reason = f"It did not load within {seconds:.0f} s and was started again."
            hangs = replica.state == ReplicaState.STARTING and seconds > 2 * load_seconds(
                deployment
            )
        if hangs:
            stop_replica(deployment, replica, reason=reason)
            start_replica(deployment, replica, reason=reason)
            restarted = True
    return restarted


def _silent_for(replica: Replica) -> float:
    """Seconds since a ready replica last answered; 0 when it does."""
    key, now = str(replica.pk), timezone.now().timestamp()
    if lives(replica.url):
        get_redis().hdel(SILENT_HASH, key)
        return 0.0
    get_redis().hsetnx(SILENT_HASH, key, str(now))
    return now - float(str(get_redis().hget(SILENT_HASH, key) or now))


def _clear_strays() -> None:
    """End and remove what runs for no row: its deployment was deleted or became smaller."""
    for name, runtime in RUNTIMES.items():
        try:
            known = list_replica_ids()
            for seen in runtime.observe():
                if seen.replica_id not in known:
                    runtime.stop(seen.replica_id, grace_seconds=GRACE_SECONDS)
                    runtime.forget(seen.replica_id)
        except RuntimeUnavailable as problem:
            logger.warning("strays not cleared", extra={"runtime": name, "error": str(problem)})


def _activity() -> dict[int, datetime]:
    """When each deployment was last used, as the gateways tell."""
    try:
        told = get_redis().hgetall(ACTIVITY_HASH)
    except redis.RedisError as problem:
        logger.warning("activity not read", extra={"error": str(problem)})
        return {}
    return {
        int(key): datetime.fromtimestamp(float(value), tz=UTC) for key, value in dict(told).items()
    }
