"""The gateway's table as the database has it now."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast

from apps.accounts.models import Team
from apps.gateway.dataplane import snapshot
from apps.gateway.dataplane.route_table import RouteTable
from apps.gateway.dataplane.table_reading import build_table
from apps.gateway.models import ApiKey, HolderLimits, Route, RouteTarget, Upstream
from apps.gateway.queries.holders import list_all_holders
from apps.gateway.queries.keys import list_live_keys
from apps.gateway.queries.routes import list_all_routes
from apps.gateway.queries.upstreams import list_all_upstreams
from apps.models.models import Deployment
from apps.models.queries.deployments import ServingTarget, list_serving_targets


def build_snapshot(*, version: int) -> snapshot.Snapshot:
    """Everything the data plane may decide by. Eight statements, whatever the number of rows."""
    return snapshot.Snapshot(
        version=version,
        keys=[_key(key) for key in list_live_keys()],
        holders=[_holder(row) for row in list_all_holders()],
        **_places(),
    )


def build_team_table(*, team: Team, key: ApiKey | None = None) -> RouteTable:
    """What the data plane decides by for one team, here and without its secrets or its gauges."""
    parts = _places(team=team)
    keys = [] if key is None else [_key(key)]
    document = snapshot.Snapshot(version=0, keys=keys, **parts)
    return build_table(document, decrypt=lambda _: "", before=RouteTable())


def _places(*, team: Team | None = None) -> dict[str, Any]:
    """Upstreams, deployments and routes: every team's, or one's."""
    created = dict(Deployment.objects.values_list("pk", "created_at"))
    serving = [
        target
        for target in list_serving_targets()
        if target.deployment_id in created and (team is None or target.team_id == team.pk)
    ]
    routes, upstreams = list_all_routes(), list_all_upstreams()
    if team is not None:
        routes, upstreams = routes.filter(team=team), upstreams.filter(team=team)
    taken = {(route.team_id, route.name) for route in routes}
    return {
        "upstreams": [_upstream(upstream) for upstream in upstreams],
        "deployments": [_deployment(target) for target in serving],
        "routes": [
            *(_route(route) for route in routes),
            *_implicit_routes(serving, created, taken),
        ],
    }


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
        name=key.name,
        user_id=key.owner_id,
        models=key.allowed_models,
        denied_models=key.denied_models,
        expires_at=_seconds(key.expires_at),
        scopes=tuple(key.scopes),
        networks=key.networks,
        limits=snapshot.Limits(**key.limits) if key.limits else snapshot.NO_LIMITS,
        max_output_tokens=key.max_output_tokens,
        when_redis_away=cast("snapshot.AwayPolicy | None", key.when_redis_away or None),
        privacy=cast("snapshot.Privacy", key.privacy),
        previous_digest=key.previous_digest,
        previous_until=_seconds(key.previous_until),
    )


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _holder(row: HolderLimits) -> snapshot.HolderEntry:
    return snapshot.HolderEntry(
        level="team" if row.user is None else "user",
        id=row.team_id if row.user is None else row.user.pk,
        team_id=row.team_id,
        limits=snapshot.Limits(**row.limits),
        name=row.team.name if row.user is None else row.user.get_username(),
    )


def _upstream(upstream: Upstream) -> snapshot.UpstreamEntry:
    return snapshot.UpstreamEntry(
        id=upstream.pk,
        name=upstream.name,
        base_url=upstream.base_url,
        sealed_key=upstream.sealed_key,
        speaks=upstream.speaks,
        leaves_house=upstream.leaves_house,
        context_length=upstream.context_length,
        problem=upstream.problem,
    )


def _deployment(target: ServingTarget) -> snapshot.DeploymentEntry:
    return snapshot.DeploymentEntry(
        id=target.deployment_id,
        name=target.deployment_name,
        state=target.state,
        state_reason=target.state_reason,
        on_demand=target.on_demand,
        context_length=target.context_length,
        replicas=[
            snapshot.ReplicaEntry(
                id=replica.replica_id,
                url=replica.url,
                node=replica.node_name,
                sealed_key=replica.sealed_key,
                slots=target.slots,
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
        aliases=route.aliases,
        affinity=cast("snapshot.Affinity", route.affinity),
        may_leave_house=route.may_leave_house,
        max_output_tokens=route.max_output_tokens,
    )


def _target(target: RouteTarget) -> snapshot.TargetEntry:
    return snapshot.TargetEntry(
        upstream_id=target.upstream_id,
        deployment_id=target.deployment_id,
        model=target.model or None,
        weight=target.weight,
    )
