"""The browser the console's tests drive: the machine's Chromium, installed when that is allowed."""

import os
import shutil

from stack.commands import Runner
from stack.terminal import say

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
LOG = "setup"


def find_chromium() -> str:
    """The browser's path; empty when there is none."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), "")


async def ensure_chromium(runner: Runner) -> None:
    """Install Debian's Chromium when this user may; otherwise say what will be skipped."""
    if find_chromium():
        return
    prefix = await _as_root(runner)
    if prefix is not None and shutil.which("apt-get"):
        say("installing Chromium for the browser tests")
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        await runner.run(LOG, *prefix, "apt-get", "-q", "update", environment=quiet)
        wanted = ("-q", "-y", "--no-install-recommends", "install", "chromium")
        await runner.run(LOG, *prefix, "apt-get", *wanted, environment=quiet)
    if not find_chromium():
        say("browser tests will be skipped: no Chromium (install the package chromium)")


async def _as_root(runner: Runner) -> tuple[str, ...] | None:
    if os.geteuid() == 0:
        return ()
    if shutil.which("sudo") and (await runner.run(LOG, "sudo", "-n", "true")).succeeded:
        return ("sudo", "-n")
    return None
