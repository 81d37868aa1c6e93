"""A model server that misbehaves as it is told, and remembers what it saw.

The order stands in the prompt, `kit:SCRIPT:MARK`: the one thing that no gateway may change. The
mark tells the requests of one check from all others.
"""

import asyncio
import re
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

Headers = list[tuple[str, str]]

_ORDER = re.compile(rb"kit:([a-z0-9-]+):([0-9a-z]+)")
_MODEL_LIST = (
    b'{"object":"list","data":[{"id":"kit","object":"model","created":0,"owned_by":"kit"}]}'
)
_SEND_BUFFER = 64 * 1024  # small, so that a full pipe is soon felt


class Gone(Exception):
    """The other side has closed the connection."""


@dataclass
class Seen:
    """One request as the upstream saw it. Times are monotonic seconds."""

    listener: str
    connection: int
    path: str
    headers: Headers
    body: bytes
    at: float
    sent: int = 0
    is_over: bool = False  # nothing more is done for it
    first_sent_at: float = 0.0
    closed_under_next: bool = False  # its connection was closed as another request came in
    gone_at: float | None = None  # the other side closed while the reply was being made

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


class Line:
    """One connection. Its input is always being read, so that its end is noticed at once."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.gone = asyncio.Event()
        self._reader = reader
        self._buffer = bytearray()
        self._arrived = asyncio.Event()
        self._pump = asyncio.ensure_future(self._read_always())

    async def _read_always(self) -> None:
        try:
            while data := await self._reader.read(65536):
                self._buffer += data
                self._arrived.set()
        except OSError:
            pass
        finally:
            self.gone.set()
            self._arrived.set()

    async def more(self) -> None:
        """Return when further bytes are there. Raises Gone."""
        if self.gone.is_set():
            raise Gone
        self._arrived.clear()
        await self._arrived.wait()

    @property
    def waiting(self) -> int:
        return len(self._buffer)

    async def take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            await self.more()
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    async def take_through(self, mark: bytes) -> bytes:
        while (at := self._buffer.find(mark)) < 0:
            await self.more()
        return await self.take(at + len(mark))

    def reset(self) -> None:
        """Close with RST, as a process that crashes does."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def close(self) -> None:
        """Close with FIN after everything written has left."""
        self._pump.cancel()
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:
            return


@dataclass
class Exchange:
    """One request and the reply to it, in a script's hands."""

    seen: Seen
    mark: str
    line: Line

    async def send(self, data: bytes) -> None:
        """Returns when the pipe has room again. Raises Gone."""
        if self.line.gone.is_set():
            raise Gone
        self.seen.first_sent_at = self.seen.first_sent_at or time.monotonic()
        self.line.writer.write(data)
        try:
            await self.line.writer.drain()
        except OSError as problem:
            raise Gone from problem
        self.seen.sent += len(data)

    async def pause(self, seconds: float) -> None:
        """Raises Gone as soon as nobody waits for the reply any more."""
        try:
            await asyncio.wait_for(self.line.gone.wait(), seconds)
        except TimeoutError:
            return
        raise Gone


Script = Callable[[Exchange], Awaitable[bool]]  # whether the connection stays open


@dataclass
class Upstream:
    """`async with Upstream("a", scripts) as upstream:` listens until the block ends."""

    listener: str
    scripts: Mapping[str, Script]
    host: str = "127.0.0.1"
    port: int = 0
    seen: dict[str, list[Seen]] = field(default_factory=dict)
    connections: int = 0
    _lines: set["asyncio.Task[None]"] = field(default_factory=set)

    async def __aenter__(self) -> "Upstream":
        self._server = await asyncio.start_server(self._connected, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for task in list(self._lines):
            task.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/v1"

    @property
    def is_busy(self) -> bool:
        return any(not each.is_over for several in self.seen.values() for each in several)

    def requests(self, mark: str) -> list[Seen]:
        return self.seen.get(mark, [])

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        self.connections += 1
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line, number = Line(reader, writer), self.connections
        try:
            while await self._one_request(line, number):
                pass
        except (Gone, ValueError):
            pass
        finally:
            self._lines.discard(task)
            await line.close()

    async def _one_request(self, line: Line, number: int) -> bool:
        path, headers = _parse_head(await line.take_through(b"\r\n\r\n"))
        body = await _body(line, dict(headers))
        seen = Seen(self.listener, number, path, headers, body, time.monotonic())
        order = _ORDER.search(body)
        script, mark = (order[1].decode(), order[2].decode()) if order else ("plain", "")
        self.seen.setdefault(mark, []).append(seen)
        exchange = Exchange(seen, mark, line)
        if path.split("?")[0].endswith("/models"):
            seen.is_over = True
            await exchange.send(plain(200, _MODEL_LIST))
            return True
        try:
            return await self.scripts[script](exchange)
        except Gone:
            seen.gone_at = time.monotonic()
            raise
        finally:
            seen.is_over = True


def _parse_head(head: bytes) -> tuple[str, Headers]:
    request_line, *lines = head.decode("latin-1").strip().split("\r\n")
    pairs = (line.split(":", 1) for line in lines)
    return request_line.split(" ")[1], [(name.lower(), value.strip()) for name, value in pairs]


async def _body(line: Line, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await line.take(int(headers.get("content-length", "0")))
    parts = []
    while size := int(await line.take_through(b"\r\n"), 16):
        parts.append(await line.take(size))
        await line.take(2)
    await line.take_through(b"\r\n")
    return b"".join(parts)


def plain(
    status: int, body: bytes, *, kind: str = "application/json", more: Headers | None = None
) -> bytes:
    """A whole reply with its length."""
    lines = [f"HTTP/1.1 {status} Kit", f"content-type: {kind}", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in more or []]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
