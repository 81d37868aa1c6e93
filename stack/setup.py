"""`python -m stack setup`: everything that is made once, without starting anything."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from stack.chromium import ensure_chromium
from stack.commands import Runner, cancel_all
from stack.console_build import FRONTEND, build_console, find_node, install_packages, node_path
from stack.guard import Guard
from stack.layout import Layout, prepare
from stack.python_environment import prepare_python


async def setup(layout: Layout, *, development: bool, console: bool, browser: bool) -> int:
    """Make the Python environment and build the console side by side. Raises Problem."""
    async with _runner(layout) as runner:
        steps = [asyncio.create_task(prepare_python(runner, development=development))]
        if console:
            steps.append(asyncio.create_task(build_console(runner)))
        try:
            for step in steps:
                await step
            if browser:
                await ensure_chromium(runner)
        finally:
            await cancel_all(steps)
    return 0


async def npm(layout: Layout, arguments: Sequence[str]) -> int:
    """Run npm in `frontend/` with a Node.js that is new enough; its exit status."""
    async with _runner(layout) as runner:
        node = await find_node(runner)
        await install_packages(runner, node)
    path = node_path(node, os.environ.get("PATH", os.defpath))
    process = await asyncio.create_subprocess_exec(
        "npm", *arguments, cwd=FRONTEND, env={**os.environ, "PATH": path}
    )
    return await process.wait()


@asynccontextmanager
async def _runner(layout: Layout) -> AsyncIterator[Runner]:
    prepare(layout)
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with Guard(None) as guard:
        yield Runner(layout, guard)
