"""Passing on what model servers write to the log of the operation that starts them."""

from apps.models.models import Deployment
from apps.models.states.deployments import ReplicaState
from worker_jobs.operation_job import OperationRun
from worker_jobs.runtimes.registry import get_runtime

LINES_AT_ONCE = 200


class LogFollower:
    """Remembers how far each replica's log has been passed on, and what was said last."""

    def __init__(self, run: OperationRun) -> None:
        self.run = run
        self.since = run.operation.started_at or run.operation.created_at
        self.last: dict[str, int] = {}
        self.said: dict[str, str] = {}

    def pass_on(self, deployment: Deployment) -> None:
        """New lines of every replica, and each new sentence about it."""
        runtime = get_runtime(deployment.runtime)
        for replica in deployment.replicas.all():
            key, label = str(replica.pk), f"[{replica.position}]"
            log = runtime.logs(key, after=self.last.get(key, 0), limit=LINES_AT_ONCE)
            self.last[key] = log.last_sequence
            for line in log.items:
                if line.at >= self.since:
                    self.run.log(f"{label} {line.text}")
            said = replica.state_reason or f"It is {replica.state}."
            if self.said.get(key) != said:
                self.said[key] = said
                bad = replica.state == ReplicaState.FAILED
                self.run.log(f"{label} {said}", level="error" if bad else "info")
