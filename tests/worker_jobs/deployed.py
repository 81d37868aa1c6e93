"""Asking for deployments, and reading what became of them."""

from collections.abc import Callable
from typing import Any

import httpx

import worker_jobs.deployments  # noqa: F401 - registers the jobs
from apps.accounts.models import Team, User
from apps.core.models import StateChange
from apps.core.secrets import decrypt
from apps.models.actions import deployments as actions
from apps.models.models import Deployment, Replica
from apps.models.queries.deployments import (
    find_deployment,
    wanted_deployment,
)
from apps.operations.models import Operation

Run = Callable[[Operation], Operation]


def request(team: Team, admin: User, *, force: bool = False, **wanted: Any) -> Operation:
    return actions.deploy_model(
        team=team,
        requested_by=admin,
        wanted=wanted_deployment(
            team=team,
            **{"name": "ops", "ai_model": "opsling", "context_length": 256, **wanted},
        ),
        force=force,
    )


def fresh(deployment_id: int) -> Deployment:
    found = find_deployment(deployment_id=deployment_id)
    assert found is not None
    return found


def replica_of(deployment: Deployment, position: int = 1) -> Replica:
    return Replica.objects.get(deployment=deployment, position=position)


def log_of(operation: Operation) -> str:
    return "\n".join(operation.lines.order_by("sequence").values_list("text", flat=True))


def complete(replica: Replica, **body: object) -> httpx.Response:
    return httpx.post(
        f"{replica.url}/v1/completions",
        json={"prompt": "reboot", "max_tokens": 3, **body},
        headers={"Authorization": f"Bearer {decrypt(replica.sealed_key)}"},
        timeout=30,
        trust_env=False,
    )


def moves_of(row: Deployment | Replica) -> list[str]:
    rows = StateChange.objects.filter(subject=row.SUBJECT, subject_id=str(row.pk))
    return list(rows.order_by("pk").values_list("to_state", flat=True))


def reasons_of(row: Deployment | Replica) -> list[str]:
    rows = StateChange.objects.filter(subject=row.SUBJECT, subject_id=str(row.pk))
    return list(rows.values_list("reason", flat=True))
