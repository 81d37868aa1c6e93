"""@periodic(every=…): jobs that beat sends again and again."""

import logging
import threading
from collections.abc import Callable

from celery import current_app, shared_task

logger = logging.getLogger(__name__)

Job = Callable[[], None]


def periodic(*, every: float) -> Callable[[Job], Job]:
    """Register a job that runs every so many seconds, never beside itself in one worker.

    It takes no arguments and makes rows and reality agree: missing a turn must not matter.
    """

    def register(job: Job) -> Job:
        name = f"{job.__module__}.{job.__name__}"
        running = threading.Lock()

        @shared_task(name=name)
        def consume() -> None:
            if not running.acquire(blocking=False):
                logger.info("still at the last turn", extra={"job": name})
                return
            try:
                job()
            finally:
                running.release()

        current_app.conf.beat_schedule[name] = {
            "task": name,
            "schedule": every,
            # Turns nobody took are dropped, so that a worker that comes back is not flooded.
            "options": {"expires": max(every, 1.0)},
        }
        return job

    return register
