"""One request from its first byte to its settlement: what is known of it, and whether the client
is still there."""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from apps.gateway.dataplane.bodies import Transcript
from apps.gateway.dataplane.body import Head
from apps.gateway.dataplane.budgets import Budgets, Reservation
from apps.gateway.dataplane.config import GatewayConfig
from apps.gateway.dataplane.counters import Counters
from apps.gateway.dataplane.dialects.ways import dialect_of
from apps.gateway.dataplane.errors import Cause, GatewayError
from apps.gateway.dataplane.keys import Caller
from apps.gateway.dataplane.limits import estimate
from apps.gateway.dataplane.lines import Lines
from apps.gateway.dataplane.link import ControlLink
from apps.gateway.dataplane.route_table import Choice, Endpoint, Route
from apps.gateway.dataplane.sse import EventRelay, Usage
from apps.gateway.dataplane.upstream import Connection, Pool
from apps.gateway.dataplane.usage import UsageRecord, new_id
from apps.gateway.dataplane.watching import Watch

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Step = Literal["picked", "failed", "fallback", "waited", "skipped"]

CLIENT_LEFT = 499

_NOBODY = Caller(team_id=0)
_UNREAD = Head(model="")
_NO_ROUTE = Route(name="", team_id=None, targets=())


@dataclass(frozen=True, slots=True)
class Context:
    """What every request of a process shares."""

    config: GatewayConfig
    link: ControlLink
    pool: Pool
    counters: Counters
    budgets: Budgets
    calls: "set[Call]"
    lines: Lines = field(default_factory=Lines)  # who waits for which deployment
    open_circuits: dict[str, Endpoint] = field(default_factory=dict)  # by id; half-open ones too
    unspoken: set[tuple[str, str]] = field(default_factory=set)  # paths, by endpoint without them
    watch: Watch = field(default_factory=Watch)


