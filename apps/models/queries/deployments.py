"""Every read about deployments and their replicas."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from apps.accounts.models import Team
from apps.core.errors import Invalid, NotFound
from apps.models.models import AIModel, Deployment, Replica
from apps.models.queries.expected_facts import known_facts
from apps.models.states.deployments import DeploymentState, ReplicaState

USUAL_CONTEXT = 4096
USUAL_IDLE_SECONDS = 600

_LOADING = frozenset({DeploymentState.DEPLOYING, DeploymentState.DEGRADED})


@dataclass(frozen=True)
class WantedDeployment:
    """A deployment as it is asked for, every default filled in."""

    name: str
    ai_model: AIModel
    replica_count: int
    runtime: str
    context_length: int
    slots: int
    kv_type: str
    threads: int | None
    node_labels: dict[str, str]
    keep_warm: bool
    idle_seconds: int | None


@dataclass(frozen=True)
class ServingReplica:
    """Where a ready replica listens. `sealed_key` is the bearer it demands, encrypted with
    `apps.core.secrets`."""

    replica_id: str
    url: str
    node_name: str
    sealed_key: str = ""


@dataclass(frozen=True)
class ServingTarget:
    """A deployment that requests may be sent to, with those replicas that answer now.

    `on_demand`: a request may wait while it loads. `state_reason` says why it does not answer.
    """

    deployment_id: int
    deployment_name: str
    team_id: int
    state: str
    on_demand: bool
    context_length: int
    slots: int
    replicas: tuple[ServingReplica, ...]
    state_reason: str = ""


def list_deployments(
    *, team: Team, state: str | None = None, search: str = ""
) -> QuerySet[Deployment]:
    rows = _with_parts(Deployment.objects.filter(team=team))
    if state:
        rows = rows.filter(state=state)
    return rows.filter(name__icontains=search) if search else rows


def get_deployment(*, team: Team, deployment_id: int) -> Deployment:
    """Raises NotFound."""
    row = list_deployments(team=team).filter(pk=deployment_id).first()
    if row is None:
        raise NotFound(f"There is no deployment {deployment_id} in your team.")
    return row


def find_deployment(*, deployment_id: int) -> Deployment | None:
    """The deployment with its model and replicas, whatever its team: for worker jobs."""
    return _with_parts(Deployment.objects.filter(pk=deployment_id)).first()


def list_deployment_ids() -> list[int]:
    """Every team's: for worker jobs."""
    return list(Deployment.objects.order_by("pk").values_list("pk", flat=True))


def get_replica(*, team: Team, deployment_id: int, position: int) -> Replica:
    """Raises NotFound."""
    row = (
        Replica.objects.select_related("deployment", "node")
        .filter(deployment__team=team, deployment_id=deployment_id, position=position)
        .first()
    )
    if row is None:
        raise NotFound(f"Deployment {deployment_id} has no replica {position}.")
    return row


def list_replica_ids() -> set[str]:
    """The id of every replica there is, as the runtimes know it."""
    return {str(pk) for pk in Replica.objects.values_list("pk", flat=True)}


def list_serving_targets() -> list[ServingTarget]:
    """Every deployment that is meant to answer, for the gateway's table."""
    rows = _with_parts(
        Deployment.objects.exclude(state__in=[DeploymentState.STOPPING, DeploymentState.STOPPED])
    )
    return [_serving_target(row) for row in rows.order_by("pk")]


def wanted_deployment(
    *,
    team: Team,
    name: str,
    ai_model: str | int,
    replicas: int = 1,
    runtime: str = "local",
    context_length: int | None = None,
    slots: int = 2,
    kv_type: str = "f16",
    threads: int | None = None,
    node_labels: dict[str, str] | None = None,
    keep_warm: bool = True,
    idle_seconds: int | None = None,
) -> WantedDeployment:
    """The request with its defaults. Raises NotFound for an unknown AI model, Invalid for a context
    longer than the model was trained for."""
    row = _get_ai_model(team, ai_model)
    check_context(ai_model=row, context_length=context_length)
    trained = _trained_context(row) or USUAL_CONTEXT
    return WantedDeployment(
        name=name,
        ai_model=row,
        replica_count=replicas,
        runtime=runtime,
        context_length=context_length or min(trained, USUAL_CONTEXT),
        slots=slots,
        kv_type=kv_type,
        threads=threads,
        node_labels=node_labels or {},
        keep_warm=keep_warm,
        idle_seconds=None if keep_warm else idle_seconds or USUAL_IDLE_SECONDS,
    )


def check_context(*, ai_model: AIModel, context_length: int | None) -> None:
    """Raises Invalid for a context longer than the model was trained for."""
    trained = _trained_context(ai_model)
    if trained and context_length and context_length > trained:
        raise Invalid(
            f"{ai_model.name} was trained for {trained:,} tokens of context, "
            f"and {context_length:,} were asked for.",
            fix=f"Ask for at most {trained:,}.",
        )


def _trained_context(ai_model: AIModel) -> int | None:
    if ai_model.context_length:
        return ai_model.context_length
    facts = known_facts(ai_model)
    return facts.context_length if facts else None


def wanted_from(deployment: Deployment) -> WantedDeployment:
    """What an existing deployment asks for."""
    return WantedDeployment(
        name=deployment.name,
        ai_model=deployment.ai_model,
        replica_count=deployment.replica_count,
        runtime=deployment.runtime,
        context_length=deployment.context_length,
        slots=deployment.slots,
        kv_type=deployment.kv_type,
        threads=deployment.threads,
        node_labels=deployment.node_labels,
        keep_warm=deployment.keep_warm,
        idle_seconds=deployment.idle_seconds,
    )


def _with_parts(rows: QuerySet[Deployment]) -> QuerySet[Deployment]:
    replicas = Replica.objects.select_related("node").order_by("position")
    return rows.select_related("ai_model").prefetch_related(Prefetch("replicas", queryset=replicas))


def _get_ai_model(team: Team, wanted: str | int) -> AIModel:
    rows = AIModel.objects.filter(team=team)
    row = rows.filter(pk=wanted) if isinstance(wanted, int) else rows.filter(name=wanted)
    found = row.first()
    if found is None:
        raise NotFound(
            f"There is no AI model {wanted} in your team.",
            fix="Add it on the Models page first.",
        )
    return found


def _serving_target(row: Deployment) -> ServingTarget:
    return ServingTarget(
        deployment_id=row.pk,
        deployment_name=row.name,
        team_id=row.team_id,
        state=row.state,
        on_demand=row.state == DeploymentState.ASLEEP
        or (not row.keep_warm and row.state in _LOADING),
        context_length=row.context_length,
        slots=row.slots,
        replicas=tuple(_serving_replicas(row)),
        state_reason=row.state_reason,
    )


def _serving_replicas(row: Deployment) -> Iterator[ServingReplica]:
    if row.state == DeploymentState.ASLEEP:
        return  # they are about to be unloaded: nothing new may be sent to them
    for replica in row.replicas.all():
        if replica.state == ReplicaState.READY and replica.url:
            yield ServingReplica(
                replica_id=str(replica.pk),
                url=replica.url,
                node_name=replica.node.name,
                sealed_key=replica.sealed_key,
            )
