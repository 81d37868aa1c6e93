"""The command line: `python -m stack up|with|setup|npm|status|stop|reset`."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Coroutine, Sequence
from typing import Any

from stack.control import reset, status, stop
from stack.environment import read_dotenv
from stack.layout import CHECKOUT, Layout, find_layout
from stack.parent import die_with_make
from stack.problem import Problem
from stack.setup import npm, setup
from stack.up import up
from stack.with_services import run_with


def main(arguments: Sequence[str]) -> int:
    """Run one subcommand; its exit status."""
    own, command = _split(arguments)
    options = _parser().parse_args(own)
    try:
        read_dotenv(CHECKOUT / ".env")
        return _dispatch(options, command, find_layout())
    except Problem as problem:
        print(f"hearth: {problem}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 128 + signal.SIGINT


def _dispatch(options: argparse.Namespace, command: list[str], layout: Layout) -> int:
    match options.subcommand:
        case "up":
            return _up(options, command, layout)
        case "with":
            return _with(options, command, layout)
        case "setup":
            return _setup(options, layout)
        case "npm":
            return _run(npm(layout, command))
        case "status":
            return _run(status(layout))
        case "stop":
            return stop(layout)
        case _:
            return reset(layout, sure=options.yes)


def _up(options: argparse.Namespace, command: list[str], layout: Layout) -> int:
    if options.with_parent:
        die_with_make()
    if options.once_ready and not command:
        raise Problem("There is no command to run.", "Write it after `--`.")
    work = up(
        layout,
        once_ready=command,
        console=not options.no_console,
        with_parent=options.with_parent,
    )
    return _run(work)


def _with(options: argparse.Namespace, command: list[str], layout: Layout) -> int:
    if not command:
        raise Problem("There is no command to run.", "Write it after `--`.")
    names = [name for name in options.services.split(",") if name]
    return _run(run_with(layout, names, command, fast=options.fast))


def _setup(options: argparse.Namespace, layout: Layout) -> int:
    work = setup(
        layout,
        development=options.dev,
        console=not options.no_console,
        browser=options.browser,
    )
    return _run(work)


def _run(work: Coroutine[Any, Any, int]) -> int:
    if sys.version_info < (3, 12):
        # The default watcher of Python 3.11 starts a thread for every child.
        asyncio.set_child_watcher(asyncio.PidfdChildWatcher())
    return asyncio.run(work)


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    if "--" not in arguments:
        return list(arguments), []
    cut = list(arguments).index("--")
    return list(arguments[:cut]), list(arguments[cut + 1 :])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    commands = parser.add_subparsers(dest="subcommand", required=True)
    everything = commands.add_parser("up", help="start everything and keep it running")
    everything.add_argument("--once-ready", action="store_true", help="run `-- CMD…`, then stop")
    everything.add_argument("--no-console", action="store_true", help="do not build the console")
    everything.add_argument("--with-parent", action="store_true", help="end with the caller")
    beside = commands.add_parser("with", help="run `-- CMD…` beside Postgres and Redis")
    beside.add_argument("services", help="comma-separated: pg,redis")
    beside.add_argument("--fast", action="store_true", help="no durability; for tests")
    ready = commands.add_parser("setup", help="make the Python environment and the console")
    ready.add_argument("--dev", action="store_true", help="with what tests and checks need")
    ready.add_argument("--no-console", action="store_true", help="only the Python environment")
    ready.add_argument("--browser", action="store_true", help="with Chromium, where allowed")
    commands.add_parser("npm", help="run npm `-- ARGUMENTS…` for the console")
    commands.add_parser("status", help="say what runs")
    commands.add_parser("stop", help="stop what runs")
    clean = commands.add_parser("reset", help="delete all state")
    clean.add_argument("--yes", action="store_true", help="do not ask")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
