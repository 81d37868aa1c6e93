"""Giving a reply to the client: a plain one at once, a stream event by event."""

from apps.gateway.dataplane.call import Call, Headers
from apps.gateway.dataplane.dialects.chat import problem_of
from apps.gateway.dataplane.dialects.ways import NAMED_EVENTS, dialect_of
from apps.gateway.dataplane.errors import GatewayError, UpstreamFailure
from apps.gateway.dataplane.exchange import Reply, presentable
from apps.gateway.dataplane.sse import EventRelay
from apps.gateway.dataplane.upstream import Connection

_STREAM_DEFAULTS: dict[bytes, bytes] = {b"cache-control": b"no-cache", b"x-accel-buffering": b"no"}


async def give(call: Call, reply: Reply) -> None:
    if reply.connection is not None and call.relay is not None:
        await _give_events(call, reply, reply.connection, call.relay)
    elif call.started:
        await _give_as_event(call, reply)
    elif reply.connection is not None:
        await _give_long(call, reply, reply.connection)
    else:
        await _give_plain(call, reply)


async def _give_plain(call: Call, reply: Reply) -> None:
    call.usage = reply.usage
    if reply.status >= 400:
        call.error = "upstream_error"
        reply.body = presentable(call, reply)
    headers = [*_served_by(reply), (b"content-length", b"%d" % len(reply.body))]
    await call.start_reply(reply.status, headers)
    await call.end_reply(reply.body)


async def _give_as_event(call: Call, reply: Reply) -> None:
    """A plain reply after the stream has begun (its model had to load first): an error, mostly."""
    call.usage = reply.usage
    if reply.status >= 400:
        call.error = "upstream_error"
        if call.path in NAMED_EVENTS:
            error = GatewayError(reply.status, call.error, problem_of(reply.body).message)
            await call.end_reply(dialect_of(call.path).error_event(error, 0))
            return
        reply.body = presentable(call, reply)
    await call.end_reply(b"data: " + b" ".join(reply.body.splitlines()) + b"\n\n")


async def _give_long(call: Call, reply: Reply, connection: Connection) -> None:
    await call.start_reply(reply.status, _served_by(reply))
    await call.send_part(reply.body)
    try:
        while piece := await connection.piece():
            await call.send_part(piece)
    except UpstreamFailure as failure:
        # The length was never announced; a cut connection is the only honest way to say it.
        call.error = "upstream_broke"
        raise BrokenReply from failure
    await call.end_reply()


class BrokenReply(Exception):
    """A plain reply broke off after a part of it had been sent."""


async def _give_events(call: Call, reply: Reply, connection: Connection, relay: EventRelay) -> None:
    if not call.started:
        await call.start_reply(200, _event_headers(reply))
    call.begin_stream()
    tally = call.context.link.tally
    piece = reply.body
    try:
        while piece:
            before = relay.events
            ready = relay.feed(piece)
            if call.reservation is not None and relay.events > call.reservation.given:
                await _reserve_more(call, relay, before)
            if ready:
                tally.counts[call.slot] = relay.events
                await call.send_part(ready)
            piece = await connection.piece()
        rest = relay.rest()
    except UpstreamFailure as failure:
        if not relay.done:
            await _end_broken(call, reply, relay, failure)
            return
        rest = b""
    await call.end_reply(rest)


async def _reserve_more(call: Call, relay: EventRelay, before: int) -> None:
    """Raises GatewayError when the limits have nothing left; the last piece then stays here."""
    if relay.done or call.reservation is None:
        return
    try:
        await call.context.budgets.extend(call.reservation, used=relay.events)
    except GatewayError:
        relay.events, relay.usage = before, None
        raise


async def _end_broken(
    call: Call, reply: Reply, relay: EventRelay, failure: UpstreamFailure
) -> None:
    """What arrived has been sent. Now one error event, and an end without `[DONE]`."""
    call.error = "upstream_timeout" if failure.cause == "timeout" else "upstream_broke"
    call.blame(failure.cause, failure.message)
    error = GatewayError(
        502,
        call.error,
        f"The stream broke off: {reply.endpoint.name!r} {failure.message}. "
        "What came before is complete as far as it goes; send the request again.",
    )
    await call.end_reply(relay.broken(error))


def _served_by(reply: Reply) -> Headers:
    return [*reply.headers, (b"x-served-by", reply.endpoint.name.encode("latin-1", "replace"))]


def _event_headers(reply: Reply) -> Headers:
    headers = _served_by(reply)
    present = {name for name, _ in headers}
    headers.extend(each for each in _STREAM_DEFAULTS.items() if each[0] not in present)
    return headers
