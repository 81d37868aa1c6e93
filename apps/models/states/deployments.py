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
