"""How a model server ended, in words. Standard library only."""

import re
import signal
from pathlib import Path

EXIT_CANNOT_LOAD = 78  # the server says that trying again is pointless
LINE_PREFIX = re.compile(r"^[\d.]+ [DIWE] ")  # llama.cpp's own clock and level
SIGNAL_WORDS = {
    "SIGKILL": "It was killed from outside",
    "SIGTERM": "It was asked to end from outside",
    "SIGSEGV": "It crashed on a bad memory access",
    "SIGABRT": "It ended itself after an internal error",
    "SIGILL": "It crashed: this processor lacks an instruction it was built for",
    "SIGBUS": "It crashed reading its file: the disk failed, or the file was cut short",
    "SIGFPE": "It crashed on an impossible calculation",
}


def describe_exit(code: int, *, ran_seconds: float, out_of_memory: bool) -> str:
    """One sentence about how a process ended; `code` is Popen's return code."""
    after = f"after {duration(ran_seconds)}"
    if code == EXIT_CANNOT_LOAD:
        return f"It could not load the model, {after}."
    if code >= 0:
        return f"It ended by itself with code {code} {after}."
    name = signal.Signals(-code).name
    if name == "SIGKILL" and out_of_memory:
        return f"The system ended it {after} because memory ran out."
    return f"{SIGNAL_WORDS.get(name, 'It was ended from outside')} ({name}) {after}."


def telling_line(lines: list[str]) -> str:
    """The line that says what went wrong: the first about an error, else the last."""
    return next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "")


def duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def count_oom_kills() -> int:
    """How many processes the kernel has ended for want of memory since boot."""
    try:
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    except (OSError, ValueError):
        return 0
    return 0
