"""Waiting for a model to load, and showing the client that somebody still works on it.

Whoever asks for a model that is not loaded stands in its line (`lines.py`) and is let through in
order, as many at once as its replicas have slots. Once the line is empty requests go straight on:
a model server queues by itself, and knows better than we do when a slot is free.
"""

import time
from contextlib import suppress

from redis.exceptions import RedisError

from apps.gateway.dataplane import picking, route_table
from apps.gateway.dataplane.call import Call, Headers
from apps.gateway.dataplane.errors import GatewayError
from apps.gateway.dataplane.lines import Place
from apps.gateway.dataplane.picking import Wish
from apps.gateway.dataplane.route_table import Choice, Route, ServedDeployment

_GIVE_UP_ON_FAILED_SECONDS = 2.0
_LOOK_SECONDS = 1.0  # a circuit may close without anybody announcing it
_EVENT_HEADERS: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


async def wait_for_replica(call: Call, route: Route, wish: Wish) -> Choice:
    """Wake a sleeping deployment and wait until it answers. Raises GatewayError 503."""
    return await stand_in_line(call, route, wish, route_table.wakeable(route)[0])


async def stand_in_line(
    call: Call, route: Route, wish: Wish, deployment: ServedDeployment
) -> Choice:
    """Wait until it is this request's turn. Raises GatewayError 503 when that does not come."""
    context = call.context
    began = time.monotonic()
    notice_at = began + context.config.hold_notice_seconds
    place = context.lines.join(deployment.id)
    _say_position(call, place.number)
    try:
        while True:
            loading = deployment.id in {each.id for each in route_table.wakeable(route)}
            if loading:
                await _ask_for(call, deployment)
            now = time.monotonic()
            _give_up_if_hopeless(call, route, now - began, loading=loading)
            await place.wait(max(0.01, min(notice_at - now, _LOOK_SECONDS)))
            route = look_again(call, route)
            choice = _turn(call, route, wish, place, deployment)
            if choice is not None:
                return choice
            if time.monotonic() >= notice_at:
                notice_at += context.config.hold_notice_seconds
                await _show_life(call, place, loading=loading)
    finally:
        seconds = time.monotonic() - began
        call.queue_seconds += seconds
        context.lines.leave(deployment.id, place)
        call.note("waited", deployment.name, f"{seconds:.1f} s, came as {call.queue_position}")


def _turn(
    call: Call, route: Route, wish: Wish, place: Place, deployment: ServedDeployment
) -> Choice | None:
    """Where to go now: there when its turn has come and a slot is free, or anywhere else."""
    now = time.monotonic()
    choice = picking.pick(route, call.tried, now, wish)
    if choice is None or choice.endpoint.deployment_id != deployment.id:
        return choice
    if place.number > 1:
        return None
    if not choice.endpoint.has_free_slot and wish.affinity is not None:
        choice = picking.pick(route, call.tried, now, wish.anywhere()) or choice
    return choice if choice.endpoint.has_free_slot else None


def _say_position(call: Call, number: int) -> None:
    if call.queue_position is None:
        call.queue_position = number
        call.extra_headers.append((b"x-queue-position", b"%d" % number))


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


def look_again(call: Call, route: Route) -> Route:
    """The route as the table has it now. Raises GatewayError 503 when it is gone."""
    fresh = call.context.link.table.find(call.caller.team_id, route.name)
    if fresh is None:
        raise GatewayError(
            503, "model_removed", f"{route.name!r} was removed while it was waited for."
        )
    return fresh


def _give_up_if_hopeless(call: Call, route: Route, waited: float, *, loading: bool) -> None:
    limit = call.context.config.hold_seconds
    if waited >= limit:
        raise _too_late(route, limit, loading=loading)
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


def _too_late(route: Route, limit: float, *, loading: bool) -> GatewayError:
    if loading:
        return GatewayError(
            503,
            "load_timeout",
            f"{route.name!r} did not finish loading within {limit:.0f} s. "
            "Its log on the Deployments page says what it is doing.",
            retry_after=30,
        )
    return GatewayError(
        503,
        "queue_timeout",
        f"No slot of {route.name!r} became free within {limit:.0f} s. "
        "Try again later, or give its deployment more slots or replicas.",
        retry_after=30,
    )


async def _show_life(call: Call, place: Place, *, loading: bool) -> None:
    """A comment line, so that a streaming client does not give up while it waits."""
    if not call.head.stream:
        return
    if not call.started:
        await call.start_reply(200, _EVENT_HEADERS)
    since = b", loading %d s" % place.waited_for if loading else b""
    await call.send_part(b": waiting, position %d of %d%b\n\n" % (place.number, place.of, since))


def nobody_there(route: Route) -> GatewayError:
    """Why a route has nobody to ask: nothing is set up, nothing runs, or nothing is allowed."""
    if route.withheld and not route.choices:
        names = ", ".join(endpoint.name for endpoint in route.withheld)
        return GatewayError(
            503,
            "outside_not_allowed",
            f"{route.name!r} leads to {names}, outside the house, and its route does not allow "
            "requests to leave. An administrator can allow it on the Routes page.",
        )
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
