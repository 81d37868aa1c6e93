"""Small questions that tell whether a service answers. No answer is False, never an error."""

import asyncio
from pathlib import Path

PROBE_SECONDS = 2.0


async def redis_answers(socket_path: Path) -> bool:
    """Whether Redis says PONG; False while it is still loading its data."""
    return (await ask_redis(socket_path, "PING")).startswith(b"+PONG")


async def ask_redis(socket_path: Path, command: str) -> bytes:
    """The first bytes of Redis' answer to an inline command; empty when nothing answers."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            reader, writer = await asyncio.open_unix_connection(str(socket_path))
            try:
                writer.write(f"{command}\r\n".encode())
                return await reader.read(64 * 1024)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return b""


async def http_answers(port: int, path: str) -> bool:
    """Whether `http://127.0.0.1:<port><path>` answers with 200."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
                writer.write(request.encode())
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


async def command_succeeds(*argv: str) -> bool:
    """Whether a command ends with status 0."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await process.wait() == 0
