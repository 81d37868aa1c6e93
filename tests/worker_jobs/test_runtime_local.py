"""The detached runner and its model server, without any row."""

import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from pytest_django.fixtures import Settings

from apps.models.queries.replica_logs import read_log
from tests.factories.deployments import TINY_MODEL
from tests.waiting import eventually
from tests.worker_jobs.conftest import Stage
from tests.worker_jobs.replica import KEY, becomes, seen
from worker_jobs.runtimes import exit_words, local, runner_log
from worker_jobs.runtimes.probe import NoAnswer, ask, is_busy, lives
from worker_jobs.runtimes.protocol import ReplicaSpec, RuntimeUnavailable

ROOT = Path(__file__).resolve().parents[2]


def complete(url: str, key: str = KEY, **body: object) -> httpx.Response:
    return httpx.post(
        f"{url}/v1/completions",
        json={"prompt": "reboot", "max_tokens": 3, **body},
        headers={"Authorization": f"Bearer {key}"},
        timeout=20,
        trust_env=False,
    )


def test_a_started_replica_answers_only_with_its_key(spec: ReplicaSpec, stage: Stage) -> None:
    local.start(spec)
    url = becomes("running").url
    assert url.startswith("http://127.0.0.1:")
    assert complete(url).status_code == 200
    assert complete(url, key="somebody-else").status_code == 401
    ask(url, api_key=KEY, name="ops", embedding=False, within=30)
    with pytest.raises(NoAnswer, match="401"):
        ask(url, api_key="wrong", name="ops", embedding=False, within=30)
    assert lives(url)
    assert not is_busy(url, api_key=KEY)


def test_the_key_is_in_no_command_line_and_in_no_public_file(
    spec: ReplicaSpec, stage: Stage
) -> None:
    local.start(spec)
    becomes("running")
    for pid in stage.pids():
        assert KEY.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
        assert KEY.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
    folder = stage.replicas / "7"
    assert (folder / "spec.json").stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0


def test_the_server_listens_on_loopback_alone(spec: ReplicaSpec, stage: Stage) -> None:
    local.start(spec)
    port = int(becomes("running").url.rpartition(":")[2])
    listening = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{port:04X}")
    ]
    assert listening == [f"0100007F:{port:04X}"]


def test_idle_threads_of_the_model_server_do_not_spin(spec: ReplicaSpec, stage: Stage) -> None:
    local.start(spec)
    becomes("running")
    environment = Path(f"/proc/{stage.server_pid('7')}/environ").read_bytes()
    assert b"GOMP_SPINCOUNT=0" in environment.split(b"\0")


