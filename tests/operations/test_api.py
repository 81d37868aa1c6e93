"""Operations over HTTP."""

from datetime import timedelta

import pytest

from apps.core.errors import Conflict
from apps.operations import actions
from tests.factories.accounts import make_team
from tests.factories.operations import make_operation
from tests.operations import jobs  # noqa: F401 - registers the kinds used here


def test_the_list_can_be_narrowed_and_paged(team, admin_client):
    for number in range(5):
        make_operation(team=team, subject_id=str(number))
    make_operation(team=make_team())

    first = admin_client.get("/api/operations?limit=3").json()
    rest = admin_client.get(f"/api/operations?limit=3&cursor={first['next_cursor']}").json()
    one = admin_client.get("/api/operations?subject_type=node&subject_id=2&state=queued").json()

    assert [row["subject_id"] for row in first["items"] + rest["items"]] == list("43210")
    assert rest["next_cursor"] is None
    assert [row["subject_id"] for row in one["items"]] == ["2"]


def test_another_teams_operation_is_not_there(admin_client):
    operation = make_operation(team=make_team())

    for path in ("", "/steps", "/log", "/log.txt", "/why"):
        assert admin_client.get(f"/api/operations/{operation.pk}{path}").status_code == 404
    for verb in ("cancel", "retry"):
        assert admin_client.post(f"/api/operations/{operation.pk}/{verb}").status_code == 404


def test_the_log_is_read_on_from_where_one_was(team, admin_client, run_operation):
    operation = run_operation(make_operation(team=team, kind="tests.log_much", params={"lines": 9}))

    first = admin_client.get(f"/api/operations/{operation.pk}/log?limit=4").json()
    rest = admin_client.get(f"/api/operations/{operation.pk}/log?after={first['last_sequence']}")

    assert [line["sequence"] for line in first["items"]] == [1, 2, 3, 4]
    assert [line["text"] for line in rest.json()["items"]] == [f"line {n}" for n in range(4, 9)]
    assert rest.json()["last_sequence"] == 9
    found = admin_client.get(f"/api/operations/{operation.pk}/log?text=line 7").json()
    assert [line["sequence"] for line in found["items"]] == [8]


def test_the_whole_log_can_be_downloaded(team, admin_client, run_operation):
    operation = run_operation(make_operation(team=team))

    answer = admin_client.get(f"/api/operations/{operation.pk}/log.txt")

    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content.decode().splitlines()[0].endswith("[first] did first")


def test_retry_and_cancel_say_when_they_are_possible(team, admin_client, run_operation):
    operation = run_operation(make_operation(team=team, params={"break_at": "first"}))
    path = f"/api/operations/{operation.pk}"

    allowed = {row["action"]: row for row in admin_client.get(path).json()["allowed_actions"]}
    assert allowed["retry_operation"]["allowed"]
    assert allowed["cancel_operation"]["reason"] == "It has already ended."
    assert admin_client.post(f"{path}/cancel").status_code == 409
    why = admin_client.get(f"{path}/why").json()
    assert why["cause"] == "The cable is out."
    assert why["fixes"][0]["effect"] == "Put it in."

    retried = admin_client.post(f"{path}/retry")
    assert (retried.status_code, retried.json()["state"]) == (202, "queued")


def test_a_second_exclusive_operation_of_a_subject_is_refused(team, admin):
    first = make_operation(team=team, exclusive=True)

    with pytest.raises(Conflict):
        make_operation(team=team, exclusive=True)
    actions.cancel_operation(operation=first, by=admin)
    make_operation(team=team, exclusive=True)


def test_the_timeline_joins_what_is_written_in_several_places(team, admin_client, run_operation):
    operation = run_operation(make_operation(team=team, params={"break_at": "first"}))
    admin_client.post(f"/api/operations/{operation.pk}/retry")

    moves = admin_client.get(f"/api/timeline?subject=operation:{operation.pk}").json()["items"]
    assert [item["title"] for item in moves] == [
        "retry_operation",
        "failed → queued",
        "running → failed",
        "queued → running",
    ]
    page = admin_client.get("/api/timeline?limit=2").json()
    rest = admin_client.get("/api/timeline", {"cursor": page["next_cursor"]}).json()
    assert len(page["items"]) == 2
    assert len(rest["items"]) == 3


def test_logs_of_long_ago_are_dropped_and_others_stay(team, run_operation, settings):
    old = run_operation(make_operation(team=team))
    recent = run_operation(make_operation(team=team, subject_id="2"))
    long_ago = old.finished_at - timedelta(days=settings.OPERATION_LOG_DAYS + 1)
    type(old).objects.filter(pk=old.pk).update(finished_at=long_ago)

    assert actions.drop_old_logs() == 2

    assert not old.lines.exists()
    assert recent.lines.count() == 2
