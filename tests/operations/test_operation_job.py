"""How an attempt ends, step by step, without a worker process."""

import threading
from pathlib import Path

import pytest
from django.db import connections

from apps.operations import actions
from apps.operations.actions import LeaseLost, LogLine
from apps.operations.models import Operation, OperationLogLine
from tests.factories.operations import make_operation
from tests.operations import jobs  # noqa: F401 - registers the kinds used here
from worker_jobs.operation_job import OperationCancelled, OperationRun, perform, settle


def claim(operation):
    return actions.claim_operation(
        operation_id=operation.pk, worker="here:1", lease_seconds=15, deadline_seconds=None
    )


def texts(operation):
    return list(operation.lines.order_by("sequence").values_list("text", flat=True))


def test_an_operation_runs_its_steps_and_succeeds(team, run_operation):
    operation = run_operation(make_operation(team=team))

    assert operation.state == "succeeded"
    assert operation.progress == 1.0
    assert [step.state for step in operation.steps.order_by("position")] == ["succeeded"] * 2
    assert operation.steps.get(name="first").result == {"said": "first"}
    assert texts(operation) == ["did first", "did second"]


def test_a_failure_is_a_sentence_with_a_fix(team, run_operation, tmp_path):
    notes = tmp_path / "notes"
    operation = run_operation(
        make_operation(team=team, params={"break_at": "second", "file": str(notes)})
    )

    assert operation.state == "failed"
    assert operation.error == "The cable is out."
    assert operation.fix == "Put it in."
    assert operation.settled_at is not None
    assert "hook failed: The cable is out." in notes.read_text()
    second = operation.steps.get(name="second")
    assert (second.state, second.detail) == ("failed", "The cable is out.")


def test_a_retry_starts_at_the_step_that_failed(team, admin, run_operation, tmp_path):
    notes = tmp_path / "notes"
    failed = run_operation(
        make_operation(team=team, params={"break_at": "second", "file": str(notes)})
    )

    operation = run_operation(actions.retry_operation(operation=failed, by=admin))

    assert operation.state == "succeeded"
    assert (operation.attempt, operation.error) == (2, "")
    effects = [line.split(" pid")[0] for line in notes.read_text().splitlines() if "pid" in line]
    assert effects == ["first attempt 1", "second attempt 1", "second attempt 2"]
    assert "ada retries from “Second” (attempt 2)." in texts(operation)


def test_what_nobody_foresaw_is_a_failure_too(team, run_operation):
    operation = run_operation(make_operation(team=team, kind="tests.log_much"))  # without params

    assert operation.state == "failed"
    assert "KeyError" in operation.error


def test_an_operation_cancelled_in_the_queue_never_runs(team, admin, tmp_path):
    notes = tmp_path / "notes"
    operation = make_operation(team=team, params={"file": str(notes)})

    actions.cancel_operation(operation=operation, by=admin)
    perform(operation.pk, watched=False)

    operation.refresh_from_db()
    assert operation.state == "cancelled"
    assert notes.read_text().startswith("hook cancelled")
    assert operation.settled_at is not None


def test_a_running_operation_is_cancelled_once_its_job_has_stopped(team, admin):
    operation = make_operation(team=team)
    run = OperationRun(claim(operation), watched=False)

    actions.cancel_operation(operation=operation, by=admin)
    operation.refresh_from_db()
    assert operation.state == "running"

    with pytest.raises(OperationCancelled):
        run.check()
    actions.cancel_run(hold=run.hold)
    operation.refresh_from_db()
    assert operation.state == "cancelled"


def test_secrets_do_not_reach_the_log(team):
    operation = make_operation(team=team)
    run = OperationRun(claim(operation), watched=False)
    run.redact("hunter2")

    run.log("password hunter2, key hk_live_abcdEFGH1234, Authorization: Bearer abcdefgh12345678")
    run.flush()

    assert texts(operation) == ["password •••, key hk_live_abcd•••, Authorization: Bearer •••"]


def test_a_stale_fence_can_write_nothing_more(team, admin):
    operation = make_operation(team=team)
    stale = OperationRun(claim(operation), watched=False)
    step = actions.start_step(hold=stale.hold, name="first")
    actions.release_run(hold=stale.hold, reason="The worker was stopped.")
    fresh = OperationRun(claim(operation), watched=False)
    before = Operation.objects.values().get(pk=operation.pk)

    line = LogLine(text="late", at=operation.created_at)
    for write in (
        lambda: actions.append_log(hold=stale.hold, lines=[line]),
        lambda: actions.note_progress(hold=stale.hold, share=1, text=""),
        lambda: actions.start_step(hold=stale.hold, name="second"),
        lambda: actions.end_step(hold=stale.hold, step=step, state="succeeded"),
        lambda: actions.finish_run(hold=stale.hold),
        lambda: actions.fail_run(hold=stale.hold, error="late"),
        lambda: actions.cancel_run(hold=stale.hold),
        lambda: actions.release_run(hold=stale.hold, reason="late"),
    ):
        with pytest.raises(LeaseLost):
            write()

    assert Operation.objects.values().get(pk=operation.pk) == before
    assert "late" not in texts(operation)
    assert actions.renew_leases(holds=[stale.hold, fresh.hold], lease_seconds=15) == {fresh.hold}
    with pytest.raises(LeaseLost):
        stale.check()


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_that_race_one_gets_the_operation(team):
    operation = make_operation(team=team)
    start = threading.Barrier(8)
    won = []

    def race():
        start.wait()
        if claim(operation):
            won.append(threading.get_ident())
        connections.close_all()

    racers = [threading.Thread(target=race) for _ in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()

    assert len(won) == 1
    operation.refresh_from_db()
    assert operation.fence == 1


@pytest.mark.django_db(transaction=True)
def test_log_numbers_have_no_gaps_when_many_threads_write(team):
    operation = make_operation(team=team)
    run = OperationRun(claim(operation))

    def write(number):
        for line in range(300):
            run.log(f"{number}:{line}")
        run.flush()
        connections.close_all()

    writers = [threading.Thread(target=write, args=[number]) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    lines = OperationLogLine.objects.filter(operation=operation).order_by("sequence")
    assert [line.sequence for line in lines] == list(range(1, 1201))
    for number in range(4):
        own = [line.text for line in lines if line.text.startswith(f"{number}:")]
        assert own == [f"{number}:{line}" for line in range(300)]


def test_a_hook_that_breaks_does_not_hide_how_the_operation_ended(team, run_operation):
    directory_instead_of_file = str(Path(__file__).parent)
    operation = make_operation(team=team, params={"file": directory_instead_of_file})

    run_operation(operation)

    assert operation.state == "failed"
    assert operation.settled_at is not None


def test_settling_twice_tells_the_subject_once(team, admin, tmp_path):
    notes = tmp_path / "notes"
    operation = make_operation(team=team, params={"file": str(notes)})
    actions.cancel_operation(operation=operation, by=admin)

    settle(operation.pk)
    settle(operation.pk)

    assert notes.read_text().count("hook cancelled") == 1
