"""Every write by which worker jobs make deployments and replicas say what is so."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.core.errors import InvalidTransition
from apps.core.events import publish
from apps.core.secrets import encrypt
from apps.core.transitions import explain_state, transition
from apps.models.models import Deployment, MemoryMeasurement, Replica
from apps.models.queries.placement import Placement
from apps.models.states.deployments import (
    WANTED_STATES,
    DeploymentState,
    ReplicaState,
    state_from_replicas,
)

LOAD_SECONDS = 60  # what starting may take at least …
LOAD_BYTES_PER_SECOND = 25_000_000  # … and how fast a model must come from the disk
WAKE_SECONDS = 120
ASKED_FOR = "A request asked for it; it is being loaded."
USE_RESOLUTION = timedelta(seconds=30)
MEMORY_RESOLUTION = 0.01  # smaller changes are not worth a write

Columns = dict[str, Any]


def load_seconds(deployment: Deployment) -> float:
    """How long its model may take from a start to a first answer."""
    return LOAD_SECONDS + (deployment.ai_model.size_bytes or 0) / LOAD_BYTES_PER_SECOND


def load_deadline(deployment: Deployment) -> datetime:
    """When a start that has not led to an answer counts as failed."""
    return timezone.now() + timedelta(seconds=load_seconds(deployment))


@transaction.atomic
def place_replicas(
    *, deployment: Deployment, placements: Sequence[Placement]
) -> tuple[list[Replica], list[Replica]]:
    """Make the rows for these places. Returns (the replicas to run, those that are too many)."""
    have = {row.position: row for row in deployment.replicas.select_for_update()}
    wanted = [_place(deployment, place, have.pop(place.position, None)) for place in placements]
    return wanted, list(have.values())


def _place(deployment: Deployment, place: Placement, row: Replica | None) -> Replica:
    if row is None:
        row = Replica.objects.create(
            deployment=deployment,
            node=place.node,
            position=place.position,
            estimated_bytes=place.estimated_bytes,
            sealed_key=encrypt(secrets.token_urlsafe(24)),
        )
        _tell(row, "created")
        return row
    if row.state not in {ReplicaState.STARTING, ReplicaState.READY}:
        row.node = place.node
    row.estimated_bytes = place.estimated_bytes
    row.save(update_fields=["node", "estimated_bytes", "updated_at"])
    return row


@transaction.atomic
def remove_replica(*, replica: Replica) -> None:
    """Forget a replica that no longer runs and is not wanted any more."""
    _tell(replica, "deleted")
    Replica.objects.filter(pk=replica.pk).delete()


def wait_for_file(*, deployment: Deployment, reason: str) -> None:
    """It is pending without a deadline, also after a failure, until its model's file is here."""
    if deployment.state != DeploymentState.PENDING:
        transition(deployment, to=DeploymentState.PENDING, reason=reason)
        return
    Deployment.objects.filter(
        pk=deployment.pk, state=deployment.state, state_deadline__isnull=False
    ).update(state_deadline=None)
    explain_state(deployment, reason=reason)


def begin_deploying(*, deployment: Deployment, reason: str) -> None:
    """From now on its replicas are meant to run, and to answer before the deadline."""
    deadline = load_deadline(deployment)
    if deployment.state == DeploymentState.DEPLOYING:
        Deployment.objects.filter(pk=deployment.pk, state=deployment.state).update(
            state_deadline=deadline
        )
        explain_state(deployment, reason=reason)
        return
    transition(deployment, to=DeploymentState.DEPLOYING, reason=reason, deadline=deadline)


def move_replica(*, replica: Replica, to: str, reason: str, changes: Columns | None = None) -> None:
    """Bring a replica to a state, or only its sentence and columns up to date when it is there.

    Raises InvalidTransition when no way leads from its state to that one.
    """
    changes = changes or {}
    if replica.state == to:
        note_replica(replica=replica, changes=changes)
        explain_state(replica, reason=reason)
        return
    by_way = replica.state in _ONLY_BY_STARTING and to in {ReplicaState.READY, ReplicaState.LOST}
    with transaction.atomic():
        if by_way:
            transition(replica, to=ReplicaState.STARTING, reason="It was found running.")
        transition(replica, to=to, reason=reason, changes=changes)


_ONLY_BY_STARTING = frozenset({ReplicaState.PENDING, ReplicaState.STOPPED})


def note_replica(*, replica: Replica, changes: Columns) -> None:
    """Save what was seen of a replica whose state stays as it is; only what differs."""
    news = {name: value for name, value in changes.items() if getattr(replica, name) != value}
    if not news:
        return
    Replica.objects.filter(pk=replica.pk).update(**news, updated_at=timezone.now())
    for name, value in news.items():
        setattr(replica, name, value)
    if news.keys() - {"memory_bytes", "measured_peak_bytes"}:
        _tell(replica, "updated")


