"""The upstream client: kept-alive connections, one request on each at a time.

Everything one socket read yields is handed on as one piece, so events that arrived together leave
together. Reading pauses while the client is behind, which in turn slows the upstream down. Letting
go of a connection before its reply is complete cuts it: that is how a model server learns that
nobody listens any more.
"""

import asyncio
import logging
import socket
import ssl
import time
from collections import deque
from typing import Any

import httptools

from apps.gateway.dataplane.errors import StaleConnection, Unreachable, UpstreamFailure
from apps.gateway.dataplane.route_table import Address

_PAUSE_ABOVE = 256 * 1024
_IDLE_SECONDS = 60.0
_IDLE_PER_ADDRESS = 256
_SAY_THE_END = frozenset({b"content-length", b"transfer-encoding"})

logger = logging.getLogger(__name__)


class Connection(asyncio.Protocol):
    """One connection to an upstream, and the exchange that runs on it."""

    __slots__ = (
        "_announced_end",
        "_any_byte",
        "_busy",
        "_complete",
        "_failure",
        "_head_waiter",
        "_keep",
        "_loop",
        "_parser",
        "_parts",
        "_paused",
        "_pool",
        "_queue",
        "_size",
        "_transport",
        "_waiter",
        "address",
        "closed",
        "connect_seconds",
        "deadline",
        "first_byte_at",
        "headers",
        "heard_at",
        "idle_since",
        "reused",
        "status",
    )

    headers: list[tuple[bytes, bytes]]
    _complete: bool
    _paused: bool
    _parts: list[bytes]
    _queue: deque[bytes]
    _failure: UpstreamFailure | None
    _waiter: asyncio.Future[None] | None
    _head_waiter: asyncio.Future[None]

    def __init__(self, pool: "Pool", address: Address) -> None:
        self._pool = pool
        self.address = address
        self._loop = pool.loop
        self._clear()
        self._busy = False
        self.closed = False
        self.reused = False
        self.connect_seconds = 0.0
        self.idle_since = 0.0
        self.deadline = 0.0  # monotonic seconds
        self.heard_at = 0.0  # when it sent the last byte, or was sent the request

    # -- the socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._parser: Any = httptools.HttpResponseParser(self)
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if not self._busy:
            self._pool.forget(self)
        elif self._complete:
            return
        elif self.reused and not self._any_byte:
            self._fail(StaleConnection())
        elif self.status and exc is None and not self._announced_end:
            self._complete = True  # a reply without a length ends with its connection
            self._wake()
        else:
            self._fail(UpstreamFailure("refused", "closed the connection before the reply ended"))

    def data_received(self, data: bytes) -> None:
        if not self._busy:
            self._transport.abort()  # bytes nobody asked for
            return
        self._any_byte = True
        self.heard_at = self._loop.time()
        self.deadline = self.heard_at + self._pool.quiet_seconds
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as problem:
            self._fail(UpstreamFailure("refused", f"did not speak HTTP: {problem}"))
            self._transport.abort()
            return
        if self._parts:
            self._collect()
        if self._queue or self._complete:
            self._wake()

    def _collect(self) -> None:
        piece = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        self._queue.append(piece)
        self._size += len(piece)
        if self._size > _PAUSE_ABOVE and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, failure: UpstreamFailure) -> None:
        if self._failure is None:
            self._failure = failure
        if not self._head_waiter.done():
            self._head_waiter.set_exception(self._failure)
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(self._failure)

    # -- what the parser calls

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        self.headers.append((name, value))
        if name in _SAY_THE_END:
            self._announced_end = True

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            self.headers.clear()
            self._announced_end = False
            return
        self.status = status
        if not self._head_waiter.done():
            self._head_waiter.set_result(None)

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)

    def on_message_complete(self) -> None:
        if self.status:
            self._complete = True
            self._keep = self._parser.should_keep_alive()

    # -- one exchange

    def _clear(self) -> None:
        self.status = 0
        self.headers = []
        self._parts = []
        self._queue = deque()
        self._size = 0
        self._complete = self._keep = self._paused = self._any_byte = False
        self._announced_end = False
        self._failure = None
        self._waiter = None
        self._head_waiter = self._loop.create_future()

    async def start(self, request: bytes, *, first_byte_seconds: float) -> None:
        """Send a request and wait for the head of its reply. Raises UpstreamFailure."""
        self._clear()
        self._busy = True
        self.heard_at = self._loop.time()
        self.deadline = self.heard_at + first_byte_seconds
        self._pool.busy.add(self)
        if self.closed:
            raise StaleConnection
        self._transport.write(request)
        await self._head_waiter
        self.first_byte_at = time.perf_counter()

    async def piece(self) -> bytes:
        """The next piece of the body, b"" at its end. Raises UpstreamFailure when it breaks."""
        while not self._queue:
            if self._complete:
                return b""
            if self._failure is not None:
                raise self._failure
            self._waiter = self._loop.create_future()
            await self._waiter
        if len(self._queue) == 1:
            data = self._queue.popleft()
        else:
            data = b"".join(self._queue)
            self._queue.clear()
        self._size = 0
        if self._paused:
            self._paused = False
            self.deadline = self._loop.time() + self._pool.quiet_seconds
            self._transport.resume_reading()
        return data

    @property
    def at_end(self) -> bool:
        return self._complete and not self._queue

    @property
    def byte_at(self) -> float:
        """When the last byte of this reply came; 0 before the first."""
        return self.heard_at if self._any_byte else 0.0

    @property
    def waits_for_us(self) -> bool:
        """Whether it is our client that is behind, and not the upstream."""
        return self._paused or self._complete

    @property
    def overdue(self) -> bool:
        """Whether the upstream owes us bytes for too long. Waiting for our client is no debt."""
        return not self.waits_for_us and self._loop.time() > self.deadline

    def expire(self) -> None:
        self._fail(UpstreamFailure("timeout", "sent nothing for too long"))
        self._transport.abort()

    def release(self) -> None:
        """Keep the connection when its reply ended cleanly, else cut it."""
        self._busy = False
        self._pool.busy.discard(self)
        if self._complete and self._keep and not self.closed and not self._queue:
            self._pool.keep(self)
        elif not self.closed:
            self._transport.abort()

    def close(self) -> None:
        self._transport.abort()

    @property
    def usable(self) -> bool:
        return not self.closed and not self._transport.is_closing()


