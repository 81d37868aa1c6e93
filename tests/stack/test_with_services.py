"""`python -m stack with`: services that live exactly as long as one command."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stack.installation import CHECKOUT, Installation
from tests.waiting import eventually

ASK_BOTH = """
import json, os, psycopg, redis
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    row = connection.execute(
        "select current_database(), current_user, current_setting('server_version_num')::int,"
        " '[1,2]'::vector <-> '[1,4]'::vector"
    ).fetchone()
redis.Redis.from_url(os.environ["REDIS_URL"]).set("seen", "yes")
print(json.dumps(row))
"""
SLEEP = ("--", "sleep", "120")
BOTH = ("with", "pg,redis", "--fast")


def test_the_command_finds_postgres_with_vectors_and_redis(installation: Installation) -> None:
    status, output = installation.run(*BOTH, "--", sys.executable, "-c", ASK_BOTH)

    assert status == 0, output
    database, user, version, distance = json.loads(output.splitlines()[-1])
    assert (database, user, distance) == ("hearth", "hearth", 2.0)
    assert version >= 180000
    assert installation.processes() == {}


def test_the_exit_status_is_the_command_s(installation: Installation) -> None:
    assert installation.run("with", "redis", "--", "sh", "-c", "exit 7")[0] == 7


def test_what_was_written_is_there_the_next_time(installation: Installation) -> None:
    redis_cli = "import os,redis;r=redis.Redis.from_url(os.environ['REDIS_URL'])"
    installation.run("with", "redis", "--", sys.executable, "-c", f"{redis_cli};r.set('a', '1')")

    ask = f"{redis_cli};print(r.get('a'))"
    assert "b'1'" in installation.run("with", "redis", "--", sys.executable, "-c", ask)[1]


@pytest.mark.slow
def test_sockets_get_a_short_folder_when_the_path_is_too_long(installation: Installation) -> None:
    installation.var = installation.var.parent / ("long-" * 24) / "var"

    status, output = installation.run(*BOTH, "--", sys.executable, "-c", ASK_BOTH)

    assert status == 0, output
    assert installation.run("reset", "--yes")[0] == 0


def test_a_second_one_in_the_same_folder_says_who_is_there(installation: Installation) -> None:
    first = installation.start("with", "redis", *SLEEP)
    eventually(lambda: installation.running("sleep 120"), within=30)

    status, output = installation.run("with", "redis", "--", "true")

    assert status == 1
    assert f"process {first.pid}" in output
    assert "make stop" in output
    assert first.process.poll() is None


@pytest.mark.slow
def test_two_folders_do_not_disturb_each_other(installation: Installation) -> None:
    installation.start(*BOTH, *SLEEP)
    other = Installation(installation.var.parent / "other")

    assert other.run(*BOTH, "--", sys.executable, "-c", ASK_BOTH)[0] == 0
    assert other.processes() == {}


@pytest.mark.slow
def test_nothing_stays_when_the_supervisor_is_killed(installation: Installation) -> None:
    first = installation.start(*BOTH, *SLEEP)
    eventually(lambda: installation.running("sleep 120"), within=30)
    assert installation.running("postgres: checkpointer")

    os.kill(first.pid, signal.SIGKILL)
    first.ends(within=5)

    eventually(installation.nothing_runs, within=30)
    status, output = installation.run(*BOTH, "--", sys.executable, "-c", ASK_BOTH)
    assert status == 0, output


@pytest.mark.slow
def test_a_grandchild_that_ignores_sigterm_does_not_outlive_a_killed_supervisor(
    installation: Installation,
) -> None:
    stubborn = "trap '' TERM HUP INT; setsid -f true; (sleep 300; true) & wait"
    driver = f"""
import asyncio
from pathlib import Path
from stack.guard import Guard
from stack.layout import find_layout, prepare
from stack.logs import LogFile
from stack.process import Running, Service
async def never(): return False
async def main():
    layout = find_layout()
    prepare(layout)
    with Guard(layout) as guard:
        service = Service(name="stubborn", argv=("sh", "-c", {stubborn!r}), ready=never)
        await Running(service, LogFile(Path("/dev/null")), guard).start()
        await asyncio.sleep(300)
asyncio.run(main())
"""
    process = subprocess.Popen(
        [sys.executable, "-c", driver], cwd=CHECKOUT, env=installation.environment()
    )
    eventually(lambda: installation.running("sleep 300"), within=30)

    process.kill()
    process.wait()

    eventually(installation.nothing_runs, within=30)


def test_sigterm_ends_the_command_and_the_services(installation: Installation) -> None:
    first = installation.start(*BOTH, *SLEEP)
    eventually(lambda: installation.running("sleep 120"), within=30)

    first.process.terminate()

    assert first.ends(within=5) == 128 + signal.SIGTERM
    assert installation.processes() == {}


@pytest.mark.slow
def test_a_half_made_database_folder_is_made_again(installation: Installation) -> None:
    for name in ("data", "data.unfinished"):
        half = installation.var / "pg" / name / "base"
        half.mkdir(parents=True)
        (half / "1").write_text("half")

    status, output = installation.run(*BOTH, "--", sys.executable, "-c", ASK_BOTH)

    assert status == 0, output


@pytest.mark.slow
def test_a_lock_file_that_names_a_stranger_does_not_keep_postgres_away(
    installation: Installation,
) -> None:
    installation.run("with", "pg", "--fast", "--", "true")
    lock = installation.var / "pg" / "data" / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{lock.parent}\n1700000000\n5432\n\n\n\n")

    status, output = installation.run(*BOTH, "--", sys.executable, "-c", ASK_BOTH)

    assert status == 0, output


def _mounted(installation: Installation, options: str, *arguments: str) -> tuple[int, str]:
    """Run with `var` on a small file system of its own."""
    installation.var.mkdir()
    script = f'mount -t tmpfs -o {options} none {installation.var} && exec "$@"'
    result = subprocess.run(
        ["unshare", "-m", *(() if os.geteuid() == 0 else ("-r",)), "sh", "-c", script, "sh",
         sys.executable, "-m", "stack", *arguments],
        cwd=CHECKOUT, env=installation.environment(), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    return result.returncode, result.stdout + result.stderr


@pytest.fixture
def mounts() -> None:
    """Skips where this user may not mount."""
    probe = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting is not allowed here")


@pytest.mark.usefixtures("mounts")
def test_a_read_only_folder_is_one_sentence(installation: Installation) -> None:
    status, output = _mounted(installation, "ro", "with", "pg,redis", "--", "true")

    assert status == 1
    assert "cannot be written" in output
    assert "HEARTH_VAR" in output
    assert "Traceback" not in output


@pytest.mark.usefixtures("mounts")
def test_a_full_disk_is_one_sentence(installation: Installation) -> None:
    status, output = _mounted(installation, "size=6m,mode=711", *BOTH, "--", "true")

    assert status == 1
    assert "full" in output
    assert "Traceback" not in output


def test_an_unknown_service_is_one_sentence(installation: Installation) -> None:
    status, output = installation.run("with", "pg,kafka", "--", "true")

    assert status == 1
    assert "kafka" in output
    assert not Path(installation.var).exists()
