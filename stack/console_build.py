"""The console: built once from `frontend/`, and again only when its sources changed."""

import hashlib
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from stack.commands import Runner, why_it_failed
from stack.layout import CHECKOUT, write_atomically
from stack.problem import Problem
from stack.python_environment import ensure_uv, make_environment
from stack.terminal import say

FRONTEND = CHECKOUT / "frontend"
BUILT = FRONTEND / "dist"
PACKAGES = FRONTEND / "node_modules"
NODE_HOME = CHECKOUT / ".node"
NODE_LOCK = CHECKOUT / "requirements-node.lock.txt"
OLDEST_NODE = (20, 19)
LOG = "console"

# Written last, so that a build or an installation that was interrupted has none.
BUILT_STAMP = BUILT / ".hearth-stamp"
PACKAGES_STAMP = PACKAGES / ".hearth-stamp"
NODE_STAMP = NODE_HOME / ".hearth-stamp"

NOT_SOURCES = {"node_modules", "dist", "coverage", "test-results", "e2e"}


def is_current() -> bool:
    """Whether the built console belongs to the sources; also when there are no sources."""
    return not (FRONTEND / "package.json").exists() or _read(BUILT_STAMP) == _sources_mark()


async def build_console(runner: Runner) -> None:
    """Build the console when its sources changed. Raises Problem."""
    if is_current():
        return
    mark = _sources_mark()
    say("building the console")
    folder = await find_node(runner)
    await install_packages(runner, folder)
    BUILT_STAMP.unlink(missing_ok=True)
    await _npm(runner, folder, "run", "build")
    write_atomically(BUILT_STAMP, mark, mode=0o644)


async def install_packages(runner: Runner, node: Path | None) -> None:
    """Install what `package-lock.json` names. Raises Problem."""
    mark = _digest([FRONTEND / "package-lock.json"])
    if _read(PACKAGES_STAMP) == mark:
        return
    PACKAGES_STAMP.unlink(missing_ok=True)
    await _npm(runner, node, "ci", "--no-audit", "--no-fund", "--loglevel=error")
    write_atomically(PACKAGES_STAMP, mark, mode=0o644)


async def find_node(runner: Runner) -> Path | None:
    """The folder of our own Node.js, made when the machine's is missing or too old.

    None means the machine's own serves. Raises Problem.
    """
    if shutil.which("npm") and shutil.which("node"):
        answer = await runner.run(LOG, "node", "--version")
        if answer.succeeded and _new_enough(answer.tail[-1]):
            return None
    mark = _digest([NODE_LOCK])
    if _read(NODE_STAMP) != mark:
        say("fetching Node.js to build the console")
        await ensure_uv(runner)
        await make_environment(runner, NODE_HOME, NODE_LOCK, complete=False)
        write_atomically(NODE_STAMP, mark, mode=0o644)
    return NODE_HOME / "bin"


def node_path(folder: Path | None, path: str) -> str:
    """A PATH on which `node` and `npm` are the ones `find_node` chose."""
    return path if folder is None else f"{folder}:{path}"


async def _npm(runner: Runner, node: Path | None, *arguments: str) -> None:
    environment = {"PATH": node_path(node, os.environ.get("PATH", os.defpath)), "CI": "1"}
    outcome = await runner.run(LOG, "npm", *arguments, folder=FRONTEND, environment=environment)
    if not outcome.succeeded:
        reason = why_it_failed(outcome, runner.layout.log / f"{LOG}.log")
        raise Problem("The console could not be built.", reason)


def _new_enough(version: str) -> bool:
    numbers = re.match(r"v(\d+)\.(\d+)", version)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= OLDEST_NODE


def _sources_mark() -> str:
    files = (
        path
        for top in sorted(FRONTEND.iterdir())
        if top.name not in NOT_SOURCES and not top.name.startswith(".")
        for path in ([top] if top.is_file() else sorted(top.rglob("*")))
        if path.is_file()
    )
    return _digest(files)


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(str(path.relative_to(CHECKOUT)).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _read(stamp: Path) -> str:
    try:
        return stamp.read_text().strip()
    except OSError:
        return ""
