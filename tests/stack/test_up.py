"""`make run` as a whole: what it says, what it survives, what it leaves behind."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.process_table import start_ticks
from tests.stack.installation import CHECKOUT, Installation, Started
from tests.waiting import eventually

pytestmark = pytest.mark.slow

READY = re.compile(r"^ready in ([\d.]+) s · (http://127\.0\.0\.1:(\d+))$", re.MULTILINE)
UP = ("up", "--no-console")
START_SECONDS = 90.0
STOP_SECONDS = 20.0  # a calm machine needs two


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _url(started: Started) -> str:
    found = READY.search(started.wait_for("\nready in ", within=START_SECONDS))
    assert found, started.output()
    return found[2]


def _secrets(installation: Installation) -> dict[str, str]:
    lines = (installation.var / "first-run.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _status(url: str, token: str = "") -> int:
    request = urllib.request.Request(url)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _stop(started: Started) -> float:
    begun = time.monotonic()
    started.process.terminate()
    assert started.ends(within=STOP_SECONDS) == 0, started.output()
    return time.monotonic() - begun


@pytest.fixture
def port() -> int:
    return _free_port()


@pytest.fixture
def started(installation: Installation, port: int) -> Started:
    return installation.start(*UP, HEARTH_PORT=str(port))


def test_one_life(installation: Installation, started: Started, port: int) -> None:
    """Starts are expensive: what one running installation can show is shown by one."""
    url = _url(started)
    secrets = _secrets(installation)

    _secrets_are_right(installation, started, port)
    _status_and_a_second_run_say_who_runs(installation, started, url)
    _model_servers_do_not_spin(installation)
    _killed_services_come_back(installation, started, url)
    _requests_wait_while_the_web_service_is_started_again(installation, url)
    _an_open_connection_does_not_hold_the_stop_up(started, port)
    assert installation.processes() == {}
    assert installation.run("status")[0] == 3

    with socket.create_server(("127.0.0.1", port)):
        second = installation.start(*UP, HEARTH_PORT=str(port))
        url = _url(second)

    _the_second_start_kept_the_secrets_and_moved(installation, second, secrets, url)
    _stop_and_reset(installation, second)


def _secrets_are_right(installation: Installation, started: Started, port: int) -> None:
    secrets = _secrets(installation)
    url = f"http://127.0.0.1:{port}"
    assert secrets["HEARTH_URL"] == url
    assert secrets["OPENAI_BASE_URL"] == f"{url}/v1"
    assert (installation.var / "first-run.env").stat().st_mode & 0o777 == 0o600
    for name in ("HEARTH_ADMIN_PASSWORD", "HEARTH_TOKEN", "OPENAI_API_KEY"):
        assert started.output().count(secrets[name]) == 1, "printed once"
    assert secrets["OPENAI_API_KEY"].startswith("hk_live_")
    assert _status(f"{url}/api/nodes", secrets["HEARTH_TOKEN"]) == 200
    assert _status(f"{url}/api/nodes", "wrong") == 401
    assert _status(f"{url}/healthz") == 200


def _status_and_a_second_run_say_who_runs(
    installation: Installation, started: Started, url: str
) -> None:
    status, output = installation.run("status")
    assert status == 0
    assert f"at {url} (process {started.pid}, since " in output
    for name in ("postgres", "redis", "web", "worker", "beat"):
        assert re.search(rf"{name} +ready, process \d+", output), output

    second, said = installation.run(*UP)
    assert second == 1
    assert url in said
    assert f"process {started.pid}" in said

    refused, why = installation.run("reset", "--yes")
    assert refused == 1
    assert "make stop" in why


def _model_servers_do_not_spin(installation: Installation) -> None:
    """Idle OpenMP threads that spin make two busy cores ten times slower."""
    runners = [
        json.loads(note.read_text())["pid"]
        for note in (installation.var / "replicas").glob("*/runner.json")
    ]
    servers = [pid for pid in installation.processes() if _parent(pid) in runners]

    assert servers
    for pid in servers:
        assert b"GOMP_SPINCOUNT=0" in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")


def _killed_services_come_back(installation: Installation, started: Started, url: str) -> None:
    notes = installation.var / "run" / "services.json"
    token = _secrets(installation)["HEARTH_TOKEN"]
    before = json.loads(notes.read_text())

    for service in before.values():
        os.kill(service["pid"], signal.SIGKILL)

    def healed() -> bool:
        after = json.loads(notes.read_text())
        assert all(after[name]["pid"] != before[name]["pid"] for name in before), after
        assert all(service["ready"] for service in after.values()), after
        assert _status(f"{url}/api/nodes", token) == 200
        return True

    eventually(healed, within=30)
    assert "was killed (SIGKILL); starting it again" in started.output()


def _requests_wait_while_the_web_service_is_started_again(
    installation: Installation, url: str
) -> None:
    notes = json.loads((installation.var / "run" / "services.json").read_text())
    os.kill(notes["web"]["pid"], signal.SIGKILL)

    with urllib.request.urlopen(f"{url}/healthz", timeout=20) as answer:
        assert answer.status == 200


def _an_open_connection_does_not_hold_the_stop_up(started: Started, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as half:
        half.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Length: 99\r\n\r\n{"
        )

        assert _stop(started) < STOP_SECONDS


def _the_second_start_kept_the_secrets_and_moved(
    installation: Installation, second: Started, secrets: dict[str, str], url: str
) -> None:
    port = int(secrets["HEARTH_URL"].rpartition(":")[2])
    assert f"port {port} is taken by" in second.output()
    assert f"(process {os.getpid()})" in second.output()
    assert int(url.rpartition(":")[2]) > port
    moved = {"HEARTH_URL": url, "OPENAI_BASE_URL": f"{url}/v1"}
    assert _secrets(installation) == secrets | moved
    assert secrets["HEARTH_ADMIN_PASSWORD"] not in second.output()
    assert _status(f"{url}/api/nodes", secrets["HEARTH_TOKEN"]) == 200


def _stop_and_reset(installation: Installation, running: Started) -> None:
    assert installation.run("stop")[0] == 0
    assert running.ends(within=STOP_SECONDS) == 0

    refused, why = installation.run("reset")
    assert refused == 1
    assert "--yes" in why
    assert installation.var.exists()
    assert installation.run("reset", "--yes")[0] == 0
    assert not installation.var.exists()


def test_nothing_stays_when_the_supervisor_is_killed_and_the_next_start_works(
    installation: Installation, started: Started, port: int
) -> None:
    _url(started)
    assert list((installation.var / "replicas").glob("*/runner.json"))

    os.kill(started.pid, signal.SIGKILL)
    started.ends(within=5)

    # At once, while the last services are still ending.
    second = installation.start(*UP, HEARTH_PORT=str(port))
    _url(second)
    _stop(second)
    assert installation.processes() == {}


def test_a_start_that_is_killed_half_way_is_finished_by_the_next(
    installation: Installation, started: Started, port: int
) -> None:
    started.wait_for("postgres ready", within=START_SECONDS)
    os.kill(started.pid, signal.SIGKILL)
    started.ends(within=5)

    second = installation.start(*UP, HEARTH_PORT=str(port))
    url = _url(second)

    secrets = _secrets(installation)
    assert _status(f"{url}/api/nodes", secrets["HEARTH_TOKEN"]) == 200
    assert secrets["HEARTH_ADMIN_PASSWORD"] in second.output()


def _parent(pid: int) -> int:
    if start_ticks(pid) is None:
        return 0
    stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    return int(stat.rpartition(")")[2].split()[1])


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    controller, terminal = os.openpty()
    yield controller, terminal
    os.close(controller)
    os.close(terminal)


def test_an_interrupt_that_reaches_make_alone_stops_everything(
    installation: Installation, port: int
) -> None:
    rules = installation.var.parent / "Makefile"
    command = f"{sys.executable} -m stack {' '.join(UP)} --with-parent"
    rules.write_text(f"run:\n\t@exec {command}\n")
    output = installation.var.parent / "output"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            ["make", "--no-print-directory", "-f", str(rules), "run"],
            cwd=CHECKOUT,
            env=installation.environment(HEARTH_PORT=str(port)),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        )
    started = Started(process, output)
    installation.started.append(started)
    started.wait_for("redis ready", within=START_SECONDS)

    process.send_signal(signal.SIGINT)

    started.ends(within=STOP_SECONDS)
    assert "all stopped in" in started.output()
    assert installation.processes() == {}


def test_a_terminal_that_closes_under_nohup_is_survived(
    installation: Installation, port: int
) -> None:
    started = installation.start(*UP, wrapper=("nohup",), HEARTH_PORT=str(port))
    started.wait_for("redis ready", within=START_SECONDS)

    started.process.send_signal(signal.SIGHUP)

    started.wait_for("worker ready", within=START_SECONDS)


def test_ctrl_c_on_a_terminal_stops_everything(
    installation: Installation, port: int, terminal: tuple[int, int]
) -> None:
    controller, end = terminal
    process = subprocess.Popen(
        ["setsid", "--ctty", sys.executable, "-m", "stack", *UP],
        cwd=CHECKOUT,
        env=installation.environment(HEARTH_PORT=str(port)),
        stdin=end,
        stdout=end,
        stderr=end,
    )
    _read_until(controller, b"\nready in ", within=START_SECONDS)

    begun = time.monotonic()
    os.write(controller, b"\x03")
    _read_until(controller, b"all stopped in", within=STOP_SECONDS)
    process.wait(timeout=STOP_SECONDS)

    assert time.monotonic() - begun < STOP_SECONDS
    assert installation.processes() == {}


def _read_until(controller: int, text: bytes, *, within: float) -> None:
    os.set_blocking(controller, False)
    seen = b""

    def found() -> bool:
        nonlocal seen
        with contextlib.suppress(BlockingIOError):
            seen += os.read(controller, 65536)
        return text in seen.replace(b"\r", b"")

    try:
        eventually(found, within=within)
    except AssertionError:
        raise AssertionError(seen.decode(errors="replace")) from None