class Pool:
    """The connections to every address."""

    def __init__(
        self, *, connect_seconds: float, first_byte_seconds: float, quiet_seconds: float
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.connect_seconds = connect_seconds
        self.first_byte_seconds = first_byte_seconds
        self.quiet_seconds = quiet_seconds
        self.busy: set[Connection] = set()
        self._idle: dict[Address, deque[Connection]] = {}
        self._tls: ssl.SSLContext | None = None

    async def send(
        self, address: Address, request: bytes, *, first_byte_seconds: float | None = None
    ) -> Connection:
        """The connection on which the reply's head has arrived; the caller releases it.

        A kept connection that turns out to be dead before the first byte of the reply is replaced
        and the request sent again. Raises UpstreamFailure.
        """
        within = first_byte_seconds or self.first_byte_seconds
        while (connection := self._take(address)) is not None:
            connection.reused = True
            connection.connect_seconds = 0.0
            try:
                await self._start(connection, request, within)
            except StaleConnection:
                continue
            return connection
        connection = await self._connect(address)
        await self._start(connection, request, within)
        return connection

    async def _start(self, connection: Connection, request: bytes, within: float) -> None:
        try:
            await connection.start(request, first_byte_seconds=within)
        except BaseException:
            connection.release()
            raise

    async def _connect(self, address: Address) -> Connection:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self.connect_seconds):
                _, connection = await self.loop.create_connection(
                    lambda: Connection(self, address),
                    address.host,
                    address.port,
                    ssl=self._tls_context() if address.secure else None,
                )
        except TimeoutError as problem:
            raise Unreachable("timeout", "did not accept a connection in time") from problem
        except ssl.SSLError as problem:
            raise Unreachable("refused", f"has a TLS problem: {problem.reason}") from problem
        except OSError as problem:
            reason = problem.strerror or str(problem)
            raise Unreachable("refused", f"cannot be reached: {reason}") from problem
        connection.connect_seconds = time.perf_counter() - began
        return connection

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _take(self, address: Address) -> Connection | None:
        idle = self._idle.get(address)
        while idle:
            connection = idle.pop()  # the warmest first
            if connection.usable:
                return connection
        return None

    def keep(self, connection: Connection) -> None:
        idle = self._idle.get(connection.address)
        if idle is None:
            idle = self._idle[connection.address] = deque()
        if len(idle) >= _IDLE_PER_ADDRESS:
            connection.close()
            return
        connection.idle_since = self.loop.time()
        idle.append(connection)

    def forget(self, connection: Connection) -> None:
        """A connection has ended while nobody used it."""
        idle = self._idle.get(connection.address)
        if idle and connection in idle:
            idle.remove(connection)

    def sweep(self) -> None:
        """Fail what waits too long and close what nobody has used for a while."""
        for connection in [each for each in self.busy if each.overdue]:
            connection.expire()
        limit = self.loop.time() - _IDLE_SECONDS
        for address, idle in list(self._idle.items()):
            while idle and idle[0].idle_since < limit:
                idle.popleft().close()
            if not idle:
                del self._idle[address]

    def heard_from(self, address: Address) -> float:
        """When the last byte of a reply that is under way came from there; 0 without any."""
        return max((each.byte_at for each in self.busy if each.address == address), default=0.0)

    def silent_for(self, seconds: float) -> set[Address]:
        """Addresses that owe replies and have sent nothing to anybody for so long."""
        now = self.loop.time()
        newest: dict[Address, float] = {}
        for each in self.busy:
            heard_at = now if each.waits_for_us else each.heard_at
            newest[each.address] = max(newest.get(each.address, 0.0), heard_at)
        return {address for address, heard_at in newest.items() if now - heard_at > seconds}

    def close(self) -> None:
        for connection in [*self.busy, *(each for idle in self._idle.values() for each in idle)]:
            connection.close()
        self._idle.clear()
