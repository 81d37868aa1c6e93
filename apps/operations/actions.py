"""Every write about operations."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from celery import current_app
from django.db import transaction

from apps.accounts.models import Team, User
from apps.core.events import publish
from apps.operations.models import Operation, OperationStep

QUEUES = {"nodes": "provisioning", "models": "deployments"}
DEFAULT_QUEUE = "default"


@dataclass(frozen=True)
class StepSpec:
    """A step as it is planned: `name` for code, `title` for people."""

    name: str
    title: str


@transaction.atomic
def request_operation(
    *,
    kind: str,
    subject_type: str,
    subject_id: str,
    subject_name: str,
    team: Team,
    requested_by: User | None,
    steps: Sequence[StepSpec],
    params: dict[str, Any] | None = None,
) -> Operation:
    """Record the operation with its steps and hand it to a worker once the rows are committed.

    `params` are stored and shown: they never hold a secret.
    """
    operation = Operation.objects.create(
        kind=kind,
        subject_type=subject_type,
        subject_id=subject_id,
        subject_name=subject_name,
        team=team,
        requested_by=requested_by,
        params=params or {},
    )
    OperationStep.objects.bulk_create(
        OperationStep(operation=operation, position=position, name=step.name, title=step.title)
        for position, step in enumerate(steps, start=1)
    )
    publish(subject="operation", subject_id=str(operation.pk), change="created", team_id=team.pk)
    transaction.on_commit(partial(enqueue, operation))
    return operation


def enqueue(operation: Operation) -> None:
    """Send the message by name, so the web process never imports the worker's dependencies."""
    family = operation.kind.partition(".")[0]
    current_app.send_task(
        f"worker_jobs.{operation.kind}",
        kwargs={"operation_id": str(operation.pk)},
        queue=QUEUES.get(family, DEFAULT_QUEUE),
    )
