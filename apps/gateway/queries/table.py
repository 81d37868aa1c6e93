"""The gateway's table as the database has it now."""

from collections.abc import Iterator
from datetime import datetime

from apps.gateway.dataplane import snapshot
from apps.gateway.models import ApiKey, Route, RouteTarget, Upstream
from apps.gateway.queries.keys import list_live_keys
from apps.gateway.queries.routes import list_all_routes
from apps.gateway.queries.upstreams import list_all_upstreams
from apps.models.models import Deployment
from apps.models.queries.deployments import ServingTarget, list_serving_targets


def build_snapshot(*, version: int) -> snapshot.Snapshot:
    """Everything the data plane may decide by. Seven statements, whatever the number of rows."""
    created = dict(Deployment.objects.values_list("pk", "created_at"))
    serving = [target for target in list_serving_targets() if target.deployment_id in created]
    routes = list(list_all_routes())
    taken = {(route.team_id, route.name) for route in routes}
    return snapshot.Snapshot(
        version=version,
        keys=[_key(key) for key in list_live_keys()],
        upstreams=[_upstream(upstream) for upstream in list_all_upstreams()],
        deployments=[_deployment(target) for target in serving],
        routes=[_route(route) for route in routes]
        + list(_implicit_routes(serving, created, taken)),
    )


def _implicit_routes(
    serving: list[ServingTarget], created: dict[int, datetime], taken: set[tuple[int, str]]
) -> Iterator[snapshot.RouteEntry]:
    """A deployment answers under its own name, unless a route has been given that name."""
    for target in serving:
        if (target.team_id, target.deployment_name) not in taken:
            yield snapshot.RouteEntry(
                name=target.deployment_name,
                team_id=target.team_id,
                targets=[snapshot.TargetEntry(deployment_id=target.deployment_id)],
                created=int(created[target.deployment_id].timestamp()),
            )


def _key(key: ApiKey) -> snapshot.KeyEntry:
    return snapshot.KeyEntry(
        id=key.pk,
        team_id=key.team_id,
        digest=key.digest,
        user_id=key.owner_id,
        models=key.allowed_models,
        expires_at=None if key.expires_at is None else key.expires_at.timestamp(),
    )


def _upstream(upstream: Upstream) -> snapshot.UpstreamEntry:
    return snapshot.UpstreamEntry(
        id=upstream.pk,
        name=upstream.name,
        base_url=upstream.base_url,
        sealed_key=upstream.sealed_key,
    )


def _deployment(target: ServingTarget) -> snapshot.DeploymentEntry:
    return snapshot.DeploymentEntry(
        id=target.deployment_id,
        name=target.deployment_name,
        state=target.state,
        state_reason=target.state_reason,
        on_demand=target.on_demand,
        replicas=[
            snapshot.ReplicaEntry(
                id=replica.replica_id,
                url=replica.url,
                node=replica.node_name,
                sealed_key=replica.sealed_key,
            )
            for replica in target.replicas
        ],
    )


def _route(route: Route) -> snapshot.RouteEntry:
    return snapshot.RouteEntry(
        name=route.name,
        team_id=route.team_id,
        targets=[_target(target) for target in route.targets.all()],
        fallbacks=[snapshot.FallbackEntry(**step) for step in route.fallbacks],
        created=int(route.created_at.timestamp()),
    )


def _target(target: RouteTarget) -> snapshot.TargetEntry:
    return snapshot.TargetEntry(
        upstream_id=target.upstream_id,
        deployment_id=target.deployment_id,
        model=target.model or None,
        weight=target.weight,
    )
