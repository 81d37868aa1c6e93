"""Getting a reply from somewhere: pick, send, try the next one."""

import time

from apps.gateway.dataplane import route_table
from apps.gateway.dataplane.call import Call
from apps.gateway.dataplane.errors import Cause, GatewayError, Unreachable, UpstreamFailure
from apps.gateway.dataplane.exchange import Reply, attempt
from apps.gateway.dataplane.route_table import Choice, Route
from apps.gateway.dataplane.waking import look_again, wait_for_replica, wake_quietly

_AVOID_SECONDS = 2.0
_LOOK_AGAIN_SECONDS = 0.2
# How servers say that a prompt is longer than their context: llama.cpp, OpenAI and vLLM.
_CONTEXT_MARKS = (b"exceed_context_size", b"context_length_exceeded", b"maximum context length")


async def obtain(call: Call) -> Reply:
    """The reply to give the client. Raises GatewayError when nobody gives one."""
    route = call.route
    visited = {route.name}
    cause: Cause = "cold"
    bad_reply: Reply | None = None
    failure: UpstreamFailure | None = None
    while True:
        choice = route_table.pick(route, call.tried, time.monotonic())
        if choice is None:
            following = await _fallback(call, route, cause, visited)
            if following is not None:
                visited.add(following.name)
                route = following
                continue
            if bad_reply is not None:
                return bad_reply
            if failure is not None:
                route, failure = await _another_try(call, route, failure), None
                continue
            choice = await wait_for_replica(call, route)
        try:
            reply = await attempt(call, choice)
        except UpstreamFailure as problem:
            failure, cause = problem, problem.cause
            _note_failure(call, choice, cause)
            continue
        blame = _blame(reply, route)
        if blame is None or reply.connection is not None:
            return reply
        bad_reply, cause = reply, blame
        _note_failure(call, choice, cause)


def _blame(reply: Reply, route: Route) -> Cause | None:
    """Why another upstream may do better, or None when this reply is the answer.

    A plain 500 is an answer unless the route says otherwise: sending a request that breaks a
    server to all the others helps nobody.
    """
    if reply.status == 429:
        return "429"
    if reply.status in (502, 503, 504):
        return "5xx"
    if reply.status == 500 and route_table.fallback_for(route, "5xx") is not None:
        return "5xx"
    if reply.status in (400, 413) and any(mark in reply.body for mark in _CONTEXT_MARKS):
        return "context"
    return None


def _note_failure(call: Call, choice: Choice, cause: Cause) -> None:
    if cause != "context":  # that one is the request's doing
        choice.endpoint.load.avoid_until = time.monotonic() + _AVOID_SECONDS
    call.context.counters.failures[choice.endpoint.name, cause] += 1


async def _fallback(call: Call, route: Route, cause: Cause, visited: set[str]) -> Route | None:
    name = route_table.fallback_for(route, cause)
    if name is None or name in visited:
        return None
    if cause == "cold":
        await wake_quietly(call, route)
    return call.context.link.table.find(call.caller.team_id, name)


def _exhausted(route: Route, failure: UpstreamFailure) -> GatewayError:
    if failure.cause == "timeout":
        return GatewayError(
            504,
            "upstream_timeout",
            f"The server behind {route.name!r} {failure.message}. "
            "Try a shorter prompt, or look at its load on the Deployments page.",
        )
    return GatewayError(
        502,
        "upstream_unreachable",
        f"The server behind {route.name!r} {failure.message}. "
        "Try again in a moment; the Deployments page shows why it is away.",
        retry_after=2,
    )


async def _another_try(call: Call, route: Route, failure: UpstreamFailure) -> Route:
    """The route as it is when there is something to try again. Raises GatewayError.

    A replica that crashed is back within a few seconds, and one that was unloaded a moment ago is
    still in the table: neither has seen the request. One that took it and then broke may do so
    again, and is not asked twice.
    """
    link = call.context.link
    now = time.monotonic()
    if call.patient_until is None:
        call.patient_until = now + call.context.config.return_seconds
    ours = any(target.deployment is not None for target in route.targets)
    while isinstance(failure, Unreachable) and ours and now < call.patient_until:
        await link.wait_for_change(within=_LOOK_AGAIN_SECONDS)
        call.tried.clear()
        route, choice = look_again(call, route)
        if choice is not None or route_table.wakeable(route):
            return route
        now = time.monotonic()
    raise _exhausted(route, failure)
