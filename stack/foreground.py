"""The one command a person runs beside the services, on their own terminal."""

import asyncio
import os
import signal
from collections.abc import Sequence

from stack.process import die_with_parent


async def run_in_foreground(command: Sequence[str], environment: dict[str, str]) -> int:
    """Run a command on the terminal; its exit status. It ends when the supervisor does."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **environment},
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
    try:
        status = await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        raise
    return status if status >= 0 else 128 - status
