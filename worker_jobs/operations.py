"""The reaper: no operation stays stuck because a worker, a message or a deadline went by."""

import logging

import psutil
from celery.signals import worker_ready, worker_shutting_down
from django.core.management import call_command
from django.db import DatabaseError, connections

from apps.operations import actions, queries
from worker_jobs.leases import interrupt_all
from worker_jobs.operation_job import JOBS, settle, worker_host
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


@periodic(every=3600)
def sweep_old_rows() -> None:
    """Drop what nobody can use any more: sessions that have run out, logs of long ago."""
    call_command("clearsessions")
    actions.drop_old_logs()


@worker_ready.connect
def take_over(**_: object) -> None:
    """A worker that starts goes on where one on this machine was stopped or killed."""
    try:
        for operation in queries.list_running_operations():
            host, _separator, pid = operation.worker.rpartition(":")
            if host == worker_host() and not psutil.pid_exists(int(pid)):
                actions.end_lease(operation_id=operation.pk, worker=operation.worker)
        reap_operations()
        for operation in queries.list_waiting_operations():
            actions.resend_message(operation_id=operation.pk)
    except DatabaseError as error:
        logger.warning("nothing taken over; the reaper will", extra={"error": str(error)})
    finally:
        connections.close_all()


@worker_shutting_down.connect
def release_operations(**_: object) -> None:
    """Let the jobs put their operations back before the process ends."""
    interrupt_all()
