"""Finding out by ourselves whether an endpoint that failed works again, so that no client has to.

An open circuit is probed when its least time is over: `GET …/models`, which every kind of server
answers without effort. That says nothing about inference, so a replica that was given up because
of time-outs has to produce a token before a client's request is sent there. Outside servers are
never asked for tokens, which somebody may have to pay for: there the next request is the trial.

Before it comes to that, a replica that has requests and has sent nothing to any of them for a
while is doubted: new requests go to others first. It may be hanging or work on a long prompt.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Iterator

import msgspec
from prometheus_client.core import GaugeMetricFamily, Metric
from redis.exceptions import RedisError

from apps.gateway.dataplane.call import Context
from apps.gateway.dataplane.circuits import CircuitReport
from apps.gateway.dataplane.errors import UpstreamFailure
from apps.gateway.dataplane.route_table import Address, Endpoint

_LOOK_SECONDS = 0.2
_PAUSE_SECONDS = 1.0
_REPORT_SECONDS = 2.0
_AGAIN_INSIDE = 3.0  # times the dwell: a look at our own machines costs nobody anything
_AGAIN_OUTSIDE = 10.0
_ONE_TOKEN = 4.0  # times as long as a mere answer may take
_AT_ONCE = 16

logger = logging.getLogger(__name__)


async def watch(context: Context) -> None:
    """Probe what is due, doubt what is silent and report what is open, until cancelled."""
    while True:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_probe_what_is_due(context, tasks))
                tasks.create_task(_report(context))
        except* Exception:
            # An open circuit that nobody probes would stay open for ever.
            logger.exception("endpoints could not be probed; trying again")
        await asyncio.sleep(_PAUSE_SECONDS)


async def _probe_what_is_due(context: Context, tasks: asyncio.TaskGroup) -> None:
    running: dict[str, asyncio.Task[None]] = {}
    silence_at = 0.0
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        now = time.monotonic()
        running = {name: task for name, task in running.items() if not task.done()}
        for endpoint in list(context.open_circuits.values()):
            if endpoint.id not in context.link.table.places:
                del context.open_circuits[endpoint.id]  # nothing leads there any more
                continue
            load = endpoint.load
            due = load.state == "open" and load.probe_at <= now and endpoint.id not in running
            if due and len(running) < _AT_ONCE:
                running[endpoint.id] = tasks.create_task(_probe(context, endpoint))
        if now >= silence_at:
            silence_at = now + 1
            _doubt_the_silent(context, now)


# -- open circuits


async def _probe(context: Context, endpoint: Endpoint) -> None:
    config = context.config
    hung = endpoint.load.cause == "timeout" and endpoint.deployment_id is not None
    request = _token_request(endpoint) if hung else _models_request(endpoint)
    try:
        async with asyncio.timeout(config.probe_seconds * (_ONE_TOKEN if hung else 1)):
            status = await _answer(context, endpoint.address, request)
    except UpstreamFailure as failure:
        problem = failure.message
    except TimeoutError:
        problem = "gave no token in time" if hung else "did not answer a probe in time"
    else:
        problem = f"answered {status} to a probe" if status >= 500 else ""
    again = _AGAIN_OUTSIDE if endpoint.leaves_house else _AGAIN_INSIDE
    endpoint.load.probed(problem, now=time.monotonic(), again_after=again * config.dwell_seconds)


async def _answer(context: Context, address: Address, request: bytes) -> int:
    connection = await context.pool.send(address, request)
    try:
        while await connection.piece():
            pass
        status: int = connection.status
    finally:
        connection.release()
    return status


def _models_request(endpoint: Endpoint) -> bytes:
    return _request(endpoint, b"GET", b"/models", b"")


def _token_request(endpoint: Endpoint) -> bytes:
    name = endpoint.name.partition("/")[0]
    if endpoint.speaks == frozenset({"embeddings"}):
        return _request(
            endpoint, b"POST", b"/embeddings", msgspec.json.encode({"model": name, "input": "hi"})
        )
    body = msgspec.json.encode({"model": name, "prompt": "hi", "max_tokens": 1})
    return _request(endpoint, b"POST", b"/completions", body)


def _request(endpoint: Endpoint, method: bytes, path: bytes, body: bytes) -> bytes:
    address = endpoint.address
    head = b"%b %b%b HTTP/1.1\r\nhost: %b\r\nuser-agent: hearth-gateway\r\n" % (
        method,
        address.path.encode(),
        path,
        address.authority,
    )
    if endpoint.authorization is not None:
        head += b"authorization: %b\r\n" % endpoint.authorization
    if body:
        head += b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body)
    return head + b"\r\n" + body


# -- silent ones


def _doubt_the_silent(context: Context, now: float) -> None:
    silent = context.pool.silent_for(context.config.silent_seconds)
    if not silent:
        return
    for endpoint in context.link.table.endpoints():
        if endpoint.address in silent:
            endpoint.load.doubt(now)


# -- what is told about it


async def _report(context: Context) -> None:
    process = secrets.token_hex(4)
    told: set[str] = set()
    while True:
        await asyncio.sleep(_REPORT_SECONDS)
        reports = {
            f"{report.endpoint}#{process}": msgspec.json.encode(report)
            for report in _reports(context, process)
        }
        gone = told - set(reports)
        if not reports and not gone:
            continue
        try:
            await context.link.report_circuits(reports, gone)
        except (RedisError, OSError) as problem:
            logger.debug("circuits not reported: %s", problem)
        else:
            told = set(reports)


def _reports(context: Context, process: str) -> Iterator[CircuitReport]:
    wall, now = time.time(), time.monotonic()
    for endpoint in context.open_circuits.values():
        load = endpoint.load
        if load.state != "closed":
            yield CircuitReport(
                endpoint=endpoint.id,
                name=endpoint.name,
                state=load.state,
                since=load.since,
                cause=load.cause,
                reason=load.reason,
                process=process,
                at=wall,
                probe_at=wall + load.probe_at - now if load.state == "open" else None,
                deployment_id=endpoint.deployment_id,
                upstream_id=endpoint.upstream_id,
                replica_id=endpoint.replica_id,
            )


def collect(context: Context) -> Iterator[Metric]:
    """For Prometheus: the circuits that are not closed, and who waits for a model."""
    states = GaugeMetricFamily(
        "hearth_gateway_circuit_open",
        "Upstreams that are passed over: 1 open, 0.5 half-open; closed ones are not listed",
        labels=["upstream", "cause"],
    )
    for endpoint in list(context.open_circuits.values()):
        load = endpoint.load
        if load.state != "closed":
            value = 1.0 if load.state == "open" else 0.5
            states.add_metric([endpoint.name, load.cause], value)
    yield states
    yield GaugeMetricFamily(
        "hearth_gateway_requests_waiting",
        "Requests that wait for a model to load",
        value=context.lines.waiting,
    )
