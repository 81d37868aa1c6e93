"""One connection to Redis for a handful of commands, answered by callbacks instead of tasks.

A general client costs several times what the script itself does; this one writes bytes that are
ready and reads the four kinds of reply that such commands have.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from typing import Any

from redis.connection import SSLConnection, parse_url

Reply = bytes | int | Exception
OnReply = Callable[[Reply], None]
OnLost = Callable[["Wire", Exception | None], None]


class RedisRefused(Exception):
    """Redis answered with an error; the text begins with its kind: NOSCRIPT, LOADING, …"""


def command(*parts: bytes | str) -> bytes:
    """A command as Redis reads it."""
    encoded = [part.encode() if isinstance(part, str) else part for part in parts]
    head = b"*%d\r\n" % len(encoded)
    return head + b"".join([b"$%d\r\n%s\r\n" % (len(part), part) for part in encoded])


class Wire(asyncio.Protocol):
    """`on_lost` is called once, when the connection ends for any reason but `close`."""

    def __init__(self, on_lost: OnLost) -> None:
        self._on_lost = on_lost
        self._waiting: deque[OnReply] = deque()
        self._held = b""
        self._transport: Any = None
        self._closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def send(self, data: bytes, on_reply: OnReply) -> None:
        """`data` is one command; replies come in the order of the commands."""
        self._waiting.append(on_reply)
        self._transport.write(data)

    async def ask(self, data: bytes) -> bytes | int:
        """Raises RedisRefused, or ConnectionError when the connection ends before the reply."""
        future: asyncio.Future[bytes | int] = asyncio.get_running_loop().create_future()

        def resolve(reply: Reply) -> None:
            if future.done():
                return
            if isinstance(reply, Exception):
                future.set_exception(reply)
            else:
                future.set_result(reply)

        if self._closed:
            raise ConnectionResetError("the connection to Redis has ended")
        self.send(data, resolve)
        return await future

    def data_received(self, data: bytes) -> None:
        if self._held:
            data = self._held + data
        at = 0
        while (found := _parse(data, at)) is not None:
            reply, at = found
            self._waiting.popleft()(reply)
        self._held = data[at:]

    def connection_lost(self, exc: Exception | None) -> None:
        was_closed, self._closed = self._closed, True
        waiting, self._waiting = self._waiting, deque()
        for on_reply in waiting:
            on_reply(ConnectionResetError("the connection to Redis has ended"))
        if not was_closed:
            self._on_lost(self, exc)

    def close(self) -> None:
        self._closed = True
        self._transport.abort()


def _parse(data: bytes, at: int) -> tuple[Reply, int] | None:
    """The reply that begins at `at` and where it ends, None while it is not complete."""
    line_end = data.find(b"\r\n", at)
    if line_end < 0:
        return None
    kind, line, after = data[at : at + 1], data[at + 1 : line_end], line_end + 2
    if kind == b"$":
        end = after + int(line)
        return None if len(data) < end + 2 else (data[after:end], end + 2)
    if kind == b":":
        return int(line), after
    if kind == b"-":
        return RedisRefused(line.decode(errors="replace")), after
    return line, after


async def connect(url: str, on_lost: OnLost) -> Wire:
    """A connection that is signed in. Raises OSError, ValueError or RedisRefused."""
    options: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call]
    loop = asyncio.get_running_loop()

    def make() -> Wire:
        return Wire(on_lost)

    if "path" in options:
        _, wire = await loop.create_unix_connection(make, options["path"])
    else:
        secure = options.get("connection_class") is SSLConnection
        _, wire = await loop.create_connection(
            make,
            options.get("host", "localhost"),
            options.get("port", 6379),
            ssl=ssl.create_default_context() if secure else None,
        )
    try:
        if options.get("password"):
            name = [options["username"]] if options.get("username") else []
            await wire.ask(command("AUTH", *name, options["password"]))
        if options.get("db"):
            await wire.ask(command("SELECT", str(options["db"])))
    except BaseException:
        wire.close()
        raise
    return wire
