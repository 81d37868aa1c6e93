"""What happens to operations when their worker, Redis or a message is gone. Real processes."""

import subprocess
import time
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.db import connection

from apps.accounts.actions import issue_token
from apps.core.redis import get_redis
from apps.operations import actions
from apps.operations.models import Operation
from tests.factories.operations import make_operation
from tests.operations import jobs  # noqa: F401 - registers the kinds used here
from tests.waiting import eventually
from worker_jobs.operation_job import LeaseLost, OperationRun
from worker_jobs.operations import reap_operations

JOBS = "tests.operations.jobs"


@pytest.fixture
def notes(tmp_path):
    return tmp_path / "notes"


@pytest.fixture
def hold(tmp_path):
    """While this file is there, jobs that were told to hold on do so."""
    file = tmp_path / "hold"
    file.touch()
    return file


def effects(notes: Path) -> list[str]:
    lines = notes.read_text().splitlines() if notes.exists() else []
    return [line.split(" pid")[0] for line in lines if " pid " in line]


def has_state(operation: Operation, state: str):
    def check() -> bool:
        operation.refresh_from_db()
        return operation.state == state

    return check


def texts(operation):
    return list(operation.lines.order_by("sequence").values_list("text", flat=True))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_another_worker_continues_after_kill_9(team, start_worker, notes, hold):
    first = start_worker(JOBS, lease_seconds=2)
    operation = make_operation(
        team=team, params={"file": str(notes), "hold": str(hold), "hold_at": "second"}
    )
    eventually(lambda: "second attempt 1" in effects(notes), within=30)

    first.kill()
    start_worker(JOBS, beat=True, lease_seconds=2)
    eventually(lambda: "second attempt 2" in effects(notes), within=30)
    hold.unlink()
    eventually(has_state(operation, "succeeded"), within=30)

    assert effects(notes) == ["first attempt 1", "second attempt 1", "second attempt 2"]
    assert (operation.attempt, operation.lost_workers) == (2, 1)
    said = " ".join(texts(operation))
    assert "The worker stopped at " in said
    assert "It continues with “Second”." in said
    sequences = list(operation.lines.order_by("sequence").values_list("sequence", flat=True))
    assert sequences == list(range(1, operation.last_sequence + 1))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_starts_takes_over_at_once_from_one_that_was_killed(
    team, start_worker, notes, hold
):
    """Without waiting for the lease: it can see that the process is gone."""
    first = start_worker(JOBS, lease_seconds=600)
    operation = make_operation(
        team=team, params={"file": str(notes), "hold": str(hold), "hold_at": "second"}
    )
    eventually(lambda: "second attempt 1" in effects(notes), within=30)
    first.kill()
    hold.unlink()

    start_worker(JOBS, lease_seconds=600)

    eventually(has_state(operation, "succeeded"), within=30)
    assert effects(notes) == ["first attempt 1", "second attempt 1", "second attempt 2"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_losing_every_connection_to_postgres_does_not_cost_the_operation(
    team, start_worker, notes, hold
):
    start_worker(JOBS)
    operation = make_operation(
        team=team, params={"file": str(notes), "hold": str(hold), "hold_at": "second"}
    )
    eventually(lambda: "second attempt 1" in effects(notes), within=30)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchone()[0] >= 1
    hold.unlink()

    eventually(has_state(operation, "succeeded"), within=30)
    assert effects(notes) == ["first attempt 1", "second attempt 1"]
    assert "did second" in texts(operation)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_long_operations_leave_threads_for_periodic_jobs(team, start_worker, notes, hold):
    start_worker(JOBS, beat=True, operations_at_once=2, resend_seconds=2)
    held = {"file": str(notes), "hold": str(hold), "hold_at": "first"}
    operations = [make_operation(team=team, params=held) for _ in range(6)]
    eventually(lambda: len(effects(notes)) == 2, within=30)

    lost = make_operation(team=team)
    _lose_worker(lost)
    eventually(lambda: texts(lost) and "The worker stopped" in texts(lost)[0], within=30)
    assert len(effects(notes)) == 2

    hold.unlink()
    for operation in [*operations, lost]:
        eventually(has_state(operation, "succeeded"), within=30)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_is_noticed_within_thirty_seconds(team, start_worker, notes, hold):
    """With the times that the product uses."""
    params = {"file": str(notes), "hold": str(hold), "hold_at": "once"}
    first = start_worker(JOBS)
    operation = make_operation(team=team, kind="tests.not_twice", steps=(), params=params)
    eventually(lambda: effects(notes), within=30)
    start_worker(JOBS, beat=True)

    first.kill()

    eventually(has_state(operation, "failed"), within=30)
    assert "How far it came is not known" in operation.error
    assert effects(notes) == ["once attempt 1"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_stopped_puts_its_operation_back(team, start_worker, notes, hold):
    first = start_worker(JOBS)
    operation = make_operation(
        team=team, params={"file": str(notes), "hold": str(hold), "hold_at": "second"}
    )
    eventually(lambda: "second attempt 1" in effects(notes), within=30)

    first.stop()

    assert has_state(operation, "queued")()
    assert operation.lost_workers == 0
    hold.unlink()
    start_worker(JOBS, beat=True, resend_seconds=1)
    eventually(has_state(operation, "succeeded"), within=30)
    assert effects(notes).count("first attempt 1") == 1


@pytest.mark.django_db(transaction=True)
def test_cancelling_stops_a_running_job(team, admin, start_worker, notes, hold):
    start_worker(JOBS)
    operation = make_operation(
        team=team, params={"file": str(notes), "hold": str(hold), "hold_at": "first"}
    )
    eventually(lambda: effects(notes), within=30)

    actions.cancel_operation(operation=operation, by=admin)

    eventually(has_state(operation, "cancelled"), within=30)
    assert "hook cancelled" in notes.read_text()
    assert [step.state for step in operation.steps.order_by("position")] == [
        "cancelled",
        "pending",
    ]
    assert "ada asked to cancel. Stopping …" in texts(operation)
    assert texts(operation)[-1] == "Cancelled: the work has stopped."


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_message_that_comes_again_is_not_work_again(team, start_worker, notes, hold):
    """Redis hands a message out again after the visibility timeout."""
    assert settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"] >= 12 * 3600
    start_worker(JOBS)
    operation = make_operation(
        team=team, params={"file": str(notes), "hold": str(hold), "hold_at": "second"}
    )
    eventually(lambda: "second attempt 1" in effects(notes), within=30)

    for _ in range(3):
        actions.enqueue(operation)
    eventually(lambda: get_redis().llen("hearth:celery:default") == 0, within=30)
    hold.unlink()
    eventually(has_state(operation, "succeeded"), within=30)
    actions.enqueue(operation)
    other = make_operation(team=team)
    eventually(has_state(other, "succeeded"), within=30)

    assert effects(notes) == ["first attempt 1", "second attempt 1"]
    operation.refresh_from_db()
    assert operation.attempt == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_queue_survives_a_redis_that_forgets(team, start_worker, notes):
    operation = make_operation(team=team, params={"file": str(notes)})
    get_redis().flushdb()

    start_worker(JOBS, beat=True, resend_seconds=1)

    eventually(has_state(operation, "succeeded"), within=30)
    assert effects(notes) == ["first attempt 1", "second attempt 1"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_an_operation_does_not_notice_that_redis_was_killed(
    team, start_worker, notes, hold, tmp_path
):
    redis_server = _start_redis(tmp_path)
    start_worker(
        JOBS,
        beat=True,
        environment={
            "REDIS_URL": f"unix://{tmp_path}/redis.sock",
            "HEARTH_TEST_REDIS_DATABASE": "0",
        },
        resend_seconds=1,
    )
    operation = make_operation(
        team=team, params={"file": str(notes), "hold": str(hold), "hold_at": "first"}
    )
    eventually(lambda: effects(notes), within=30)

    redis_server.kill()
    redis_server.wait()
    hold.unlink()
    eventually(has_state(operation, "succeeded"), within=30)
    redis_server = _start_redis(tmp_path)
    try:
        later = make_operation(team=team)
        eventually(has_state(later, "succeeded"), within=30)
    finally:
        redis_server.kill()
        redis_server.wait()

    assert effects(notes) == ["first attempt 1", "second attempt 1"]


def _start_redis(directory: Path) -> subprocess.Popen[bytes]:
    socket = directory / "redis.sock"
    socket.unlink(missing_ok=True)
    process = subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    eventually(socket.exists, within=30)
    return process


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_fifty_reconnects_lose_and_double_no_line(team, admin, web, start_worker):
    start_worker(JOBS)
    secret = issue_token(user=admin, team=team, name="reader")[1]
    lines = 5_000
    operation = make_operation(
        team=team, kind="tests.log_much", steps=(), params={"lines": lines, "pause": 0.02}
    )

    read, last, connections = [], 0, 0
    until = time.monotonic() + 30
    while len(read) < lines and time.monotonic() < until:
        answer = httpx.get(
            f"{web}/api/operations/{operation.pk}/log",
            params={"after": last, "limit": 100},
            headers={"Authorization": f"Bearer {secret}"},
        ).raise_for_status()
        read += answer.json()["items"]
        last, connections = answer.json()["last_sequence"], connections + 1

    assert connections >= 50
    assert [line["text"] for line in read] == [f"line {number}" for number in range(lines)]
    assert [line["sequence"] for line in read] == list(range(1, lines + 1))


def _lose_worker(operation):
    """As if its worker had been gone for a minute."""
    claimed = actions.claim_operation(
        operation_id=operation.pk, worker="gone:1", lease_seconds=-60, deadline_seconds=None
    )
    assert claimed
    return claimed


def test_an_operation_that_loses_every_worker_is_given_up(team, notes):
    operation = make_operation(team=team, params={"file": str(notes)})
    for _ in range(settings.OPERATION_LOST_WORKERS_ALLOWED):
        _lose_worker(operation)
        reap_operations()
        assert has_state(operation, "queued")()
    _lose_worker(operation)
    reap_operations()

    assert has_state(operation, "failed")()
    assert operation.settled_at is not None
    assert "hook failed" in notes.read_text()
    assert "4 workers in a row" in operation.error


def test_a_lost_worker_that_was_asked_to_cancel_counts_as_cancelled(team, admin):
    operation = make_operation(team=team)
    _lose_worker(operation)
    actions.cancel_operation(operation=operation, by=admin)
    reap_operations()

    assert has_state(operation, "cancelled")()


def test_past_its_deadline_an_operation_has_failed_and_its_worker_hears_of_it(team):
    operation = make_operation(team=team)
    claimed = actions.claim_operation(
        operation_id=operation.pk, worker="slow:1", lease_seconds=60, deadline_seconds=-1
    )
    run = OperationRun(claimed, watched=False)

    reap_operations()

    assert has_state(operation, "failed")()
    assert operation.error.startswith("It was not done by ")
    with pytest.raises(LeaseLost):
        run.check()
