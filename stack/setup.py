"""`python -m stack setup`: everything that is made once, without starting anything."""

import asyncio
import signal

from stack.commands import Runner
from stack.console_build import build_console
from stack.guard import Guard
from stack.layout import Layout, prepare
from stack.python_environment import prepare_python


async def setup(layout: Layout, *, development: bool, console: bool) -> int:
    """Make the Python environment and build the console side by side. Raises Problem."""
    prepare(layout)
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with Guard(None) as guard:
        runner = Runner(layout, guard)
        python = asyncio.create_task(prepare_python(runner, development=development))
        built = asyncio.create_task(build_console(runner)) if console else None
        try:
            await python
            if built is not None:
                await built
        except asyncio.CancelledError:
            return 128 + signal.SIGTERM
        finally:
            await _end(python, built)
    return 0


async def _end(*tasks: asyncio.Task[None] | None) -> None:
    left = [task for task in tasks if task is not None and not task.done()]
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left)
