"""Keeps one model server alive, detached from whoever started it. Standard library only.

    python -S -m worker_jobs.runtimes.replica_runner FOLDER

FOLDER holds `spec.json` (what to run, as worker_jobs.runtimes.local writes it). The runner goes
into a session of its own, so it outlives the worker that started it, and keeps there:

    lock         held for as long as a runner lives: a second one for the same replica gives way
    runner.json  pid and start time (clock ticks since boot), which together name it for good
    state.json   what the model server does now, and its last exits
    log, log.1…  what the model server wrote, each line with a number and a moment

SIGTERM stops the model server and then the runner. When the process named as `supervisor` in the
spec ends, the runner does the same.
"""

import ctypes
import errno
import fcntl
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from worker_jobs.runtimes.exit_words import (
    EXIT_CANNOT_LOAD,
    LINE_PREFIX,
    count_oom_kills,
    describe_exit,
    duration,
    telling_line,
)
from worker_jobs.runtimes.runner_log import ReplicaLog

PR_SET_PDEATHSIG = 1
READY_FD_VARIABLE = "HEARTH_READY_FD"
CANNOT_LOAD_TRIES = 2
KEPT_EXITS = 5
LINES_PER_EXIT = 5
POLICY = {
    "first_wait": 1.0,  # seconds before the first new start, doubled with every further one
    "longest_wait": 30.0,
    "stable_after": 60.0,  # seconds after which an exit counts as the first again
    "give_up_after": 5,  # exits …
    "give_up_within": 120.0,  # … in this many seconds
    "grace": 5.0,  # seconds between SIGTERM and SIGKILL
}
_libc = ctypes.CDLL(None, use_errno=True)


