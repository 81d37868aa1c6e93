"""The command line: `python -m stack with|up|status|stop|reset`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from stack.layout import find_layout
from stack.problem import Problem
from stack.with_services import run_with


def main(arguments: Sequence[str]) -> int:
    """Run one subcommand; its exit status."""
    own, command = _split(arguments)
    options = _parser().parse_args(own)
    try:
        return _dispatch(options, command)
    except Problem as problem:
        print(f"hearth: {problem}", file=sys.stderr)
        return 1


def _dispatch(options: argparse.Namespace, command: list[str]) -> int:
    layout = find_layout()
    if not command:
        raise Problem("There is no command to run.", "Write it after `--`.")
    names = [name for name in options.services.split(",") if name]
    return asyncio.run(run_with(layout, names, command, fast=options.fast))


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    if "--" not in arguments:
        return list(arguments), []
    cut = list(arguments).index("--")
    return list(arguments[:cut]), list(arguments[cut + 1 :])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    commands = parser.add_subparsers(dest="subcommand", required=True)
    beside = commands.add_parser("with", help="run a command beside Postgres and Redis")
    beside.add_argument("services", help="comma-separated: pg,redis")
    beside.add_argument("--fast", action="store_true", help="no durability; for tests")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