def settle_deployment(*, deployment: Deployment, replicas: Sequence[Replica]) -> None:
    """Give a deployment the state its replicas deserve, with the sentence that goes with it."""
    to = state_from_replicas(
        deployment.state,
        wanted=deployment.replica_count,
        replicas=[replica.state for replica in replicas],
    )
    reason = _sentence(deployment, to, replicas)
    if to == deployment.state:
        if to in {DeploymentState.DEPLOYING, DeploymentState.DEGRADED, DeploymentState.READY}:
            explain_state(deployment, reason=reason)
        return
    transition(deployment, to=to, reason=reason)


def _sentence(deployment: Deployment, to: str, replicas: Sequence[Replica]) -> str:
    if to == DeploymentState.READY:
        return ""
    ready = sum(replica.state == ReplicaState.READY for replica in replicas)
    others = [replica for replica in replicas if replica.state != ReplicaState.READY]
    said = next((each.state_reason for each in others if each.state_reason), "")
    if deployment.replica_count == 1 or not others:
        return said or "Its model server has not answered yet."
    return f"{ready} of {deployment.replica_count} replicas answer. " + (
        f"Replica {others[0].position}: {said}" if said else ""
    )


def mark_stopped(*, deployment: Deployment) -> None:
    """Every replica has ended."""
    if deployment.state == DeploymentState.STOPPING:
        transition(deployment, to=DeploymentState.STOPPED, reason="")


def mark_failed(*, deployment: Deployment, reason: str) -> None:
    """It will not answer by itself any more. Nothing happens where that is no news."""
    if deployment.STATES.allows(deployment.state, DeploymentState.FAILED):
        transition(deployment, to=DeploymentState.FAILED, reason=reason)


def fall_asleep(*, deployment: Deployment) -> None:
    """Nobody used it for a while: no more requests go to its replicas until somebody asks."""
    transition(
        deployment,
        to=DeploymentState.ASLEEP,
        reason=f"Unused for {deployment.idle_seconds} s. The next request loads it again.",
    )


def wake(*, deployment: Deployment, reason: str = ASKED_FOR) -> bool:
    """Start loading what is asleep; False when somebody else already did."""
    deadline = timezone.now() + timedelta(seconds=WAKE_SECONDS)
    try:
        transition(
            deployment,
            to=DeploymentState.DEPLOYING,
            reason=reason,
            deadline=max(deadline, load_deadline(deployment)),
        )
    except InvalidTransition:
        return False
    return True


def begin_stopping(*, deployment: Deployment, reason: str) -> None:
    """Let no more requests in; the next look at the runtimes ends its replicas."""
    if deployment.STATES.allows(deployment.state, DeploymentState.STOPPING):
        transition(
            deployment,
            to=DeploymentState.STOPPING,
            reason=reason,
            deadline=timezone.now() + timedelta(minutes=2),
        )


def note_use(*, deployment: Deployment, at: datetime) -> None:
    """Remember when it was last used, to the half minute."""
    if deployment.last_used_at is None or at - deployment.last_used_at > USE_RESOLUTION:
        Deployment.objects.filter(pk=deployment.pk).update(last_used_at=at)
        deployment.last_used_at = at


def note_memory(
    *, deployment: Deployment, replica: Replica, memory_bytes: int, peak_bytes: int
) -> None:
    """Keep what a model server holds and at most held, and learn from the peak."""
    changes: Columns = {}
    if _differs(replica.memory_bytes, memory_bytes):
        changes["memory_bytes"] = memory_bytes
    known_peak = (replica.measured_peak_bytes or 0) * (1 + MEMORY_RESOLUTION)
    # Before the first answer a model is only partly loaded: that says nothing about its shape.
    if replica.state == ReplicaState.READY and peak_bytes > known_peak:
        changes["measured_peak_bytes"] = peak_bytes
    note_replica(replica=replica, changes=changes)
    if "measured_peak_bytes" in changes and deployment.state in WANTED_STATES:
        _learn(deployment, replica, peak_bytes)


def _differs(known: int | None, seen: int) -> bool:
    return known is None or abs(seen - known) > known * MEMORY_RESOLUTION


def _learn(deployment: Deployment, replica: Replica, peak_bytes: int) -> None:
    """The highest peak of each shape stays."""
    shape = {
        "sha256": deployment.ai_model.sha256,
        "context_length": deployment.context_length,
        "slots": deployment.slots,
        "kv_type": deployment.kv_type,
        "node": replica.node,
    }
    with transaction.atomic():
        row, created = MemoryMeasurement.objects.select_for_update().get_or_create(
            **shape,
            defaults={
                "estimated_bytes": replica.estimated_bytes or 0,
                "peak_bytes": peak_bytes,
            },
        )
        if not created and row.peak_bytes < peak_bytes:
            row.peak_bytes = peak_bytes
            row.save(update_fields=["peak_bytes", "updated_at"])


def _tell(replica: Replica, change: Any) -> None:
    publish(subject="replica", subject_id=str(replica.pk), change=change, team_id=replica.team_id)