def start_ticks(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None when it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def write_atomically(path: Path, content: dict[str, Any]) -> bool:
    """Replace a JSON file as a whole; False when the disk refuses."""
    new = path.with_name(f".{path.name}.new")
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(content, file)
        new.replace(path)
    except OSError:
        return False
    return True


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Runner:
    """One model server from the first start to the last; `run` returns when it is over."""

    def __init__(self, folder: Path, spec: dict[str, Any]) -> None:
        self.folder = folder
        self.spec = spec
        self.policy = POLICY | spec.get("policy", {})
        self.log = ReplicaLog(folder)
        earlier = self._earlier_state()
        self.exits: list[dict[str, Any]] = earlier.get("exits", [])
        self.restarts: int = earlier.get("restarts", 0)
        self.quick_exits: list[float] = []
        self.port: int | None = None
        self.server: subprocess.Popen[bytes] | None = None
        self.server_began = 0.0
        self.oom_kills = 0
        self.start_at: float | None = time.monotonic()
        self.kill_at: float | None = None
        self.asked_to_leave = False
        self.leaving_because = ""  # set once it is on its way out
        self.ended = False
        self.selector = selectors.DefaultSelector()

    # --- the loop -------------------------------------------------------------------------------

    def run(self) -> None:
        self._listen_for_signals()
        self._watch_supervisor()
        while not self.ended:
            for key, _ in self.selector.select(self._patience()):
                key.data(key.fd)
            if self.asked_to_leave:
                self.leave("It was stopped.")
            self._reap()
            now = time.monotonic()
            if self.kill_at is not None and now >= self.kill_at and self.server is not None:
                self.server.kill()
            if self.start_at is not None and now >= self.start_at and not self.ended:
                self._start_server()

    def _patience(self) -> float:
        moments = [moment for moment in (self.start_at, self.kill_at) if moment is not None]
        if not moments:
            return 5.0
        return max(0.0, min(min(moments) - time.monotonic(), 5.0))

    def _listen_for_signals(self) -> None:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._ask_to_leave)
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        self.selector.register(reading, selectors.EVENT_READ, lambda fd: os.read(fd, 512))

    def _ask_to_leave(self, *_: object) -> None:
        self.asked_to_leave = True  # the loop acts on it: a handler may interrupt anything

    def _watch_supervisor(self) -> None:
        supervisor = self.spec.get("supervisor")
        if not supervisor:
            return
        pid, started = supervisor["pid"], supervisor["start_time"]
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            self.leave("Hearth had already ended.")
            return
        if start_ticks(pid) != started:
            self.leave("Hearth had already ended.")
            return
        self.selector.register(handle, selectors.EVENT_READ, self._supervisor_ended)

    def _supervisor_ended(self, handle: int) -> None:
        self.selector.unregister(handle)
        self.leave("Hearth has ended on this machine.")

    # --- starting and ending the model server ---------------------------------------------------

    def _start_server(self) -> None:
        self.start_at = None
        reading, writing = os.pipe()
        environment = self.spec["environment"] | {
            READY_FD_VARIABLE: str(writing),
            "HEARTH_PORT": str(self.port or 0),
        }
        self.oom_kills = count_oom_kills()
        try:
            self.server = subprocess.Popen(
                self.spec["argv"],
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(writing,),
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - this process has one thread
            )
        except OSError as error:
            os.close(reading)
            self.log.write(f"cannot start: {error.strerror}".encode())
            self._give_up(f"The model server cannot be started: {error.strerror}.")
            return
        finally:
            os.close(writing)
        self.server_began = time.monotonic()
        assert self.server.stdout is not None  # noqa: S101 - it was asked for with PIPE
        self.selector.register(self.server.stdout, selectors.EVENT_READ, self._take_output)
        self.selector.register(reading, selectors.EVENT_READ, self._take_port)
        self.note("starting")

    def _take_output(self, handle: int) -> None:
        data = os.read(handle, 65536)
        if data:
            self.log.feed(data)
        elif self.server is not None and self.server.stdout is not None:
            self.selector.unregister(self.server.stdout)

    def _take_port(self, handle: int) -> None:
        """The server writes its port once the model is loaded; nothing means it ended before."""
        said = os.read(handle, 32)
        self.selector.unregister(handle)
        os.close(handle)
        if said.strip().isdigit():
            self.port = int(said)
            self.note("running")

    def _reap(self) -> None:
        if self.server is None:
            return
        code = self.server.poll()
        if code is None:
            return
        self._drain(self.server)
        self.server, self.kill_at = None, None
        ran = time.monotonic() - self.server_began
        if self.leaving_because:
            self._end("stopped", self.leaving_because)
            return
        self._record_exit(code, ran)
        self._decide_next(code, ran)

    def _drain(self, server: subprocess.Popen[bytes]) -> None:
        """Read what was written before the end, without waiting for grandchildren."""
        stream = server.stdout
        if stream is None:
            return
        if stream.fileno() in self.selector.get_map():
            self.selector.unregister(stream)
        os.set_blocking(stream.fileno(), False)
        try:
            while data := os.read(stream.fileno(), 65536):
                self.log.feed(data)
        except BlockingIOError:
            pass
        self.log.end_line()
        stream.close()

    def _record_exit(self, code: int, ran: float) -> None:
        lines = [LINE_PREFIX.sub("", line) for line in self.log.tail if line.strip()]
        self.exits = [
            *self.exits[1 - KEPT_EXITS :],
            {
                "at": _now(),
                "code": code if code >= 0 else None,
                "signal": signal.Signals(-code).name if code < 0 else None,
                "said": describe_exit(
                    code, ran_seconds=ran, out_of_memory=count_oom_kills() > self.oom_kills
                ),
                "last_line": telling_line(lines),
                "lines": lines[-LINES_PER_EXIT:],
                "ran_seconds": round(ran, 3),
            },
        ]

    def _decide_next(self, code: int, ran: float) -> None:
        now = time.monotonic()
        if ran >= self.policy["stable_after"]:
            self.quick_exits = []
        recent = now - self.policy["give_up_within"]
        self.quick_exits = [*(moment for moment in self.quick_exits if moment > recent), now]
        count, last = len(self.quick_exits), self.exits[-1]
        if code == EXIT_CANNOT_LOAD and count >= CANNOT_LOAD_TRIES:
            self._give_up(f"The model cannot be loaded: {last['last_line']}")
        elif count >= self.policy["give_up_after"]:
            spent = duration(now - self.quick_exits[0])
            self._give_up(f"It ended {count} times in {spent}. Last: {last['said']}")
        else:
            wait = min(self.policy["first_wait"] * 2 ** (count - 1), self.policy["longest_wait"])
            self.restarts += 1
            self.start_at = now + wait
            self.note("waiting", f"{last['said']} It starts again in {duration(wait)}.")

    def _give_up(self, reason: str) -> None:
        self._end("failed", reason)

    def leave(self, reason: str) -> None:
        """Stop the model server, then end."""
        if self.leaving_because:
            return
        self.leaving_because = reason
        self.start_at = None
        if self.server is None:
            self._end("stopped", reason)
        else:
            self.kill_at = time.monotonic() + self.policy["grace"]
            self.server.terminate()

    def _end(self, status: str, reason: str) -> None:
        self.note(status, reason)
        self.ended = True

    # --- what is written down -------------------------------------------------------------------

    def _earlier_state(self) -> dict[str, Any]:
        """What a runner before this one wrote down."""
        try:
            content = json.loads((self.folder / "state.json").read_text())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def note(self, status: str, reason: str = "") -> None:
        pid = self.server.pid if self.server is not None else None
        write_atomically(
            self.folder / "state.json",
            {
                "status": status,
                "reason": reason,
                "since": _now(),
                "server_pid": pid,
                "server_start_time": start_ticks(pid) if pid else None,
                "port": self.port if status == "running" else None,
                "restarts": self.restarts,
                "exits": self.exits,
            },
        )


def claim(folder: Path) -> bool:
    """Hold the folder's lock until this process ends; False when another runner has it."""
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def detach() -> int:
    """Go on in a session of our own, with nobody's terminal.

    The process that was started ends as soon as the returned handle is closed, so whoever waits for
    it knows that the runner has settled.
    """
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    os.close(reading)
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    return writing


def main() -> None:
    folder = Path(sys.argv[1])
    spec = json.loads((folder / "spec.json").read_text())
    settled = detach()
    if not claim(folder):
        return
    note = {"pid": os.getpid(), "start_time": start_ticks(os.getpid()), "since": _now()}
    write_atomically(folder / "runner.json", note)
    runner = Runner(folder, spec)
    runner.note("starting")
    os.close(settled)
    runner.run()
    runner.log.close()


if __name__ == "__main__":
    main()
