"""The ASGI application for /v1: read, authorise, pick, pass on, settle."""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import suppress

from prometheus_client.core import GaugeMetricFamily, Metric

from apps.gateway.dataplane import admission, entrance, forward, keys, listing, probing, relay
from apps.gateway.dataplane.budgets import Budgets
from apps.gateway.dataplane.call import Call, Context, Message, Receive, Scope, Send
from apps.gateway.dataplane.config import GatewayConfig
from apps.gateway.dataplane.counters import Counters
from apps.gateway.dataplane.dialects.ways import PATHS
from apps.gateway.dataplane.errors import GatewayError
from apps.gateway.dataplane.link import ControlLink
from apps.gateway.dataplane.upstream import Pool

_NOTED_REFUSALS = frozenset({403, 404, 429})  # the console shows the last one of a key
_SWEEP_SECONDS = 1.0
_LAST_WORD_SECONDS = 0.5
_SLOWEST_BYTES = 4096  # per second: who sends a large body may take longer
_DISCARD_LIMITS = 4  # a body up to so many times the limit is read to its end before it is refused

logger = logging.getLogger(__name__)


def create_app(config: GatewayConfig) -> "Gateway":
    """The data plane as an ASGI application.

    It starts itself with its first request, or earlier by `await app.start()`; `await app.stop()`
    delivers what is left. It is also a collector for a Prometheus registry.
    """
    return Gateway(config)


class Gateway:
    def __init__(self, config: GatewayConfig) -> None:
        self._config = config
        self._context: Context | None = None
        self._counters = Counters()
        self._starting: asyncio.Task[Context] | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self._prober: asyncio.Task[None] | None = None

    # -- life

    async def start(self) -> None:
        await self._ready()

    async def _ready(self) -> Context:
        if self._starting is None:
            self._starting = asyncio.get_running_loop().create_task(self._begin())
        return await asyncio.shield(self._starting)

    async def _begin(self) -> Context:
        config = self._config
        context = Context(
            config=config,
            link=ControlLink(config),
            pool=Pool(
                connect_seconds=config.connect_seconds,
                first_byte_seconds=config.first_byte_seconds,
                quiet_seconds=config.quiet_seconds,
            ),
            counters=self._counters,
            budgets=Budgets(config),
            calls=set(),
        )
        context.link.on_change.append(context.lines.move_all)
        await context.link.start()
        await context.budgets.start()
        self._sweeper = asyncio.get_running_loop().create_task(_sweep(context))
        self._prober = asyncio.get_running_loop().create_task(probing.watch(context))
        self._context = context
        return context

    async def stop(self) -> None:
        if self._starting is None:
            return
        context = await self._starting
        for task in (self._sweeper, self._prober):
            if task is not None:
                task.cancel()
        context.pool.close()
        await context.budgets.stop()
        await context.link.stop()
        self._context = self._starting = None

    def usage_problem(self) -> str:
        """What is wrong with the usage this process holds, as a sentence; mostly empty."""
        return "" if self._context is None else self._context.link.delivery.spool().problem

    def collect(self) -> Iterator[Metric]:
        yield from self._counters.collect()
        in_flight = 0 if self._context is None else len(self._context.calls)
        yield GaugeMetricFamily(
            "hearth_gateway_requests_in_flight", "Requests being served", value=in_flight
        )
        if self._context is None:
            return
        yield from probing.collect(self._context)
        link = self._context.link
        limits_up = self._context.budgets.up
        for name, about, value in (
            ("redis_up", "Whether Redis answers this process", float(link.reachable)),
            ("limits_up", "Whether Redis counts limits for this process", float(limits_up)),
            ("snapshot_version", "Version of the table in use", float(link.table.version)),
            ("journal_bytes", "Usage that is not delivered yet", float(link.journal.waiting_bytes)),
            ("usage_lost", "Requests that could not be written down", float(link.journal.lost)),
        ):
            yield GaugeMetricFamily(f"hearth_gateway_{name}", about, value=value)

    # -- requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 4404})
            return
        context = self._context or await self._ready()
        call = Call(context, scope, receive, send)
        context.calls.add(call)
        try:
            await _serve(call)
        except asyncio.CancelledError:
            if not call.left or call.task is None:
                await _say_stopped(call)
                raise
            call.task.uncancel()  # it was our own doing: the client has left
        finally:
            context.calls.discard(call)
            call.close()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _say_stopped(call: Call) -> None:
    """The process ends before the reply does. The client is told, if it listens."""
    if call.started and call.relay is None:
        call.error = "gateway_stopped"
        return
    error = GatewayError(
        503,
        "gateway_stopped",
        "The gateway was stopped before the reply was complete. Send the request again.",
        retry_after=2,
    )
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_WORD_SECONDS):
            await call.refuse(error)


