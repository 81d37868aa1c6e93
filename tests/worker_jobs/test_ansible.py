"""Playbooks on this machine: what they print, how they fail, and that cancelling leaves nothing."""

import os
import signal
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import psutil
import pytest

from tests.waiting import eventually
from worker_jobs.adapters.ansible import RUN_MARK, PlaybookRun, end_leftovers, run_playbook

PLAYS = {
    "greet": "    - ansible.builtin.debug: {msg: 'hello {{ who }}'}",
    "fail": "    - ansible.builtin.fail: {msg: 'no such disk'}",
    # Sixty seconds, in a process two levels below ansible-playbook.
    "wait": "    - ansible.builtin.command: sleep 60",
}
ROOT = Path(__file__).resolve().parents[2]
RUN_IT = """
import sys
from pathlib import Path
from tests.worker_jobs.test_ansible import here
from worker_jobs.adapters.ansible import run_playbook
run_playbook(here(Path(sys.argv[1]), "wait", sys.argv[2]), on_line=print, is_cancelled=bool)
"""


def here(folder: Path, play: str, name: str) -> PlaybookRun:
    """A run of one of the plays on this machine."""
    playbook = folder / f"{play}.yml"
    playbook.write_text(f"- hosts: all\n  gather_facts: false\n  tasks:\n{PLAYS[play]}\n")
    return PlaybookRun(
        name=name,
        playbook=playbook,
        folder=folder / name,
        hosts={
            "this": {
                "ansible_connection": "local",
                "ansible_python_interpreter": sys.executable,
            }
        },
        variables={"who": "hearth"},
    )


def carriers(name: str) -> list[str]:
    """The names of the processes that belong to the run."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(RUN_MARK) == name:
                found.append(process.name())
        except psutil.Error:
            continue  # it has just ended
    return found


@pytest.fixture
def name() -> str:
    return f"run-{uuid.uuid4().hex}"


class TestRunPlaybook:
    def test_hands_over_what_it_prints(self, tmp_path: Path, name: str) -> None:
        lines: list[str] = []

        result = run_playbook(
            here(tmp_path, "greet", name), on_line=lines.append, is_cancelled=lambda: False
        )

        assert result.outcome == "succeeded"
        assert any("hello hearth" in line for line in lines)

    def test_names_the_hosts_that_failed(self, tmp_path: Path, name: str) -> None:
        lines: list[str] = []

        result = run_playbook(
            here(tmp_path, "fail", name), on_line=lines.append, is_cancelled=lambda: False
        )

        assert (result.outcome, result.failed_hosts) == ("failed", ["this"])
        assert any("no such disk" in line for line in lines)

    def test_cancelling_leaves_no_process(self, tmp_path: Path, name: str) -> None:
        cancelled = threading.Event()
        results: list[str] = []

        def work() -> None:
            run = here(tmp_path, "wait", name)
            ended = run_playbook(run, on_line=lambda line: None, is_cancelled=cancelled.is_set)
            results.append(ended.outcome)

        thread = threading.Thread(target=work)
        thread.start()
        eventually(lambda: "sleep" in carriers(name), within=30)
        cancelled.set()
        thread.join(60)

        assert results == ["cancelled"]
        eventually(lambda: not carriers(name), within=30)  # by themselves they last a minute

    @pytest.mark.slow
    def test_a_killed_worker_leaves_an_orphan_that_the_next_attempt_ends(
        self, tmp_path: Path, name: str
    ) -> None:
        worker = subprocess.Popen(
            [sys.executable, "-c", RUN_IT, str(tmp_path), name],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
        )
        eventually(lambda: "sleep" in carriers(name), within=30)
        worker.send_signal(signal.SIGKILL)
        worker.wait(30)

        assert end_leftovers(name) > 0
        eventually(lambda: not carriers(name), within=30)
