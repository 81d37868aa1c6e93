"""Signs of life: the worker's own, the scheduler's by way of it, and an answer when asked."""

import logging
import os
import socket
import threading
import time

import redis
from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down

from apps.core.redis import get_redis
from worker_jobs.periodic import periodic

HEARTBEATS = "hearth:heartbeats"  # a hash: part and process → unix seconds
SCHEDULER = "scheduler"
WORKER = "worker"
BEAT_SECONDS = 3.0
SCHEDULED_SECONDS = 5.0
FORGOTTEN_SECONDS = 600.0
ANSWER_TASK = "worker_jobs.status.answer_probe"
ANSWER_KEPT_SECONDS = 60

logger = logging.getLogger(__name__)

_stopping = threading.Event()


def answer_key(token: str) -> str:
    """The Redis list on which the answer to one question arrives."""
    return f"hearth:probe:{token}"


@worker_ready.connect
def start_beating(**_: object) -> None:
    """Say every few seconds that this worker works."""
    _stopping.clear()
    threading.Thread(target=_beat, name="heartbeat", daemon=True).start()


@worker_shutting_down.connect
def stop_beating(**_: object) -> None:
    _stopping.set()


@periodic(every=SCHEDULED_SECONDS)
def note_schedule() -> None:
    """That this runs at all proves the scheduler, the queue and a worker."""
    get_redis().hset(HEARTBEATS, SCHEDULER, str(time.time()))


@shared_task(name=ANSWER_TASK, acks_late=False)
def answer_probe(*, token: str) -> None:
    """The worker's half of a round trip that somebody waits for."""
    key = answer_key(token)
    get_redis().rpush(key, worker_name())
    get_redis().expire(key, ANSWER_KEPT_SECONDS)


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _beat() -> None:
    mine = f"{WORKER} {worker_name()}"
    while True:
        try:
            get_redis().hset(HEARTBEATS, mine, str(time.time()))
            _forget_the_dead()
        except redis.RedisError as problem:
            logger.warning("heartbeat not sent", extra={"error": str(problem)})
        if _stopping.wait(BEAT_SECONDS):
            break
    try:
        get_redis().hdel(HEARTBEATS, mine)
    except redis.RedisError as problem:
        logger.warning("heartbeat not withdrawn", extra={"error": str(problem)})


def _forget_the_dead() -> None:
    beats = dict(get_redis().hgetall(HEARTBEATS))
    old = time.time() - FORGOTTEN_SECONDS
    for name, at in beats.items():
        if str(name).startswith(WORKER) and float(at) < old:
            get_redis().hdel(HEARTBEATS, str(name))
