"""Commands that run once, quietly, with their output in a log file."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stack.guard import Guard
from stack.layout import CHECKOUT, Layout
from stack.logs import LogFile
from stack.process import Running, Service


@dataclass(frozen=True)
class Outcome:
    """How a command ended, with its last lines."""

    status: int
    tail: tuple[str, ...]

    @property
    def succeeded(self) -> bool:
        return self.status == 0

    def mentions(self, *marks: str) -> bool:
        """Whether the last lines contain one of the marks, whatever their case."""
        text = "\n".join(self.tail).lower()
        return any(mark.lower() in text for mark in marks)


@dataclass(frozen=True)
class Runner:
    """Runs commands for one installation; a cancelled command is ended with all it started."""

    layout: Layout
    guard: Guard

    async def run(
        self,
        log: str,
        *argv: str,
        environment: Mapping[str, str] | None = None,
        folder: Path = CHECKOUT,
    ) -> Outcome:
        """Run a command in `folder` with its output in `var/log/<log>.log`."""
        service = Service(
            name=log,
            argv=argv,
            ready=_never,
            environment=environment or {},
            folder=folder,
            loud=False,
        )
        file = LogFile(self.layout.log / f"{log}.log")
        file.write(f"$ {' '.join(argv)}")
        running = Running(service, file, self.guard)
        try:
            await running.start()
            return Outcome(await running.wait(), tuple(file.tail))
        except OSError as error:
            return Outcome(127, (str(error),))
        finally:
            await running.stop()


NO_NETWORK = (
    "dns error",
    "error sending request",
    "failed to fetch",
    "network is unreachable",
    "name resolution",
    "name or service not known",
    "connection refused",
    "could not connect",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ENETUNREACH",
)
DISK_FULL = ("no space left", "ENOSPC")
UNKNOWN_CERTIFICATE = ("UnknownIssuer", "CERTIFICATE_VERIFY_FAILED", "SELF_SIGNED_CERT")


def why_it_failed(outcome: Outcome, log: Path) -> str:
    """One sentence for a download or build that failed, with what to do."""
    if outcome.mentions(*DISK_FULL):
        return "The disk is full: free some space and start again."
    if outcome.mentions(*UNKNOWN_CERTIFICATE):
        return (
            "The network's certificate is not trusted by this machine: install the certificate "
            "authority of your network (ca-certificates) and start again."
        )
    if outcome.mentions(*NO_NETWORK):
        return (
            "There is no network: the first start needs one, later starts do not. "
            "Connect and start again."
        )
    lines = [line.strip() for line in outcome.tail if line.strip()]
    telling = next((line for line in lines if "error" in line.lower()), (lines or [""])[-1])
    return f"It said “{telling}”; all of it is in {log}."


async def cancel_all(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel what is still under way and wait until it has tidied up after itself."""
    left = [task for task in tasks if not task.done()]
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left)


async def _never() -> bool:
    return False
