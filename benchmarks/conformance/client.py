"""A client that sees everything: raw bytes, when each piece came, and how a reply ended."""

import asyncio
import json
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

Headers = list[tuple[str, str]]

WITHIN = 30.0
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


class NoReply(Exception):
    """The gateway closed the connection, or said nothing, where a reply was due."""


@dataclass
class Reply:
    """`ended`: "whole" as HTTP says, "cut" in the middle, "" while it has not ended."""

    status: int
    headers: Headers
    body: bytearray = field(default_factory=bytearray)
    pieces: list[tuple[float, bytes]] = field(default_factory=list)  # monotonic seconds, bytes
    ended: str = ""

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def json(self) -> Any:
        """None when the body is not JSON."""
        try:
            return json.loads(bytes(self.body))
        except ValueError:
            return None

    def error(self) -> dict[str, Any]:
        """The error object in OpenAI's shape, empty when there is none."""
        said = self.json()
        error = said.get("error") if isinstance(said, dict) else None
        return error if isinstance(error, dict) else {}

    def data(self) -> list[str]:
        """The data of every server-sent event, in order."""
        events = _BLANK_LINE.split(bytes(self.body))
        found = ["\n".join(_data_lines(event)) for event in events]
        return [each for each in found if each]

    def chunks(self) -> list[dict[str, Any]]:
        """The events that are JSON objects. Raises ValueError for one that is torn."""
        return [json.loads(each) for each in self.data() if each != "[DONE]"]

    def text(self) -> str:
        """What a chat client would have shown."""
        return "".join(
            choice.get("delta", {}).get("content") or ""
            for chunk in self.chunks()
            for choice in chunk.get("choices") or []
        )

    @property
    def is_whole(self) -> bool:
        return self.ended == "whole"

    def is_done(self) -> bool:
        return "[DONE]" in self.data()


def _data_lines(event: bytes) -> list[str]:
    return [
        line[5:].removeprefix(b" ").decode("utf-8", "replace")
        for line in event.splitlines()
        if line.startswith(b"data:")
    ]


@dataclass(frozen=True)
class Address:
    host: str
    port: int
    path: str
    secure: bool

    @classmethod
    def of(cls, base_url: str) -> "Address":
        parts = urlsplit(base_url)
        secure = parts.scheme == "https"
        return cls(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or (443 if secure else 80),
            path=parts.path.rstrip("/"),
            secure=secure,
        )


class Wire:
    """One connection to the gateway."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def head(self, *, within: float = WITHIN) -> Reply:
        """The head of the next reply; interim ones are skipped. Raises NoReply."""
        while True:
            try:
                async with asyncio.timeout(within):
                    raw = await self._reader.readuntil(b"\r\n\r\n")
            except TimeoutError as problem:
                raise NoReply(f"no reply within {within:.0f} s") from problem
            except (asyncio.IncompleteReadError, OSError) as problem:
                raise NoReply("the connection was closed without a reply") from problem
            status_line, *lines = raw.decode("latin-1").strip().split("\r\n")
            status = int(status_line.split(" ")[1])
            if status >= 200:
                pairs = (line.split(":", 1) for line in lines)
                return Reply(status, [(name.lower(), value.strip()) for name, value in pairs])

    async def piece(self, reply: Reply, *, within: float = WITHIN) -> bytes:
        """The next piece of the body, b"" at its end. Raises NoReply when nothing comes."""
        try:
            async with asyncio.timeout(within):
                data = await self._next(reply)
        except TimeoutError as problem:
            raise NoReply(f"the reply stood still for {within:.0f} s") from problem
        except (asyncio.IncompleteReadError, OSError, ValueError):
            reply.ended = "cut"
            return b""
        reply.body += data
        if data:
            reply.pieces.append((time.monotonic(), data))
        else:
            reply.ended = reply.ended or "whole"
        return data

    async def _next(self, reply: Reply) -> bytes:
        if (reply.header("transfer-encoding") or "").lower() == "chunked":
            size = int(await self._reader.readuntil(b"\r\n"), 16)
            data = await self._reader.readexactly(size)
            await self._reader.readexactly(2)
            return data
        length = reply.header("content-length")
        if length is None:
            return await self._reader.read(65536)
        missing = int(length) - len(reply.body)
        data = await self._reader.read(min(missing, 65536)) if missing else b""
        if missing and not data:
            reply.ended = "cut"
        return data

    async def rest(self, reply: Reply, *, within: float = WITHIN) -> Reply:
        while await self.piece(reply, within=within):
            pass
        return reply

    async def interim(self, *, within: float) -> str:
        """The status of an interim reply, "" when none comes."""
        try:
            async with asyncio.timeout(within):
                raw = await self._reader.readuntil(b"\r\n\r\n")
        except (TimeoutError, asyncio.IncompleteReadError):
            return ""
        return raw.split(b" ")[1].decode("latin-1")

    async def is_closed_after(self, reply: Reply, *, within: float) -> bool:
        """Whether nothing but the end of the connection follows a reply."""
        await self.rest(reply)
        try:
            async with asyncio.timeout(within):
                return not await self._reader.read(1)
        except TimeoutError:
            return False
        except OSError:
            return True

    def leave(self) -> None:
        """As a client does that is killed: the connection is gone at once."""
        self._writer.transport.abort()


@asynccontextmanager
async def connected(address: Address, *, receive_buffer: int | None = None) -> AsyncIterator[Wire]:
    """A connection of its own; `receive_buffer` bytes are all the room it has for replies."""
    raw = socket.socket(socket.AF_INET)
    if receive_buffer is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    raw.setblocking(False)  # noqa: FBT003 - the socket module's own way
    await asyncio.get_running_loop().sock_connect(raw, (address.host, address.port))
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    tls = ssl.create_default_context() if address.secure else None
    reader, writer = await asyncio.open_connection(
        sock=raw,
        ssl=tls,
        server_hostname=address.host if tls else None,
        limit=receive_buffer or 2**16,
    )
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()