def test_starting_twice_at_once_gives_one_model_server(spec: ReplicaSpec, stage: Stage) -> None:
    threads = [threading.Thread(target=local.start, args=(spec,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    becomes("running")
    assert len(stage.pids()) == 2  # the runner and its model server


def test_stopping_leaves_no_process(spec: ReplicaSpec, stage: Stage) -> None:
    local.start(spec)
    becomes("running")
    local.stop("7")
    assert stage.pids() == []
    assert seen().doing == "stopped"
    local.forget("7")
    assert local.observe() == []


def test_a_killed_model_server_comes_back_on_its_port_with_the_exit_kept(
    spec: ReplicaSpec, stage: Stage
) -> None:
    local.start(spec)
    url = becomes("running").url
    os.kill(stage.server_pid("7"), signal.SIGKILL)
    waiting = becomes("waiting")
    assert "killed from outside (SIGKILL)" in waiting.reason
    assert "starts again" in waiting.reason
    again = becomes("running")
    assert again.url == url
    assert again.restarts == 1
    assert again.exits[0]["signal"] == "SIGKILL"
    assert complete(again.url).status_code == 200


def test_the_waits_grow_and_it_gives_up_with_a_sentence(
    spec: ReplicaSpec, stage: Stage, settings: Settings
) -> None:
    settings.REPLICA_POLICY = {"first_wait": 0.05, "longest_wait": 0.2, "give_up_after": 3}
    local.start(spec)
    for _ in range(3):
        becomes("running")
        os.kill(stage.server_pid("7"), signal.SIGSEGV)
        eventually(lambda: seen().doing != "running")
    failed = becomes("failed")
    assert failed.reason.startswith("It ended 3 times in")
    assert "SIGSEGV" in failed.reason
    assert len(failed.exits) == 3
    eventually(lambda: stage.pids() == [])


@pytest.mark.slow
def test_only_the_last_five_exits_are_kept(
    spec: ReplicaSpec, stage: Stage, settings: Settings
) -> None:
    settings.REPLICA_POLICY = {"first_wait": 0.01, "longest_wait": 0.02, "give_up_after": 7}
    missing = dataclasses.replace(spec, model_path="/nowhere/at-all.gguf")
    folder = stage.replicas / "7"
    local.start(missing)
    becomes("failed")
    for _ in range(3):
        local.start(missing)  # every start of a file that is not there ends twice
        becomes("failed")
    assert len(seen().exits) == 5
    assert read_log(folder, limit=5000).items[-1].sequence > 10


@pytest.mark.parametrize("damage", ["cut", "rubbish", "missing"])
def test_a_damaged_file_fails_with_what_the_server_said(
    damage: str, spec: ReplicaSpec, stage: Stage, tmp_path: Path
) -> None:
    path = tmp_path / "model.gguf"
    if damage == "cut":
        path.write_bytes(TINY_MODEL.read_bytes()[:900_000])
    elif damage == "rubbish":
        path.write_bytes(b"no model" * 1000)
    local.start(dataclasses.replace(spec, model_path=str(path)))
    failed = becomes("failed")
    assert failed.reason.startswith("The model cannot be loaded: ")
    assert "error" in failed.reason.lower()
    assert failed.exits[-1]["code"] == exit_words.EXIT_CANNOT_LOAD


def test_a_taken_port_is_avoided(spec: ReplicaSpec, stage: Stage) -> None:
    local.start(spec)
    url = becomes("running").url
    port = int(url.rpartition(":")[2])
    server = stage.server_pid("7")
    with socket.socket() as intruder:
        intruder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        os.kill(server, signal.SIGKILL)
        eventually(lambda: _bound(intruder, port), every=0.005)
        eventually(lambda: seen().restarts == 1)
        again = becomes("running")
        assert again.url != url
        assert complete(again.url).status_code == 200


def _bound(intruder: socket.socket, port: int) -> bool:
    try:
        intruder.bind(("127.0.0.1", port))
    except OSError:
        return False
    intruder.listen()
    return True


def test_it_outlives_whoever_started_it_and_is_known_again(
    spec: ReplicaSpec, stage: Stage, tmp_path: Path
) -> None:
    starter = tmp_path / "starter.py"
    starter.write_text(
        "import os, django\n"
        "django.setup()\n"
        "from django.conf import settings\n"
        f"settings.REPLICAS_DIR = {str(stage.replicas)!r}\n"
        "from worker_jobs.runtimes import local\n"
        "from worker_jobs.runtimes.protocol import ReplicaSpec\n"
        f"local.start(ReplicaSpec(**{dataclasses.asdict(spec)!r}))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run(
        [sys.executable, str(starter)], cwd=ROOT, env=_environment(), check=False
    )
    assert ended.returncode == -signal.SIGKILL
    server = becomes("running")
    assert complete(server.url).status_code == 200
    runner = stage.runner_pid("7")
    local.start(spec)
    assert stage.runner_pid("7") == runner


def test_it_ends_with_its_supervisor(
    spec: ReplicaSpec, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = subprocess.Popen(["sleep", "600"])
    monkeypatch.setenv("HEARTH_SUPERVISOR_PID", str(supervisor.pid))
    local.start(spec)
    becomes("running")
    supervisor.kill()
    supervisor.wait()
    eventually(lambda: stage.pids() == [])
    with pytest.raises(RuntimeUnavailable, match="being stopped"):
        local.start(spec)


def test_a_killed_runner_takes_its_server_along(spec: ReplicaSpec, stage: Stage) -> None:
    local.start(spec)
    becomes("running")
    os.kill(stage.runner_pid("7"), signal.SIGKILL)
    eventually(lambda: stage.pids() == [])
    assert seen().doing == "gone"
    local.start(spec)
    becomes("running")


def test_a_reused_process_number_is_not_taken_for_the_runner(
    spec: ReplicaSpec, stage: Stage
) -> None:
    local.start(spec)
    becomes("running")
    note = stage.replicas / "7" / "runner.json"
    content = note.read_text()
    local.stop("7")
    note.write_text(content.replace(f'"pid": {stage_pid(content)}', f'"pid": {os.getpid()}'))
    assert seen().doing == "stopped"


def stage_pid(content: str) -> str:
    return content.partition('"pid": ')[2].partition(",")[0]


def test_the_log_goes_on_counting_over_parts_and_runners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_log, "LOG_PART_BYTES", 2000)
    first = runner_log.ReplicaLog(tmp_path)
    for number in range(1, 101):
        first.feed(f"line {number}\n".encode())
    first.close()
    second = runner_log.ReplicaLog(tmp_path)
    second.feed(b"line 1")
    second.feed(b"01\nline 102 has no end")
    second.close()
    log = read_log(tmp_path, after=60, limit=1000)
    assert [line.sequence for line in log.items] == list(range(61, 103))
    assert [line.text for line in log.items][-3:] == ["line 100", "line 101", "line 102 has no end"]
    assert (tmp_path / "log.1").exists()
    page = read_log(tmp_path, after=70, limit=5)
    assert [line.sequence for line in page.items] == [71, 72, 73, 74, 75]
    assert page.last_sequence == 75
    assert read_log(tmp_path, after=102).items == []


def test_a_full_disk_costs_lines_and_not_the_server(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    log = runner_log.ReplicaLog(folder)
    shutil.rmtree(folder)
    log.feed(b"nobody reads this\n")
    assert list(log.tail) == ["nobody reads this"]


@pytest.mark.parametrize(
    ("code", "out_of_memory", "said"),
    [
        (0, False, "ended by itself with code 0"),
        (-9, False, "killed from outside (SIGKILL)"),
        (-9, True, "memory ran out"),
        (-11, False, "bad memory access"),
        (78, False, "could not load the model"),
    ],
)
def test_an_exit_in_words(code: int, out_of_memory: bool, said: str) -> None:
    assert said in exit_words.describe_exit(code, ran_seconds=3.2, out_of_memory=out_of_memory)


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "controlplane.settings.test",
    }
