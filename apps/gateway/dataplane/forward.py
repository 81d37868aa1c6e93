"""Getting a reply from somewhere: pick, send, try the next one, fall back to another route.

A request changes its place only while the client has seen nothing of an answer. Every route is
visited once, and all attempts together may take little longer than one may take alone.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field

from apps.gateway.dataplane import picking, route_table, trace
from apps.gateway.dataplane.affinity import affinity_key
from apps.gateway.dataplane.call import Call
from apps.gateway.dataplane.errors import (
    Cause,
    GatewayError,
    NotServed,
    Unreachable,
    UpstreamFailure,
)
from apps.gateway.dataplane.exchange import Reply, attempt
from apps.gateway.dataplane.picking import ANY, Wish
from apps.gateway.dataplane.prompt_size import BYTES_PER_TOKEN_AT_LEAST, least_tokens
from apps.gateway.dataplane.route_table import Choice, Endpoint, Route
from apps.gateway.dataplane.waking import (
    look_again,
    nobody_there,
    stand_in_line,
    wait_for_replica,
    wake_quietly,
)

_LOOK_AGAIN_SECONDS = 0.2
_LEAST_SHARE = 0.1  # of the time for one attempt: what the last ones in a chain get
# How servers say that a prompt is longer than their context: llama.cpp, OpenAI, vLLM, Anthropic.
_CONTEXT_MARKS = (
    b"exceed_context_size",
    b"context_length_exceeded",
    b"maximum context length",
    b"prompt is too long",
)


@dataclass(slots=True)
class _Hunt:
    """What a request has been through on its way to a reply."""

    route: Route
    wish: Wish
    until: float  # monotonic seconds
    visited: list[Route]
    tried_here: bool = False
    cause: Cause = "cold"
    reply: Reply | None = None
    failure: UpstreamFailure | None = None
    left_for: Cause | None = field(default=None)  # why the route that was asked for was left


async def obtain(call: Call) -> Reply:
    """The reply to give the client. Raises GatewayError when nobody gives one."""
    shown = trace.begin(call)
    route = call.route
    hunt = _Hunt(
        route,
        _wish(call, route),
        time.monotonic() + call.context.config.first_byte_seconds,
        [route],
    )
    try:
        reply = await _hunt(call, hunt)
    finally:
        if hunt.left_for is not None:
            call.fallback_reason = f"{hunt.left_for}; from={route.name}"
            call.extra_headers.append((b"x-fallback-reason", _header(call.fallback_reason)))
        call.extra_headers.append((b"x-hearth-route", _header(hunt.route.name)))
        if shown:
            await trace.show(call)
    if reply.endpoint.leaves_house:
        call.extra_headers.append((b"x-hearth-leaves-house", b"yes"))
    return reply


def _header(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _wish(call: Call, route: Route) -> Wish:
    body, caller = call.body, call.caller
    affinity = None
    if route.affinity != "none":
        affinity = affinity_key(
            route.affinity,
            body,
            call.scope["headers"],
            team_id=caller.team_id,
            key_id=caller.key_id,
        )
    long = len(body) > BYTES_PER_TOKEN_AT_LEAST * route.least_context
    tokens = least_tokens(body) if long else 0
    inside = route.may_leave_house and not call.route.may_leave_house
    return Wish(affinity, tokens, inside) if affinity is not None or tokens or inside else ANY


async def _hunt(call: Call, hunt: _Hunt) -> Reply:
    while True:
        choice = picking.pick(hunt.route, call.tried, time.monotonic(), hunt.wish)
        if call.trace is not None:
            trace.note_skipped(call, hunt.route, choice, hunt.wish)
        if choice is None:
            if await _fall_back(call, hunt):
                continue
            if hunt.reply is not None and not _may_load(hunt):
                return hunt.reply
            choice = await _last_resort(call, hunt)
        elif choice.endpoint.deployment_id in call.context.lines:
            choice = await _behind_the_others(call, hunt, choice)
        reply = None if choice is None else await _try(call, hunt, choice)
        if reply is not None:
            return reply


async def _behind_the_others(call: Call, hunt: _Hunt, choice: Choice) -> Choice:
    """Who comes while a line is being let through does not pass those who stand in it."""
    deployment = choice.target.deployment
    if deployment is None:
        return choice
    return await _waited(call, hunt, stand_in_line(call, hunt.route, hunt.wish, deployment))


async def _waited(call: Call, hunt: _Hunt, waiting: Awaitable[Choice]) -> Choice:
    """The time in line is not the time of the attempts."""
    choice = await waiting
    hunt.until = time.monotonic() + call.context.config.first_byte_seconds
    return choice


# -- one attempt


async def _try(call: Call, hunt: _Hunt, choice: Choice) -> Reply | None:
    """The reply if it is one to give the client."""
    endpoint = choice.endpoint
    hunt.tried_here = True
    call.attempt_seconds = _limit(call, hunt, endpoint)
    began = time.monotonic()
    try:
        reply = await attempt(call, choice)
    except asyncio.CancelledError:
        _note_given_up(call, endpoint, began)
        raise
    except NotServed as refusal:
        call.note("skipped", endpoint.name, "", refusal.message)
        if picking.pick(hunt.route, call.tried, time.monotonic(), hunt.wish) is None:
            raise
        return None
    except UpstreamFailure as problem:
        hunt.failure, hunt.cause = problem, problem.cause
        call.blame(problem.cause, problem.message)
        call.note("failed", endpoint.name, problem.cause, problem.message)
        return None
    cause = _blame(reply, hunt.route)
    if cause is None or reply.connection is not None:
        _note_success(call, endpoint, reply)
        return reply
    hunt.reply, hunt.cause = reply, cause
    _note_refusal(call, endpoint, reply, cause)
    return None


def _limit(call: Call, hunt: _Hunt, endpoint: Endpoint) -> float | None:
    """Seconds until the first byte must be there; None: as long as the gateway waits at all.

    Where the route says what to do after a time-out, and where an endpoint is on trial, it comes
    earlier. A plain reply begins when it is complete, so it gets more time than a stream.
    """
    config = call.context.config
    whole = config.first_byte_seconds
    limit = whole
    if (
        endpoint.load.state != "closed"
        or route_table.fallback_for(hunt.route, "timeout") is not None
    ):
        limit = min(config.attempt_seconds, whole) if call.head.stream else whole / 2
    if hunt.failure is not None or hunt.reply is not None:
        limit = min(limit, max(hunt.until - time.monotonic(), _LEAST_SHARE * whole))
    return None if limit == whole else limit


def _blame(reply: Reply, route: Route) -> Cause | None:
    """Why another upstream may do better, or None when this reply is the answer.

    A plain 500 is an answer unless the route says otherwise: sending a request that breaks a
    server to all the others helps nobody.
    """
    if reply.status < 400:
        return None
    if reply.status == 429:
        return "429"
    if reply.status in (502, 503, 504, 529):  # the last is how Anthropic says it is overloaded
        return "5xx"
    if reply.status == 500 and route_table.fallback_for(route, "5xx") is not None:
        return "5xx"
    if reply.status in (400, 413) and any(mark in reply.body for mark in _CONTEXT_MARKS):
        return "context"
    return None


def _note_given_up(call: Call, endpoint: Endpoint, began: float) -> None:
    """A client has left that waited for a stream to begin.

    Clients are less patient than the gateway, so of a server that hangs we would never see a
    time-out. If it has sent nothing to anybody else in all that time, it counts as one.
    """
    seconds = time.monotonic() - began
    heard_at = max(endpoint.load.answered_at, call.context.pool.heard_from(endpoint.address))
    silent = heard_at < began and seconds >= call.context.config.silent_seconds
    if silent and call.left and call.head.stream:
        call.blame("timeout", f"sent nothing to anybody for {seconds:.0f} s")


def _note_success(call: Call, endpoint: Endpoint, reply: Reply) -> None:
    endpoint.load.answered_at = time.monotonic()
    if reply.status == 500:
        call.blame("5xx", "answered 500")
    elif endpoint.load.troubled and endpoint.load.succeeded(call, time.monotonic()):
        call.context.open_circuits.pop(endpoint.id, None)
    if call.trace is not None:
        call.note("picked", endpoint.name, str(reply.status))


def _note_refusal(call: Call, endpoint: Endpoint, reply: Reply, cause: Cause) -> None:
    now = time.monotonic()
    if cause == "429":
        endpoint.load.doubt(now)
        endpoint.load.rest(_retry_after(reply), now)
    call.blame(cause, f"answered {reply.status}")
    call.note("failed", endpoint.name, cause, f"answered {reply.status}")


def _retry_after(reply: Reply) -> float:
    """Seconds; 0 when the upstream says nothing, or names a date instead."""
    value = next((value for name, value in reply.headers if name == b"retry-after"), b"")
    return float(value) if value.strip().isdigit() else 0.0


# -- when nothing is left to pick


async def _fall_back(call: Call, hunt: _Hunt) -> bool:
    """Go on with the route that this one names for what has happened."""
    route = hunt.route
    if not hunt.tried_here:
        hunt.cause = picking.why_none(route, time.monotonic(), hunt.wish)
    name = route_table.fallback_for(route, hunt.cause)
    if name is None:
        return False
    if hunt.cause == "cold":
        await wake_quietly(call, route)
    following = call.context.link.table.find(call.caller.team_id, name)
    if following is None or any(following.name == each.name for each in hunt.visited):
        return False
    if following.name in call.caller.denied_models:
        call.note("skipped", following.name, reason="denied to this key")
        return False
    call.note("fallback", following.name, hunt.cause, f"from {route.name}")
    hunt.left_for = hunt.left_for or hunt.cause
    hunt.visited.append(following)
    hunt.route, hunt.wish, hunt.tried_here = following, _wish(call, following), False
    return True


async def _last_resort(call: Call, hunt: _Hunt) -> Choice | None:
    """What may be asked after all; None: look again. Raises GatewayError when that is nothing.

    In this order: a model that can be loaded, of whatever route was visited; an endpoint that is
    taken for too small and can say so better than we; one whose circuit is open, if nobody else
    tries it just now; and whoever comes back while we wait a moment.
    """
    now = time.monotonic()
    for route in hunt.visited:
        if route_table.wakeable(route):
            hunt.route, hunt.wish = route, _wish(call, route)
            return await _waited(call, hunt, wait_for_replica(call, route, hunt.wish))
    for route in hunt.visited:
        choice = picking.too_small(route, call.tried, now, hunt.wish) or picking.last_resort(
            route, call.tried, now, hunt.wish
        )
        if choice is not None:
            hunt.route = route
            return choice
    hunt.route = hunt.visited[-1] = await _wait_for_return(call, hunt)
    hunt.failure, hunt.tried_here = None, False
    return None


def _may_load(hunt: _Hunt) -> bool:
    """Whether the route a refusal has led to could answer, once its model is loaded."""
    return not hunt.tried_here and bool(route_table.wakeable(hunt.route))


async def _wait_for_return(call: Call, hunt: _Hunt) -> Route:
    """The route as it is when there is something to try again. Raises GatewayError.

    A replica that crashed is back within a few seconds, and one that was unloaded a moment ago is
    still in the table: neither has seen the request. One that took it and then broke may do so
    again, and is not asked twice.
    """
    context, route = call.context, hunt.route
    now = time.monotonic()
    if call.patient_until is None:
        call.patient_until = now + context.config.return_seconds
    while _may_return(hunt) and now < call.patient_until:
        await context.link.wait_for_change(within=_LOOK_AGAIN_SECONDS)
        call.tried.clear()
        route = look_again(call, route)
        now = time.monotonic()
        if (
            route_table.wakeable(route)
            or picking.pick(route, call.tried, now, hunt.wish)
            or picking.last_resort(route, call.tried, now, hunt.wish)
        ):
            return route
    raise _exhausted(hunt, now)


def _may_return(hunt: _Hunt) -> bool:
    ours = any(target.deployment is not None for target in hunt.route.targets)
    if hunt.failure is not None:
        return ours and isinstance(hunt.failure, Unreachable)
    return any(each.endpoint.load.cause != "timeout" for each in hunt.route.choices)


def _exhausted(hunt: _Hunt, now: float) -> GatewayError:
    failure, name = hunt.failure, hunt.route.name
    if failure is None:
        return _passed_over(hunt.visited, now) or nobody_there(hunt.visited[0])
    if failure.cause == "timeout":
        return GatewayError(
            504,
            "upstream_timeout",
            f"The server behind {name!r} {failure.message}. "
            "Try a shorter prompt, or look at its load on the Deployments page.",
        )
    return GatewayError(
        502,
        "upstream_unreachable",
        f"The server behind {name!r} {failure.message}. "
        "Try again in a moment; the Deployments page shows why it is away.",
        retry_after=2,
    )


def _passed_over(routes: Sequence[Route], now: float) -> GatewayError | None:
    """What to say when everything that could answer has failed too often to be asked."""
    for route in routes:
        for choice in route.choices:
            load = choice.endpoint.load
            if load.state != "closed":
                seconds = max(1, math.ceil(load.probe_at - now))
                return GatewayError(
                    503,
                    "circuit_open",
                    f"{choice.endpoint.name!r} {load.reason}, several times in a row. It is left "
                    f"alone until it answers the gateway's own probe; the next is due in "
                    f"{seconds} s.",
                    retry_after=seconds,
                )
    return None
