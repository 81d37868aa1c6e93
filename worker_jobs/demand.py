"""Waking what is asleep as soon as somebody asks for it."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import redis
from celery.signals import worker_ready, worker_shutting_down
from django.db import InterfaceError, OperationalError, connections

from apps.core.errors import InvalidTransition
from apps.core.redis import blocking_redis
from apps.core.transitions import explain_state
from apps.models.actions import replicas as actions
from apps.models.models import Deployment
from apps.models.queries.deployments import find_deployment, wanted_from
from apps.models.queries.placement import preview_deployment
from apps.models.states.deployments import DeploymentState
from worker_jobs.replicas import converge
from worker_jobs.runtimes.protocol import RuntimeUnavailable

DEMAND_STREAM = "hearth:gateway:demand"
BLOCK_SECONDS = 2.0
PAUSE_SECONDS = 1.0
LOOK_BACK_SECONDS = 15.0  # what was asked for while no worker listened
LOOK_SECONDS = 0.02
WAKES_AT_ONCE = 4

logger = logging.getLogger(__name__)

_stopping = threading.Event()


@worker_ready.connect
def listen_for_demand(**_: object) -> None:
    """Start the listener once the worker works."""
    _stopping.clear()
    threading.Thread(target=listen, args=(_stopping,), name="demand", daemon=True).start()


@worker_shutting_down.connect
def stop_listening(**_: object) -> None:
    _stopping.set()


def listen(stopping: threading.Event) -> None:
    """Wake the deployments that the stream names, until told to stop."""
    seen = f"{int((time.time() - LOOK_BACK_SECONDS) * 1000)}-0"
    with ThreadPoolExecutor(WAKES_AT_ONCE, thread_name_prefix="wake") as pool:
        while not stopping.is_set():
            try:
                seen = _listen_once(pool, seen)
            except redis.RedisError as problem:
                logger.warning("demand not heard", extra={"error": str(problem)})
                stopping.wait(PAUSE_SECONDS)


def _listen_once(pool: ThreadPoolExecutor, seen: str) -> str:
    """Wait for entries after the one seen last; the id of the newest. Raises redis.RedisError."""
    with blocking_redis(block_seconds=BLOCK_SECONDS) as client:
        answer: Any = client.xread({DEMAND_STREAM: seen}, block=int(BLOCK_SECONDS * 1000))
    for _stream, entries in answer or []:
        for entry_id, fields in entries:
            seen = entry_id
            if str(fields.get("deployment_id", "")).isdigit():
                pool.submit(wake, int(fields["deployment_id"]))
    return seen


def wake(deployment_id: int) -> None:
    """Load a deployment that is asleep. Whoever moves it out of that state does the work."""
    try:
        deployment = find_deployment(deployment_id=deployment_id)
        if deployment is None or deployment.state != DeploymentState.ASLEEP:
            return
        if _has_room(deployment) and actions.wake(deployment=deployment):
            _load(deployment_id)
    except (OperationalError, InterfaceError) as problem:
        # The periodic look goes on with what was begun; the gateway asks again for the rest.
        logger.warning("not woken", extra={"deployment": deployment_id, "error": str(problem)})
    except Exception:
        logger.exception("waking failed", extra={"deployment": deployment_id})
        raise
    finally:
        connections.close_all()


def _has_room(deployment: Deployment) -> bool:
    preview = preview_deployment(
        team=deployment.team, wanted=wanted_from(deployment), replaces=deployment
    )
    if not preview.fits:
        explain_state(deployment, reason=f"It was asked for, but: {preview.sentence}")
    return preview.fits


def _load(deployment_id: int) -> None:
    """Take one turn after the other until it answers or is given up."""
    while not _stopping.is_set():
        try:
            deployment = converge(deployment_id=deployment_id)
        except (InvalidTransition, RuntimeUnavailable) as problem:
            logger.warning("load", extra={"deployment": deployment_id, "error": str(problem)})
            return  # the periodic look says why and goes on
        if deployment is None or deployment.state != DeploymentState.DEPLOYING:
            return
        time.sleep(LOOK_SECONDS)
