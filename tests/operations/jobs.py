"""Jobs that only tests know."""

import os
import time

from apps.operations.models import Operation
from worker_jobs.operation_job import OperationFailed, OperationRun, operation_job


@operation_job("tests.count_up")
def count_up(run: OperationRun) -> None:
    """Two steps. Every effect is a line in the file of `params`, so that doing twice shows."""
    for name in ("first", "second"):
        with run.step(name) as step:
            if step.done:
                continue
            _effect(run, name)
            run.log(f"did {name}")
            if run.operation.params.get("break_at") == name and run.attempt == 1:
                raise OperationFailed("The cable is out.", fix="Put it in.")
            _hold_on(run, name)
            step.result = {"said": name}
    run.progress(0.5, "half")


@count_up.on_failure
def note_failure(operation: Operation, reason: str) -> None:
    _write(operation.params, f"hook {operation.state}: {reason}")


@count_up.on_cancel
def note_cancel(operation: Operation, reason: str) -> None:
    _write(operation.params, f"hook {operation.state}")


@operation_job("tests.log_much")
def log_much(run: OperationRun) -> None:
    for number in range(run.operation.params["lines"]):
        run.log(f"line {number}")
        if number % 100 == 0:
            run.wait(run.operation.params.get("pause", 0))


@operation_job("tests.not_twice", retry_safe=False)
def not_twice(run: OperationRun) -> None:
    _effect(run, "once")
    _hold_on(run, "once")


def _hold_on(run: OperationRun, name: str) -> None:
    """Wait in this step while the file `hold` of `params` exists."""
    hold = run.operation.params.get("hold")
    while run.operation.params.get("hold_at") == name and hold and os.path.exists(hold):
        run.wait(0.05)


def _effect(run: OperationRun, name: str) -> None:
    _write(run.operation.params, f"{name} attempt {run.attempt} pid {os.getpid()}")


def _write(params: dict[str, str], text: str) -> None:
    if "file" in params:
        with open(params["file"], "a") as file:
            file.write(f"{text} at {time.time()}\n")
