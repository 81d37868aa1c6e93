"""Where replicas run, by the name a deployment gives."""

from worker_jobs.runtimes import local
from worker_jobs.runtimes.protocol import Runtime

RUNTIMES: dict[str, Runtime] = {"local": local}


def get_runtime(name: str) -> Runtime:
    """Raises KeyError for a runtime nobody has written."""
    return RUNTIMES[name]
