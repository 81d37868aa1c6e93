"""What a job holds in its hands while it works on one operation."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from apps.operations import actions, queries
from apps.operations.actions import Hold, LeaseLost, LogLine
from apps.operations.models import Operation
from apps.operations.states import StepState

LINES_PER_WRITE = 200
LINES_KEPT_WITHOUT_DATABASE = 20_000

Interruption = Literal["cancelled", "lost", "stopping"]

_SECRETS = re.compile(r"\b((?:hk|ht)_live_[\w-]{4})[\w-]+|(?i:(bearer\s+)[\w.~+/-]{8,}=*)")


class OperationFailed(Exception):
    """The work failed in a way that was foreseen. `fix` says what a person can do."""

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class OperationCancelled(Exception):
    """Somebody asked to cancel: undo what is half done and let this pass."""


class WorkerStopping(Exception):
    """The worker was told to stop: the operation goes back to the queue."""


class Step:
    """One step under way. Leave its body at once when it is `done`."""

    def __init__(self, *, done: bool, result: dict[str, Any]) -> None:
        self.done = done
        self.result = result  # of an earlier attempt when done; what is put here is kept
        self.detail = ""  # one line shown beside the step when it has ended


class OperationRun:
    """One attempt of one operation by this worker. Its methods may be called from any thread.

    Without `watched` nothing renews the lease behind the job's back and `check` asks the database
    itself; that is for running a job in the foreground.
    """

    def __init__(self, operation: Operation, *, watched: bool = True) -> None:
        self.operation = operation
        self.hold = Hold(operation_id=operation.pk, fence=operation.fence)
        self.watched = watched
        self._interrupted = threading.Event()
        self._interruption: Interruption | None = None
        self._renewed_at = time.monotonic()
        self._step = ""
        self._secrets: set[str] = set()
        self._lines: list[LogLine] = []
        self._progress: tuple[float | None, str] | None = None
        self._buffer_lock = threading.Lock()
        self._write_lock = threading.Lock()  # one writer at a time keeps the lines in order

    @property
    def attempt(self) -> int:
        """1 for the first; higher after a retry or a lost worker."""
        return self.operation.attempt

    @contextmanager
    def step(self, name: str, title: str = "") -> Iterator[Step]:
        """Work on one step: `with run.step("fetch") as step: if not step.done: …`.

        A step that succeeded in an earlier attempt comes back as done with its result, and is
        left as it is. `title` is only needed for a step that was not planned with the request.
        """
        self.check()
        row = actions.start_step(hold=self.hold, name=name, title=title)
        step = Step(done=row.state == StepState.SUCCEEDED, result=dict(row.result))
        self._step = name
        if step.done:
            yield step
            self._step = ""
            return
        try:
            yield step
        except (LeaseLost, WorkerStopping, OperationalError, InterfaceError):
            raise  # the row waits for whoever continues
        except OperationCancelled:
            self._close(row, step, StepState.CANCELLED)
            raise
        except Exception as error:
            step.detail = step.detail or _sentence(error)
            self._close(row, step, StepState.FAILED)
            raise
        self._close(row, step, StepState.SUCCEEDED)

    def log(self, text: str, *, level: str = "info") -> None:
        """Add a line to the log; it is stored within 200 ms. Several lines are split."""
        now = timezone.now()
        lines = [
            LogLine(text=self.redacted(part), at=now, step=self._step, level=level)
            for part in text.splitlines() or [""]
        ]
        with self._buffer_lock:
            self._lines.extend(lines)
            full = len(self._lines) >= LINES_PER_WRITE
        if full:
            self.flush()

    def redact(self, secret: str) -> None:
        """Never let this value reach the log."""
        if secret:
            self._secrets.add(secret)

    def progress(self, share: float | None, text: str = "") -> None:
        """`share` is 0 to 1, None while it cannot be told. Stored a few times per second."""
        self._progress = (share, self.redacted(text))

    def check(self) -> None:
        """Call this often. Raises OperationCancelled, LeaseLost or WorkerStopping."""
        if not self.watched:
            self._look()
        elif time.monotonic() - self._renewed_at > settings.OPERATION_LEASE_SECONDS:
            self.interrupt("lost")
        if self._interruption == "cancelled":
            raise OperationCancelled
        if self._interruption == "lost":
            raise LeaseLost(f"Operation {self.operation.pk} went to somebody else.")
        if self._interruption == "stopping":
            raise WorkerStopping

    def check_lease(self) -> None:
        """Raises LeaseLost. For the end of the work, when it is too late to cancel."""
        if self._interruption == "lost":
            self.check()

    def wait(self, seconds: float) -> None:
        """Pause, but not past an interruption. Raises what `check` raises."""
        self._interrupted.wait(seconds)
        self.check()

    def interrupt(self, interruption: Interruption) -> None:
        """Make the next `check` raise. A lost lease outranks the others."""
        if self._interruption is None or interruption == "lost":
            self._interruption = interruption
        self._interrupted.set()

    def renewed(self, *, at: float) -> None:
        """The lease was good at this reading of the monotonic clock."""
        self._renewed_at = at

    def flush(self) -> None:
        """Write what waits. While Postgres is away the lines are kept for the next time."""
        with self._write_lock:
            with self._buffer_lock:
                lines, self._lines = self._lines, []
                progress, self._progress = self._progress, None
            written = 0
            try:
                if progress is not None:
                    actions.note_progress(hold=self.hold, share=progress[0], text=progress[1])
                while written < len(lines):
                    batch = lines[written : written + LINES_PER_WRITE]
                    actions.append_log(hold=self.hold, lines=batch)
                    written += len(batch)
            except LeaseLost:
                self.interrupt("lost")
            except (OperationalError, InterfaceError):
                with self._buffer_lock:
                    self._lines = lines[written:] + self._lines
                if len(self._lines) > LINES_KEPT_WITHOUT_DATABASE:
                    raise

    def _look(self) -> None:
        fence, cancelled = queries.list_held(operation_ids=[self.operation.pk]).get(
            self.operation.pk, (0, False)
        )
        if fence != self.hold.fence:
            self.interrupt("lost")
        elif cancelled:
            self.interrupt("cancelled")

    def _close(self, row: Any, step: Step, state: StepState) -> None:
        self.flush()
        self._step = ""
        actions.end_step(
            hold=self.hold,
            step=row,
            state=state,
            detail=self.redacted(step.detail),
            result=step.result,
        )

    def redacted(self, text: str) -> str:
        """The text without known secrets and without anything that looks like a key."""
        for secret in self._secrets:
            text = text.replace(secret, "•••")
        return _SECRETS.sub(lambda found: f"{found[1] or found[2]}•••", text)


def _sentence(error: Exception) -> str:
    return str(getattr(error, "message", "") or error or type(error).__name__)
