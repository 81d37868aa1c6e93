"""Running playbooks: the only module that knows ansible-runner.

A cancelled run must leave nothing behind. Ansible's own workers open sessions of their own, so the
process group that ansible-runner ends does not hold them all; every process of a run carries the
run's name in its environment, and whatever still carries it afterwards is killed by that.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import ansible_runner
import psutil

RUN_MARK = "HEARTH_PLAYBOOK_RUN"
# How often ansible-runner looks whether it is to stop; its own five seconds are an eternity.
POLL_SECONDS = 0.5

Outcome = Literal["succeeded", "failed", "cancelled"]


@dataclass(frozen=True)
class PlaybookRun:
    """One run. `name` is unique for ever: what carries it is this run's or left over from it.

    `folder` is this run's own and keeps ansible-runner's files; `hosts` maps each host to its
    connection variables, secrets in files that the variables name, never in the values.
    """

    name: str
    playbook: Path
    folder: Path
    hosts: Mapping[str, Mapping[str, Any]]
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PlaybookResult:
    """How a run ended; `failed_hosts` and `unreachable_hosts` are in alphabetical order."""

    outcome: Outcome
    failed_hosts: Sequence[str]
    unreachable_hosts: Sequence[str]


def run_playbook(
    run: PlaybookRun,
    *,
    on_line: Callable[[str], None],
    is_cancelled: Callable[[], bool],
) -> PlaybookResult:
    """Run a playbook to its end and hand over each line it prints.

    `on_line` is called from the thread that reads the output: it appends and returns. What an
    earlier attempt with the same name left running is ended first, so nothing runs twice at once.
    """
    end_leftovers(run.name)
    run.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    stats: dict[str, Any] = {}

    def take(event: dict[str, Any]) -> bool:
        if event.get("event") == "playbook_on_stats":
            stats.update(event["event_data"])
        for line in str(event.get("stdout") or "").splitlines():
            on_line(line)
        return False  # keep no file per event

    try:
        ended = ansible_runner.run(
            private_data_dir=str(run.folder),
            ident=run.name,
            playbook=str(run.playbook),
            inventory={"all": {"hosts": {name: dict(them) for name, them in run.hosts.items()}}},
            extravars=dict(run.variables),
            envvars=_environment(run.name),
            settings={"pexpect_timeout": POLL_SECONDS},
            event_handler=take,
            cancel_callback=is_cancelled,
            quiet=True,
        )
    finally:
        end_leftovers(run.name)
    outcomes: dict[str, Outcome] = {"successful": "succeeded", "canceled": "cancelled"}
    return PlaybookResult(
        outcome=outcomes.get(ended.status, "failed"),
        failed_hosts=sorted(stats.get("failures", {})),
        unreachable_hosts=sorted(stats.get("dark", {})),
    )


def end_leftovers(name: str) -> int:
    """Kill every process that carries the run's name; how many there were."""
    return sum(_kill(process) for process in _carriers(name))


def _environment(name: str) -> dict[str, str]:
    return {
        RUN_MARK: name,
        # The environment's own ansible-playbook, whatever else is installed.
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))),
        "ANSIBLE_FORCE_COLOR": "1",
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
    }


def _carriers(name: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            if process.environ().get(RUN_MARK) == name and process.pid != os.getpid():
                yield process
        except psutil.Error:
            continue  # it has just ended, or belongs to somebody else


def _kill(process: psutil.Process) -> bool:
    try:
        process.send_signal(signal.SIGKILL)
    except psutil.NoSuchProcess:
        return False
    return True
