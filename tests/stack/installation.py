"""One installation under test: starting it, looking at its processes, ending it."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.waiting import eventually

CHECKOUT = Path(__file__).resolve().parents[2]
# What the services beside this very test run, and a shell, may have set.
NOT_INHERITED = ("HEARTH_", "DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "OPENAI_")


@dataclass
class Started:
    """A running `python -m stack …` whose output goes to a file."""

    process: subprocess.Popen[bytes]
    output_path: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def output(self) -> str:
        return self.output_path.read_text(errors="replace")

    def wait_for(self, text: str, *, within: float) -> str:
        """All output once `text` is in it; fails at once when the process ended before."""

        def settled() -> bool:
            return text in self.output() or self.process.poll() is not None

        try:
            eventually(settled, within=within)
        finally:
            output = self.output()
            assert text in output, f"“{text}” was never said:\n{output}"
        return output

    def ends(self, *, within: float) -> int:
        return self.process.wait(timeout=within)


@dataclass
class Installation:
    """A state folder and everything that runs in it."""

    var: Path
    started: list[Started] = field(default_factory=list)

    def environment(self, **extra: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(NOT_INHERITED) or name == "HEARTH_MODEL_SOURCE"
        }
        return {**kept, "HEARTH_VAR": str(self.var), **extra}

    def run(self, *arguments: str, within: float = 60.0, **extra: str) -> tuple[int, str]:
        """`python -m stack …` to its end: exit status, and output and errors together."""
        result = subprocess.run(
            [sys.executable, "-m", "stack", *arguments],
            cwd=CHECKOUT,
            env=self.environment(**extra),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=within,
            check=False,
        )
        return result.returncode, result.stdout.decode(errors="replace")

    def start(self, *arguments: str, wrapper: Sequence[str] = (), **extra: str) -> Started:
        """`python -m stack …` in the background."""
        self.var.parent.mkdir(parents=True, exist_ok=True)
        path = self.var.parent / f"output-{len(self.started)}"
        with path.open("wb") as output:
            process = subprocess.Popen(
                [*wrapper, sys.executable, "-m", "stack", *arguments],
                cwd=CHECKOUT,
                env=self.environment(**extra),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started = Started(process, path)
        self.started.append(started)
        return started

    def processes(self) -> dict[int, str]:
        """Everything that was started for this folder, by number: its command line."""
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and self._is_ours(entry):
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found[int(entry.name)] = command
            except OSError:
                continue
        return found

    def _is_ours(self, entry: Path) -> bool:
        # Postgres writes its title over its environment, but works in its data folder.
        mark = f"HEARTH_VAR={self.var}".encode()
        return (
            mark in (entry / "environ").read_bytes().split(b"\0")
            or (entry / "cwd").readlink().is_relative_to(self.var)
        )  # fmt: skip

    def running(self, beginning: str) -> list[int]:
        """The processes whose command line begins so."""
        return [pid for pid, command in self.processes().items() if command.startswith(beginning)]

    def nothing_runs(self) -> bool:
        left = self.processes()
        assert not left, left
        return True

    def end(self) -> list[str]:
        """Kill whatever is left; what that was."""
        for started in self.started:
            if started.process.poll() is None:
                started.process.send_signal(signal.SIGTERM)
                try:
                    started.process.wait(timeout=15)
                except subprocess.TimeoutExpired:
                    started.process.kill()
        left = self.processes()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        return list(left.values())
