"""`status`, `stop` and `reset`: looking at and ending what runs in this folder."""

import os
import shutil
import signal
import sys
import time

from stack.layout import Layout, remove_state
from stack.lock import Holder, is_held, read_holder
from stack.postgres_identity import outside_folder
from stack.probes import Address, http_ask
from stack.problem import Problem, from_os_error
from stack.process_table import send
from stack.supervisor import read_services

STOP_SECONDS = 12.0
NOT_RUNNING = 3


async def status(layout: Layout) -> int:
    """Print what runs; 0 when Hearth runs, 3 when it does not."""
    holder = read_holder(layout)
    if holder is None:
        print(f"Hearth does not run in {layout.var}.")
        return NOT_RUNNING
    print(holder.sentence())
    for name, service in read_services(layout).items():
        restarts = f", started again {service.restarts} times" if service.restarts else ""
        state = "ready" if service.ready else "starting"
        print(f"  {name:<9} {state}, process {service.pid}{restarts}")
    if holder.url:
        await _print_readiness(holder)
    return 0


async def _print_readiness(holder: Holder) -> None:
    answer = await http_ask(Address(holder.host, holder.port), "/readyz")
    if answer.status == 0:
        print(f"  {holder.url} does not answer.")
    elif answer.status != 200:
        print(f"  {holder.url}/readyz says {answer.body.decode(errors='replace')}")


def stop(layout: Layout) -> int:
    """Ask the supervisor to stop and wait for it. Raises Problem when it does not."""
    holder = read_holder(layout)
    if holder is None:
        print(f"Hearth does not run in {layout.var}.")
        return 0
    send(holder.pid, signal.SIGTERM)
    if not _gone(layout):
        send(holder.pid, signal.SIGKILL)
        if not _gone(layout):
            raise Problem(
                f"Process {holder.pid} does not end.", "It may belong to another user: try as root."
            )
    print("Hearth has stopped.")
    return 0


def _gone(layout: Layout) -> bool:
    end = time.monotonic() + STOP_SECONDS
    while is_held(layout):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def reset(layout: Layout, *, sure: bool) -> int:
    """Delete this installation's state after asking. Raises Problem."""
    if is_held(layout):
        raise Problem("Hearth runs.", "Stop it with `make stop` first.")
    if not layout.var.exists():
        print(f"There is nothing in {layout.var}.")
        return 0
    if not sure and not _agreed(layout):
        print("Nothing was deleted.")
        return 1
    remove_state(layout)
    outside = outside_folder(layout)
    if outside.exists():
        try:
            shutil.rmtree(outside)
        except OSError as error:
            raise from_os_error(error, outside) from error
    print(f"{layout.var} is gone; the next `make run` starts from nothing.")
    return 0


def _agreed(layout: Layout) -> bool:
    if not sys.stdin.isatty():
        raise Problem("reset deletes everything and nobody is here to ask.", "Add --yes.")
    print(f"This deletes {layout.var}: the database, the models ({_size(layout)}), keys and logs.")
    return input("Type yes to go on: ").strip().lower() == "yes"


def _size(layout: Layout) -> str:
    files = (layout.var / "models").rglob("*")
    total = sum(os.stat(path).st_size for path in files if path.is_file())
    return f"{total / 1e9:.1f} GB"
