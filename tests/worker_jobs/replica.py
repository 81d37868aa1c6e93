"""One replica that tests start without any row: its key, and what is seen of it."""

from tests.waiting import eventually
from worker_jobs.runtimes import local
from worker_jobs.runtimes.protocol import ObservedReplica

KEY = "only-for-this-replica"


def seen(replica_id: str = "7") -> ObservedReplica:
    return next(each for each in local.observe() if each.replica_id == replica_id)


def becomes(doing: str, *, within: float = 15.0) -> ObservedReplica:
    return eventually(lambda: seen() if seen().doing == doing else None, within=within)
