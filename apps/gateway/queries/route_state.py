"""Whether what a route leads to answers, from what is known about its targets. Pure."""

from datetime import datetime
from typing import Literal

from apps.gateway.models import Route, RouteTarget
from apps.models.states.deployments import DeploymentState

RouteState = Literal["active", "degraded", "unreachable"]

_ANSWERS = frozenset({DeploymentState.READY, DeploymentState.DEGRADED, DeploymentState.ASLEEP})


def route_state(route: Route) -> tuple[RouteState, str, datetime]:
    """The state, why it is not simply good, and since when. Needs no statement when the route came
    with its targets. Fallbacks are not looked at: they are for when this is not good."""
    targets = [target for target in route.targets.all() if target.weight > 0]
    troubles = [found for found in (_trouble(target) for target in targets) if found]
    if not targets:
        return "unreachable", "No target gets any requests.", route.updated_at
    if not troubles:
        return "active", "", route.updated_at
    reason = " ".join(text for text, _ in troubles)
    since = max([route.updated_at, *(at for _, at in troubles if at is not None)])
    return "unreachable" if len(troubles) == len(targets) else "degraded", reason, since


def _trouble(target: RouteTarget) -> tuple[str, datetime | None] | None:
    upstream, deployment = target.upstream, target.deployment
    if upstream is not None and upstream.problem:
        return f"{upstream.name}: {upstream.problem}", upstream.state_since
    if deployment is not None and deployment.state not in _ANSWERS:
        why = deployment.state_reason or f"It is {deployment.state}."
        return f"{deployment.name}: {why}", deployment.state_since
    return None
