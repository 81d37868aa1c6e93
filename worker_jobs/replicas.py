"""Bringing the replicas of one deployment in line with what its rows say.

Everything here looks first and may be done twice, by an operation and by the periodic look at the
same time: a runtime keeps one model server per replica, and rows move by their state machines.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import redis
from django.db import DatabaseError, connections
from django.utils import timezone

from apps.core.errors import InvalidTransition
from apps.core.redis import get_redis
from apps.core.secrets import decrypt
from apps.gateway.actions import publish_routes
from apps.models.actions import replicas as actions
from apps.models.gguf.reader import NotAGGUF, Reader, read_header
from apps.models.models import Deployment, Replica
from apps.models.queries.deployments import find_deployment, list_serving_targets
from apps.models.states.deployments import DeploymentState, ReplicaState
from apps.models.store import blob_path
from worker_jobs.ai_models import find_damage
from worker_jobs.locks import deployment_lock
from worker_jobs.runtimes.probe import NoAnswer, ask, is_busy
from worker_jobs.runtimes.protocol import ObservedReplica, ReplicaSpec, RuntimeUnavailable
from worker_jobs.runtimes.registry import get_runtime

PUBLISHED_KEY = "hearth:models:published"
FIRST_ANSWER_WITHIN = 20.0
GRACE_SECONDS = 5.0
DRAIN_LOOK_SECONDS = 0.2
LOCK_PATIENCE_SECONDS = 30.0
TURNS_ASIDE = 4
RUNNING_STATES = frozenset(
    {DeploymentState.DEPLOYING, DeploymentState.READY, DeploymentState.DEGRADED}
)

Observed = Mapping[str, ObservedReplica]

logger = logging.getLogger(__name__)


def converge(*, deployment_id: int) -> Deployment | None:
    """One turn for a deployment that is meant to run: look, write down, start, ask, publish.

    Returns the deployment as it is now, None when it was deleted. Raises RuntimeUnavailable.
    """
    with deployment_lock(deployment_id, wait_seconds=LOCK_PATIENCE_SECONDS) as held:
        deployment = find_deployment(deployment_id=deployment_id)
        if held and deployment is not None and deployment.state in RUNNING_STATES:
            record(deployment, observe(deployment))
            publish_if_changed()
            if probe(deployment, observe(deployment)):
                publish_if_changed()
    return deployment


def converge_aside(deployment_id: int) -> None:
    """The same in a thread of its own, once at a time: a first answer may take its time."""
    with _aside_lock:
        if deployment_id in _aside:
            return
        _aside.add(deployment_id)
    _pool().submit(_converge_and_forget, deployment_id)


def is_anything_aside() -> bool:
    """Whether a turn that was taken aside is still under way."""
    return bool(_aside)


_aside: set[int] = set()
_aside_lock = threading.Lock()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(TURNS_ASIDE, thread_name_prefix="aside")


def _converge_and_forget(deployment_id: int) -> None:
    try:
        converge(deployment_id=deployment_id)
    except (InvalidTransition, RuntimeUnavailable, DatabaseError) as problem:
        # The next look at the runtimes starts from whatever is so by then.
        logger.info("turn lost", extra={"deployment": deployment_id, "error": str(problem)})
    except Exception:
        logger.exception("turn failed", extra={"deployment": deployment_id})
        raise
    finally:
        connections.close_all()
        with _aside_lock:
            _aside.discard(deployment_id)


def wants_an_answer(deployment: Deployment, observed: Observed) -> bool:
    """A model server of it has loaded and was not asked anything yet."""
    return any(
        replica.state == ReplicaState.STARTING
        and (seen := observed.get(str(replica.pk))) is not None
        and seen.doing == "running"
        for replica in deployment.replicas.all()
    )


def observe(deployment: Deployment) -> dict[str, ObservedReplica]:
    """What its runtime sees of its replicas, by id. Raises RuntimeUnavailable."""
    ids = [str(replica.pk) for replica in deployment.replicas.all()]
    return {seen.replica_id: seen for seen in get_runtime(deployment.runtime).observe(ids)}


def make_spec(deployment: Deployment, replica: Replica) -> ReplicaSpec:
    ai_model = deployment.ai_model
    return ReplicaSpec(
        replica_id=str(replica.pk),
        name=deployment.name,
        model_path=str(blob_path(ai_model.sha256)),
        context_length=deployment.context_length,
        slots=deployment.slots,
        kv_type=deployment.kv_type,
        embedding=is_embedding(deployment),
        api_key=_key(replica),
        threads=deployment.threads,
        node=replica.node.name,
        own_pooling=is_embedding(deployment) and _names_its_pooling(ai_model.sha256),
    )


def _names_its_pooling(sha256: str) -> bool:
    """Whether the file says how the vectors of its tokens become one."""
    try:
        return _reads_pooling(sha256)
    except (OSError, NotAGGUF):
        return False  # the model server says what is wrong with the file


@cache
def _reads_pooling(sha256: str) -> bool:
    with blob_path(sha256).open("rb") as file:
        metadata, _ = read_header(Reader(file, blob_path(sha256).stat().st_size))
    return f"{metadata.get('general.architecture')}.pooling_type" in metadata


def is_embedding(deployment: Deployment) -> bool:
    return deployment.ai_model.task == "embedding"


def start_replica(deployment: Deployment, replica: Replica, *, reason: str) -> None:
    """Start its model server, unless its file is damaged. Raises RuntimeUnavailable."""
    damage = find_damage(deployment.ai_model)
    if not damage:
        get_runtime(deployment.runtime).start(make_spec(deployment, replica))
    actions.move_replica(
        replica=replica,
        to=ReplicaState.STARTING,
        reason=reason,
        changes={
            "started_at": timezone.now(),
            "url": "",
            "memory_bytes": None,
            "measured_peak_bytes": None,
        },
    )
    if damage:
        reason = f"{damage} Fetch the model {deployment.ai_model} again, then restart."
        actions.move_replica(replica=replica, to=ReplicaState.FAILED, reason=reason)


def stop_replica(deployment: Deployment, replica: Replica, *, reason: str) -> None:
    """End its model server, however it is. Raises RuntimeUnavailable."""
    if replica.STATES.allows(replica.state, ReplicaState.STOPPING):
        actions.move_replica(replica=replica, to=ReplicaState.STOPPING, reason=reason)
    get_runtime(deployment.runtime).stop(str(replica.pk), grace_seconds=GRACE_SECONDS)
    if replica.state == ReplicaState.STOPPING:
        actions.move_replica(
            replica=replica,
            to=ReplicaState.STOPPED,
            reason=reason,
            changes={"url": "", "memory_bytes": None},
        )


def drain(deployment: Deployment, replica: Replica, *, within: float) -> None:
    """Wait until it serves no request any more, or the seconds are over."""
    end = time.monotonic() + within
    while time.monotonic() < end and _is_serving(deployment, replica):
        time.sleep(DRAIN_LOOK_SECONDS)


def is_idle(deployment: Deployment) -> bool:
    """None of its model servers works on a request now."""
    return not any(_is_serving(deployment, replica) for replica in deployment.replicas.all())


def _is_serving(deployment: Deployment, replica: Replica) -> bool:
    seen = observe(deployment).get(str(replica.pk))
    return seen is not None and bool(seen.url) and is_busy(seen.url, api_key=_key(replica))


def _key(replica: Replica) -> str:
    return decrypt(replica.sealed_key) if replica.sealed_key else ""


def record(deployment: Deployment, observed: Observed) -> None:
    """Write down what is seen of a deployment that is meant to run, and start what is gone."""
    replicas = list(deployment.replicas.all())
    for replica in replicas:
        _record_replica(deployment, replica, observed.get(str(replica.pk)))
    actions.settle_deployment(deployment=deployment, replicas=replicas)


def probe(deployment: Deployment, observed: Observed) -> bool:
    """Ask every loaded replica that has not answered yet a first question; whether any was."""
    replicas = list(deployment.replicas.all())
    asked = False
    for replica in replicas:
        seen = observed.get(str(replica.pk))
        if seen is not None and seen.doing == "running" and replica.state == ReplicaState.STARTING:
            _ask_first(deployment, replica, seen)
            asked = True
    if asked:
        actions.settle_deployment(deployment=deployment, replicas=replicas)
    return asked


def publish_if_changed() -> bool:
    """Tell the gateways when where requests may go has changed since they were last told."""
    now = hashlib.sha256(str(list_serving_targets()).encode()).hexdigest()
    try:
        if get_redis().get(PUBLISHED_KEY) == now:
            return False
        publish_routes()
        get_redis().set(PUBLISHED_KEY, now)
    except redis.RedisError as problem:
        # The next look at the runtimes tells them: nothing was noted as published.
        logger.warning("routes not published", extra={"error": str(problem)})
        return False
    return True


def _record_replica(deployment: Deployment, replica: Replica, seen: ObservedReplica | None) -> None:
    if replica.state == ReplicaState.STOPPING:  # whoever was stopping it has died
        stop_replica(deployment, replica, reason="It was being replaced.")
        seen = None
    if seen is None or seen.doing in {"gone", "stopped"}:
        _start_again(deployment, replica)
        return
    news = {"restarts": seen.restarts, "exits": list(seen.exits)}
    if seen.doing == "failed":
        actions.move_replica(
            replica=replica, to=ReplicaState.FAILED, reason=seen.reason, changes=news | {"url": ""}
        )
    elif seen.doing == "unknown":
        actions.move_replica(replica=replica, to=ReplicaState.LOST, reason=seen.reason)
    elif _serves_on(replica, seen):
        actions.note_replica(replica=replica, changes=news | {"url": seen.url})
    else:
        actions.move_replica(
            replica=replica, to=ReplicaState.STARTING, reason=_why_starting(seen), changes=news
        )
    if seen.memory_bytes and seen.peak_bytes:
        actions.note_memory(
            deployment=deployment,
            replica=replica,
            memory_bytes=seen.memory_bytes,
            peak_bytes=seen.peak_bytes,
        )


def _serves_on(replica: Replica, seen: ObservedReplica) -> bool:
    """The model server that gave the first answer is still the one that listens."""
    return (
        seen.doing == "running"
        and replica.state == ReplicaState.READY
        and seen.url == replica.url
        and seen.since is not None
        and replica.ready_at is not None
        and seen.since <= replica.ready_at
    )


def _start_again(deployment: Deployment, replica: Replica) -> None:
    """Nothing keeps it alive: the machine or Hearth was started anew, or its runner was killed."""
    if replica.state == ReplicaState.FAILED:
        return  # it was given up; a person decides
    was_up = replica.state in {ReplicaState.READY, ReplicaState.LOST}
    start_replica(
        deployment,
        replica,
        reason="Its model server was gone and is being started again."
        if was_up
        else "Its model server is being started.",
    )


def _why_starting(seen: ObservedReplica) -> str:
    if seen.doing == "running":
        last = seen.exits[-1]["said"] if seen.exits and seen.restarts else ""
        return f"{last} It runs again; waiting for a first answer.".strip() if last else _LOADED
    if seen.doing == "waiting":
        return seen.reason
    return "The model is being loaded."


_LOADED = "The model is loaded; waiting for a first answer."


def _ask_first(deployment: Deployment, replica: Replica, seen: ObservedReplica) -> None:
    try:
        ask(
            seen.url,
            api_key=_key(replica),
            name=deployment.name,
            embedding=is_embedding(deployment),
            within=FIRST_ANSWER_WITHIN,
        )
    except NoAnswer as problem:
        actions.move_replica(replica=replica, to=ReplicaState.STARTING, reason=str(problem))
        return
    actions.move_replica(
        replica=replica,
        to=ReplicaState.READY,
        reason="",
        changes={"url": seen.url, "ready_at": timezone.now()},
    )
