from collections.abc import Sequence

from django.db.models import TextChoices

from apps.core.permissions import Permission
from apps.core.state_machine import ActionRule, StateMachine


class DeploymentState(TextChoices):
    """pending --job--> deploying --job--> ready --sync--> degraded --sync--> ready

    ready, degraded, failed, asleep --user--> stopping --job--> stopped --user--> pending
    ready --sync (idle)--> asleep --request or user--> deploying
    pending, deploying, stopping, degraded --job, sync--> failed --user--> pending
    """

    PENDING = "pending"
    DEPLOYING = "deploying"
    READY = "ready"
    DEGRADED = "degraded"
    ASLEEP = "asleep"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


_S = DeploymentState

DEPLOYMENT_STATES = StateMachine(
    initial=_S.PENDING,
    transitions={
        _S.PENDING: frozenset({_S.DEPLOYING, _S.STOPPING, _S.FAILED}),
        _S.DEPLOYING: frozenset({_S.READY, _S.DEGRADED, _S.FAILED, _S.STOPPING, _S.PENDING}),
        _S.READY: frozenset({_S.DEGRADED, _S.ASLEEP, _S.STOPPING, _S.DEPLOYING, _S.FAILED}),
        _S.DEGRADED: frozenset({_S.READY, _S.STOPPING, _S.DEPLOYING, _S.FAILED}),
        _S.ASLEEP: frozenset({_S.DEPLOYING, _S.STOPPING, _S.FAILED}),
        _S.STOPPING: frozenset({_S.STOPPED, _S.FAILED}),
        _S.STOPPED: frozenset({_S.PENDING}),
        _S.FAILED: frozenset({_S.PENDING, _S.DEPLOYING, _S.READY, _S.DEGRADED, _S.STOPPING}),
    },
)

DEPLOYMENT_ACTIONS = {
    "stop_deployment": ActionRule(
        permission=Permission.OPERATE,
        states=frozenset({_S.PENDING, _S.DEPLOYING, _S.READY, _S.DEGRADED, _S.ASLEEP, _S.FAILED}),
        otherwise="It is already stopped or stopping.",
    ),
    "start_deployment": ActionRule(
        permission=Permission.OPERATE,
        states=frozenset({_S.STOPPED, _S.FAILED, _S.ASLEEP}),
        otherwise="It already runs or is about to.",
    ),
    "restart_deployment": ActionRule(
        permission=Permission.OPERATE,
        states=frozenset({_S.READY, _S.DEGRADED, _S.FAILED}),
        otherwise="Only a running deployment can be restarted.",
    ),
    "change_deployment": ActionRule(
        permission=Permission.DEPLOY,
        states=frozenset({_S.READY, _S.DEGRADED, _S.ASLEEP, _S.STOPPED, _S.FAILED}),
        otherwise="Wait until it has settled.",
    ),
    "delete_deployment": ActionRule(
        permission=Permission.DEPLOY,
        states=frozenset({_S.STOPPED, _S.FAILED}),
        otherwise="Stop it first.",
    ),
}


class ReplicaState(TextChoices):
    """pending --job--> starting --job--> ready --job--> stopping --job--> stopped

    starting, ready --sync--> failed (it exited too often) --sync, user--> starting
    starting, ready --sync--> lost (its machine does not answer) --sync--> ready | starting
    """

    PENDING = "pending"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    LOST = "lost"


_R = ReplicaState

REPLICA_STATES = StateMachine(
    initial=_R.PENDING,
    transitions={
        _R.PENDING: frozenset({_R.STARTING, _R.STOPPING, _R.FAILED}),
        _R.STARTING: frozenset({_R.READY, _R.STOPPING, _R.FAILED, _R.LOST}),
        _R.READY: frozenset({_R.STARTING, _R.STOPPING, _R.FAILED, _R.LOST}),
        _R.STOPPING: frozenset({_R.STOPPED, _R.FAILED}),
        _R.STOPPED: frozenset({_R.STARTING}),
        _R.FAILED: frozenset({_R.STARTING, _R.STOPPING, _R.READY}),
        _R.LOST: frozenset({_R.READY, _R.STARTING, _R.STOPPING, _R.FAILED}),
    },
)


WANTED_STATES = frozenset({_S.PENDING, _S.DEPLOYING, _S.READY, _S.DEGRADED})
"""The states in which a deployment's replicas are meant to run."""

_ON_THEIR_WAY = frozenset({_R.PENDING, _R.STARTING, _R.LOST})


def state_from_replicas(current: str, *, wanted: int, replicas: Sequence[str]) -> str:
    """The state a deployment deserves, given the states of its replicas. Pure.

    Only a deployment that is meant to run is judged; `current` comes back for every other.
    """
    if current not in {_S.DEPLOYING, _S.READY, _S.DEGRADED}:
        return current
    ready = sum(state == _R.READY for state in replicas)
    coming = any(state in _ON_THEIR_WAY for state in replicas)
    if ready >= wanted:
        return _S.READY
    if coming and current == _S.DEPLOYING:
        return _S.DEPLOYING
    if ready or coming or not replicas:
        return _S.DEPLOYING if current == _S.DEPLOYING and not replicas else _S.DEGRADED
    return _S.FAILED
