"""Waiting for a model to load, and showing the client that somebody still works on it."""

import time
from contextlib import suppress

from redis.exceptions import RedisError

from apps.gateway.dataplane import route_table
from apps.gateway.dataplane.call import Call, Headers
from apps.gateway.dataplane.errors import GatewayError
from apps.gateway.dataplane.route_table import Choice, Route, ServedDeployment

_GIVE_UP_ON_FAILED_SECONDS = 2.0
_EVENT_HEADERS: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


async def wait_for_replica(call: Call, route: Route) -> Choice:
    """Wake a sleeping deployment and wait until it answers. Raises GatewayError 503."""
    sleeping = route_table.wakeable(route)
    if not sleeping:
        raise _nobody_there(route)
    context = call.context
    began = time.monotonic()
    notice_at = began + context.config.hold_notice_seconds
    try:
        while True:
            await _ask_for(call, sleeping[0])
            now = time.monotonic()
            _give_up_if_hopeless(call, route, now - began)
            await context.link.wait_for_change(within=max(0.05, notice_at - now))
            route, choice = look_again(call, route)
            if choice is not None:
                return choice
            sleeping = route_table.wakeable(route) or sleeping
            if time.monotonic() >= notice_at:
                notice_at += context.config.hold_notice_seconds
                await _show_life(call, sleeping[0])
    finally:
        call.queue_seconds += time.monotonic() - began


async def wake_quietly(call: Call, route: Route) -> None:
    """Have the model loaded for those who come later; this request goes elsewhere."""
    for deployment in route_table.wakeable(route):
        with suppress(RedisError, OSError):
            await call.context.link.ask_for(deployment.id)


async def _ask_for(call: Call, deployment: ServedDeployment) -> None:
    try:
        await call.context.link.ask_for(deployment.id)
    except (RedisError, OSError) as problem:
        raise GatewayError(
            503,
            "cannot_wake",
            f"{deployment.name!r} is not loaded and cannot be woken while Redis is away. "
            "Try again in a moment.",
            retry_after=5,
        ) from problem


def look_again(call: Call, route: Route) -> tuple[Route, Choice | None]:
    fresh = call.context.link.table.find(call.caller.team_id, route.name)
    if fresh is None:
        raise GatewayError(
            503, "model_removed", f"{route.name!r} was removed while it was waited for."
        )
    return fresh, route_table.pick(fresh, call.tried, time.monotonic())


def _give_up_if_hopeless(call: Call, route: Route, waited: float) -> None:
    limit = call.context.config.hold_seconds
    if waited >= limit:
        raise GatewayError(
            503,
            "load_timeout",
            f"{route.name!r} did not finish loading within {limit:.0f} s. "
            "Its log on the Deployments page says what it is doing.",
            retry_after=30,
        )
    if waited < _GIVE_UP_ON_FAILED_SECONDS:
        return
    for target in route.targets:
        served = target.deployment
        if served is not None and served.state == "failed":
            raise GatewayError(
                503,
                "load_failed",
                f"{route.name!r} could not be loaded: {served.state_reason or 'see its log.'}",
            )


async def _show_life(call: Call, deployment: ServedDeployment) -> None:
    """A comment line, so that a streaming client does not give up while the model loads."""
    if not call.head.stream:
        return
    if not call.started:
        await call.start_reply(200, _EVENT_HEADERS)
    await call.send_part(b": loading %s\n\n" % deployment.name.encode())


def _nobody_there(route: Route) -> GatewayError:
    states = [
        f"{target.deployment.name} is {target.deployment.state}"
        for target in route.targets
        if target.deployment is not None
    ]
    detail = "; ".join(states) or "its upstream is not set up"
    return GatewayError(
        503,
        "no_replica",
        f"Nothing serves {route.name!r} right now: {detail}. The Deployments page shows why.",
        retry_after=5,
    )