async def _sweep(context: Context) -> None:
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        context.pool.sweep()
        now = time.monotonic()
        for call in [call for call in context.calls if call.is_stalled(now)]:
            call.drop_client()
        for call in context.calls:
            call.drop_late_body(now)


async def _serve(call: Call) -> None:
    try:
        await _answer(call)
    except GatewayError as error:
        _note_refusal(call, error)
        await call.refuse(error)
    except relay.BrokenReply:
        raise
    except Exception:
        logger.exception("request %s failed in the gateway itself", call.id)
        await call.refuse(
            GatewayError(
                500,
                "gateway_fault",
                f"Something in the gateway itself went wrong. Its log has the reason "
                f"under {call.id}.",
            )
        )


async def _answer(call: Call) -> None:
    context = call.context
    _refuse_key_in_address(call)
    call.caller = keys.authorise(
        call.scope["headers"], context.link.table.keys, context.config.ticket_secret, time.time()
    )
    keys.check_access(call.caller, call.address, scope="infer")
    if call.path not in PATHS:
        await listing.answer(call)
        return
    if call.scope["method"] != "POST":
        raise GatewayError(405, "method_not_allowed", f"{call.path} takes POST.")
    call.body = await _read_body(call)
    call.head = entrance.read_asked(call)
    call.watch_client()
    call.route = context.link.table.get_for(call.caller, call.head.model)
    await admission.admit(call)
    await relay.give(call, await forward.obtain(call))


def _note_refusal(call: Call, error: GatewayError) -> None:
    is_noted = error.status in _NOTED_REFUSALS or error.code == "limits_unknown"
    # A note says when what was asked for, and from where: more than such a key leaves behind.
    is_noted = is_noted and call.caller.privacy != "none"
    if call.caller.key_id is not None and is_noted:
        call.context.budgets.note_refusal(
            call.caller.key_id, error, call_id=call.id, model=call.head.model
        )


def _refuse_key_in_address(call: Call) -> None:
    if keys.KEY_PREFIX.encode() in call.scope.get("query_string", b""):
        raise GatewayError(
            401,
            "key_in_address",
            "An API key was sent in the address, where logs keep it. Send it as "
            "`Authorization: Bearer …`, and revoke this one.",
        )


async def _read_body(call: Call) -> bytes:
    """The whole body. Raises GatewayError 408, 413 or 415."""
    limit = call.context.config.max_body_bytes
    for name, value in call.scope["headers"]:
        if name == b"content-length" and int(value) > _DISCARD_LIMITS * limit:
            raise _too_large(limit)
        if name == b"content-encoding" and value.lower() != b"identity":
            raise GatewayError(
                415,
                "compressed_body",
                "Compressed request bodies are not read. Send the JSON as it is.",
                close=True,
            )
    parts: list[bytes] = []
    size = 0
    began = time.monotonic()
    while True:
        message = await _next_part(call, until=began + size / _SLOWEST_BYTES)
        part: bytes = message.get("body", b"")
        size += len(part)
        if size <= limit:
            parts.append(part)
        elif size > _DISCARD_LIMITS * limit or not message.get("more_body"):
            raise _too_large(limit)
        else:
            # A client that still sends would not see an answer: let it finish, keep nothing.
            parts.clear()
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def _next_part(call: Call, *, until: float) -> Message:
    """Waits `body_seconds` longer than `until`: a byte now and then buys no time."""
    # A timer for each request is dear, as nearly every body is there already: the sweep looks.
    call.body_until = until + call.context.config.body_seconds
    try:
        message = await call.receive()
    except asyncio.CancelledError as problem:
        if not call.body_overdue or call.task is None or call.task.uncancel():
            raise
        raise GatewayError(
            408, "body_timeout", "The rest of the request body did not arrive.", close=True
        ) from problem
    finally:
        call.body_until = None
    if message["type"] == "http.disconnect":
        call.left = True
        raise GatewayError(400, "client_left", "The client left before its request was complete.")
    return message


def _too_large(limit: int) -> GatewayError:
    return GatewayError(
        413,
        "body_too_large",
        f"The request body is larger than {limit // (1024 * 1024)} MiB.",
        close=True,
    )
