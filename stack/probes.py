"""Small questions that tell whether a service answers. No answer is False, never an error."""

import asyncio
import contextlib
import http.client
import io
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROBE_SECONDS = 2.0


async def redis_answers(socket_path: Path) -> bool:
    """Whether Redis says PONG; False while it is still loading its data."""
    return await ask_redis(socket_path, "PING") == b"PONG"


async def ask_redis(socket_path: Path, command: str) -> bytes:
    """Redis' answer to an inline command that answers with one string; empty when nobody does."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            reader, writer = await asyncio.open_unix_connection(str(socket_path))
            with contextlib.closing(writer):
                writer.write(f"{command}\r\n".encode())
                first = (await reader.readline()).strip()
                if first.startswith(b"$"):
                    return await reader.readexactly(max(int(first[1:]), 0))
                return first[1:] if first.startswith(b"+") else b""
    except (OSError, TimeoutError, EOFError):
        return b""


async def worker_listens(redis_socket: Path) -> bool:
    """Whether a worker waits for jobs: that is the one client of Redis that blocks on a list."""
    return b"cmd=brpop" in await ask_redis(redis_socket, "CLIENT LIST")


@dataclass(frozen=True)
class Address:
    """Where a server of ours can be asked from this machine."""

    host: str
    port: int

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer read to its end; status 0 when there was none."""

    status: int
    body: bytes = b""

    def json(self) -> Any:
        """The decoded body; None when it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


async def http_ask(
    address: Address,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    within: float = PROBE_SECONDS,
) -> Answer:
    """One request; `within` is in seconds."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {address.host}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    request = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    try:
        async with asyncio.timeout(within):
            reader, writer = await asyncio.open_connection(address.host, address.port)
            with contextlib.closing(writer):
                writer.write(request)
                return _parse(await reader.read())
    except (OSError, TimeoutError):
        return Answer(status=0)


async def http_answers(address: Address, path: str) -> bool:
    """Whether the path answers with 200."""
    return (await http_ask(address, path)).status == http.HTTPStatus.OK


async def command_succeeds(*argv: str) -> bool:
    """Whether a command ends with status 0."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await process.wait() == 0


class _Received(socket.socket):
    """Bytes that were read already, in the shape `http.client` reads from."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data

    def makefile(self, *_arguments: Any, **_options: Any) -> Any:
        return io.BytesIO(self._data)


def _parse(data: bytes) -> Answer:
    with _Received(data) as received:
        response = http.client.HTTPResponse(received)
        try:
            response.begin()
            return Answer(status=response.status, body=response.read())
        except (http.client.HTTPException, OSError):
            return Answer(status=0)