class Call:
    """The state of one request. Written to by the steps that serve it, settled exactly once."""

    __slots__ = (
        "_began",
        "_connection",
        "_endpoint",
        "_settled",
        "_watcher",
        "at",
        "attempt_seconds",
        "body",
        "body_overdue",
        "body_until",
        "caller",
        "connect_seconds",
        "context",
        "error",
        "extra_headers",
        "fallback_reason",
        "first_byte_seconds",
        "head",
        "id",
        "left",
        "output_cap",
        "path",
        "patient_until",
        "queue_position",
        "queue_seconds",
        "receive",
        "relay",
        "reservation",
        "route",
        "scope",
        "send",
        "sending_since",
        "slot",
        "started",
        "status",
        "task",
        "trace",
        "transcript",
        "tried",
        "usage",
        "usage_added",
    )

    def __init__(self, context: Context, scope: Scope, receive: Receive, send: Send) -> None:
        self.context = context
        self.scope = scope
        self.receive = receive
        self.send = send
        self.id = new_id()
        self.at = time.time()
        self._began = time.perf_counter()
        self.path: str = scope["path"]
        self.caller = _NOBODY
        self.head = _UNREAD
        self.body = b""
        self.body_until: float | None = None  # monotonic seconds, while a part of it is awaited
        self.body_overdue = False
        self.route = _NO_ROUTE
        self.tried: set[str] = set()
        self.patient_until: float | None = None  # monotonic seconds
        self.attempt_seconds: float | None = None  # until the first byte; None: as ever
        self.usage_added = False
        self.usage: Usage | None = None
        self.relay: EventRelay | None = None
        self.status = 0
        self.error = ""
        self.started = False
        self.left = False
        self.extra_headers: Headers = []  # of ours, on whatever reply the client gets
        if self.path.startswith("/v1/messages"):  # where Anthropic's clients look for it
            self.extra_headers.append((b"request-id", self.id.encode()))
        self.reservation: Reservation | None = None
        self.output_cap: int | None = None  # tokens, when the gateway lowered what was asked for
        self.queue_position: int | None = None
        self.fallback_reason = ""
        self.trace: list[dict[str, Any]] | None = None
        self.slot = 0  # in the tally of streams
        self.transcript: Transcript | None = None
        self.sending_since: float | None = None  # monotonic seconds
        self.queue_seconds = 0.0
        self.connect_seconds = 0.0
        self.first_byte_seconds = 0.0
        self.task = asyncio.current_task()
        self._watcher: asyncio.Task[None] | None = None
        self._endpoint: Endpoint | None = None
        self._connection: Connection | None = None
        self._settled = False

    # -- the client

    @property
    def address(self) -> str:
        """Where the client is, as the server saw it."""
        client = self.scope.get("client")
        return client[0] if client else ""

    def watch_client(self) -> None:
        """From now on the client's leaving cancels the work. The body has been read by now."""
        self.context.watch.begin(self)

    @property
    def is_settled(self) -> bool:
        return self._settled

    def start_watcher(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._wait_for_leaving())

    async def _wait_for_leaving(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.drop_client()

    def drop_client(self) -> None:
        """The client has left, or takes nothing any more: end the work for it."""
        if self.task is not None and not self.left and not self._settled:
            self.left = True
            self.task.cancel()

    def is_stalled(self, now: float) -> bool:
        """Whether the client has not made room for a single part for too long."""
        since = self.sending_since
        return since is not None and now - since > self.context.config.stall_seconds

    def drop_late_body(self, now: float) -> None:
        """End the wait for the next part of the body, if it should have come by now."""
        if self.body_until is not None and now >= self.body_until and self.task is not None:
            self.body_until, self.body_overdue = None, True
            self.task.cancel()

    def stop_watching(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()

    async def start_reply(self, status: int, headers: Headers) -> None:
        self.started = True
        self.status = status
        if self.caller.privacy == "full":
            self.transcript = Transcript(self.context.config.body_bytes)
        if self.extra_headers:  # an upstream has limits of its own, which are not this client's
            ours = {name for name, _ in self.extra_headers}
            headers = [each for each in headers if each[0] not in ours]
        await self.send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [*headers, *self.extra_headers, (b"x-request-id", self.id.encode())],
            }
        )

    async def send_part(self, part: bytes) -> None:
        if self.transcript is not None:
            self.transcript.add(part)
        self.sending_since = time.monotonic()
        await self.send({"type": "http.response.body", "body": part, "more_body": True})
        self.sending_since = None

    async def end_reply(self, part: bytes = b"") -> None:
        """Settle, then let the client have the last of its bytes."""
        if self.transcript is not None:
            self.transcript.add(part)
        self.settle()
        await self.send({"type": "http.response.body", "body": part})

    async def refuse(self, error: GatewayError) -> None:
        """Tell the client what is wrong: as an event when a stream has already begun."""
        self.error = error.code
        if self.started:
            relay = self.relay
            ending = (
                dialect_of(self.path).error_event(error, 0)
                if relay is None
                else relay.broken(error)
            )
            await self.end_reply(ending)
            return
        body = dialect_of(self.path).error_body(error, self.id)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            *error.headers(),
        ]
        await self.start_reply(error.status, headers)
        await self.end_reply(body)

    # -- the upstream

    def take(self, choice: Choice) -> None:
        """Count the request against an endpoint; `let_go` is its counterpart."""
        self.let_go()
        endpoint = self._endpoint = choice.endpoint
        self.tried.add(endpoint.id)
        endpoint.load.begin(self)
        if endpoint.deployment_id is not None:
            self.context.link.begin_use(endpoint.deployment_id)

    def use(self, connection: Connection) -> None:
        self._connection = connection
        self.connect_seconds = connection.connect_seconds
        self.first_byte_seconds = connection.first_byte_at - self._began

    def release_connection(self) -> None:
        """Once only: the moment it is back in the pool it may be somebody else's."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.release()

    def let_go(self) -> None:
        self.release_connection()
        if self._endpoint is not None:
            self._endpoint.load.end(self)
            if self._endpoint.deployment_id is not None:
                self.context.link.end_use(self._endpoint.deployment_id)
                self.context.lines.move(self._endpoint.deployment_id)
            self._endpoint = None

    def blame(self, cause: Cause, reason: str) -> None:
        """The endpoint in use has failed this request, before its first byte or after."""
        endpoint = self._endpoint
        if endpoint is None:
            return
        counters = self.context.counters
        counters.failures[endpoint.name, cause] += 1
        if cause in ("context", "429"):
            return  # the one is the request's doing, the other no fault
        if endpoint.load.failed(
            cause,
            reason,
            by=self,
            now=time.monotonic(),
            dwell=self.context.config.dwell_seconds,
        ):
            counters.openings[endpoint.name] += 1
            self.context.open_circuits[endpoint.id] = endpoint

    def note(self, step: Step, target: str, outcome: str = "", reason: str = "") -> None:
        """Add a decision to the trace. Only worth its time when something unusual happens."""
        if self.trace is None:
            self.trace = []
        at_ms = round((time.perf_counter() - self._began) * 1e3, 1)
        said = {"target": target, "outcome": outcome, "reason": reason}
        self.trace.append(
            {"at_ms": at_ms, "step": step, **{name: text for name, text in said.items() if text}}
        )

    # -- settlement

    def begin_stream(self) -> None:
        """From now on what the client was sent is known, even when this process is killed."""
        record = self._record(time.perf_counter() - self._began)
        self.slot = self.context.link.tally.begin(record)

    def close(self) -> None:
        self.stop_watching()
        if self.left and not self._settled:
            self.status, self.error = CLIENT_LEFT, "client_left"
        self.settle()
        self.let_go()

    def settle(self) -> None:
        """Write down what the request cost: at its end, however it ended, and only once."""
        if self._settled:
            return
        self._settled = True
        seconds = time.perf_counter() - self._began
        counters = self.context.counters
        counters.took(seconds)
        if self.head is _UNREAD:
            counters.requests[self._endpoint_name(), "", self.status] += 1
            return
        record = self._record(seconds)
        counters.requests[record.endpoint, record.route, record.status] += 1
        counters.tokens[record.route, "prompt"] += record.prompt_tokens
        counters.tokens[record.route, "completion"] += record.completion_tokens
        link = self.context.link
        link.journal.add(record)
        link.tally.end(self.slot)
        if self.transcript is not None:
            link.delivery.keep_bodies(record, self.body, self.transcript)
        if self.reservation is not None:
            self.context.budgets.settle(self.reservation, record)

    def _endpoint_name(self) -> str:
        name = self.path.removeprefix("/v1/")
        return "models" if name.startswith("models") else "other" if self.head is _UNREAD else name

    def _record(self, seconds: float) -> UsageRecord:
        caller, head, endpoint = self.caller, self.head, self._endpoint
        record = UsageRecord(
            id=self.id,
            at=self.at,
            team_id=caller.team_id,
            key_id=caller.key_id,
            user_id=caller.user_id,
            endpoint=self._endpoint_name(),
            model=head.model[:200],
            route=self.route.name,
            status=self.status,
            error=self.error,
            streamed=bool(head.stream),
            queue_ms=round(self.queue_seconds * 1e3, 3) if self.queue_seconds else 0.0,
            connect_ms=round(self.connect_seconds * 1e3, 3) if self.connect_seconds else 0.0,
            first_byte_ms=round(self.first_byte_seconds * 1e3, 3),
            total_ms=round(seconds * 1e3, 3),
            queue_position=self.queue_position,
            fallback_reason=self.fallback_reason,
            capped_to=self.output_cap,
            address=self.address,
            trace="" if self.trace is None else msgspec.json.encode(self.trace).decode(),
        )
        if caller.privacy == "none":
            record.logged, record.address, record.trace = False, "", ""
        if endpoint is not None:
            record.deployment_id = endpoint.deployment_id
            record.upstream_id = endpoint.upstream_id
            record.replica_id = endpoint.replica_id
            record.served_by = endpoint.name
            record.node = endpoint.node
        self._count_tokens(record)
        return record

    def _count_tokens(self, record: UsageRecord) -> None:
        usage = self.usage or (self.relay.usage if self.relay is not None else None)
        if usage is not None:
            record.prompt_tokens = usage.prompt_tokens or 0
            record.completion_tokens = usage.completion_tokens or 0
            if usage.prompt_tokens_details is not None:
                record.cached_tokens = usage.prompt_tokens_details.cached_tokens or 0
        elif self.relay is not None or (self.left and self._endpoint is not None):
            record.estimated = True
            record.prompt_tokens = estimate.prompt_tokens(self.body)
            record.completion_tokens = 0 if self.relay is None else self.relay.events
