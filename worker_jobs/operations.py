"""The reaper: no operation stays stuck because a worker, a message or a deadline went by."""

import logging

from celery.signals import worker_shutting_down

from apps.operations import actions, queries
from worker_jobs.leases import interrupt_all
from worker_jobs.operation_job import JOBS, settle
from worker_jobs.periodic import periodic

logger = logging.getLogger(__name__)


@periodic(every=5)
def reap_operations() -> None:
    for operation in queries.list_overdue_operations():
        if actions.expire_operation(operation_id=operation.pk):
            logger.warning("operation overdue", extra={"operation": str(operation.pk)})
    for operation in queries.list_lost_operations():
        job = JOBS.get(operation.kind)
        retry_safe = job is not None and job.retry_safe
        if actions.recover_lost_operation(operation_id=operation.pk, retry_safe=retry_safe):
            logger.warning("worker lost", extra={"operation": str(operation.pk)})
    for operation in queries.list_unsent_operations():
        actions.resend_message(operation_id=operation.pk)
    for operation in queries.list_unsettled_operations():
        settle(operation.pk)


@worker_shutting_down.connect
def release_operations(**_: object) -> None:
    """Let the jobs put their operations back before the process ends."""
    interrupt_all()
