"""A proxy as somebody would write it in an afternoon, for the conformance kit to find fault with.

It asks one upstream, waits for the whole reply, never looks whether the client is still there, and
ends every stream politely.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_DONE = b"data: [DONE]\n\n"


@asynccontextmanager
async def naive_proxy(upstream_port: int) -> AsyncIterator[int]:
    """The port it listens on, until the block ends."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await _one_request(reader, writer, upstream_port)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _one_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream_port: int
) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    body = await reader.readexactly(_length(head))
    from_upstream, to_upstream = await asyncio.open_connection("127.0.0.1", upstream_port)
    try:
        to_upstream.write(head + body)
        writer.write(await _whole_reply(from_upstream))
        await writer.drain()
    finally:
        to_upstream.close()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


async def _whole_reply(upstream: asyncio.StreamReader) -> bytes:
    try:
        head = await upstream.readuntil(b"\r\n\r\n")
    except (OSError, asyncio.IncompleteReadError):
        return b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"
    if b"chunked" not in head:
        return head + await upstream.read(_length(head) or -1)
    chunks = [head]
    try:
        while size := int(await upstream.readuntil(b"\r\n"), 16):
            chunks.append(b"%x\r\n%s" % (size, await upstream.readexactly(size + 2)))
    except (OSError, ValueError, asyncio.IncompleteReadError):
        chunks.append(b"%x\r\n%s\r\n" % (len(_DONE), _DONE))
    return b"".join([*chunks, b"0\r\n\r\n"])
