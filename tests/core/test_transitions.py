"""Moving rows between states. Operations serve as the example: they are the lowest stateful row."""

import threading

import pytest
from django.db import connections, transaction

from apps.core.errors import InvalidTransition
from apps.core.events import EVENTS_STREAM
from apps.core.models import StateChange
from apps.core.permissions import ROLE_PERMISSIONS, Role
from apps.core.redis import get_redis
from apps.core.transitions import explain_state, require_state_for, transition, why_not
from tests.factories.operations import make_operation


def events():
    return [fields for _, fields in get_redis().xrange(EVENTS_STREAM)]


def test_a_move_is_saved_with_its_reason_and_written_down(team):
    operation = make_operation(team=team)

    transition(operation, to="running", reason="A worker took it.", changes={"worker": "w"})

    operation.refresh_from_db()
    assert (operation.state, operation.state_reason, operation.worker) == (
        "running",
        "A worker took it.",
        "w",
    )
    change = StateChange.objects.get(subject="operation", subject_id=str(operation.pk))
    assert (change.from_state, change.to_state, change.team_id) == ("queued", "running", team.pk)
    assert change.at == operation.state_since


def test_an_arrow_that_is_not_there_is_refused_and_nothing_is_saved(team):
    operation = make_operation(team=team)

    with pytest.raises(InvalidTransition, match="is queued and cannot become succeeded"):
        transition(operation, to="succeeded", changes={"worker": "w"})

    operation.refresh_from_db()
    assert (operation.state, operation.worker) == ("queued", "")
    assert not StateChange.objects.exists()


def test_what_counts_is_the_row_not_the_copy_in_hand(team):
    operation = make_operation(team=team)
    stale = type(operation).objects.get(pk=operation.pk)
    transition(operation, to="cancelled")

    with pytest.raises(InvalidTransition):
        transition(stale, to="running")


@pytest.mark.django_db(transaction=True)
def test_of_many_who_move_a_row_at_once_one_succeeds(team):
    operation = make_operation(team=team)
    start, outcomes = threading.Barrier(6), []

    def move():
        start.wait()
        try:
            transition(type(operation).objects.get(pk=operation.pk), to="running")
            outcomes.append("moved")
        except InvalidTransition:
            outcomes.append("refused")
        finally:
            connections.close_all()

    movers = [threading.Thread(target=move) for _ in range(6)]
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join()

    assert sorted(outcomes) == ["moved", *["refused"] * 5]
    assert StateChange.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_events_leave_after_the_commit_and_not_without_one(team):
    operation = make_operation(team=team)
    before = len(events())

    with transaction.atomic():
        transition(operation, to="running")
        assert len(events()) == before
        transaction.set_rollback(True)
    assert len(events()) == before

    transition(operation, to="running")
    assert events()[-1] == {
        "subject": "operation",
        "subject_id": str(operation.pk),
        "change": "updated",
        "team": str(team.pk),
    }


def test_a_better_explanation_keeps_the_state(team):
    operation = make_operation(team=team)
    since = operation.state_since

    explain_state(operation, reason="It waits for a free worker.")

    operation.refresh_from_db()
    assert operation.state_reason == "It waits for a free worker."
    assert operation.state_since == since


def test_an_action_says_why_it_is_impossible(team):
    operation = make_operation(team=team)
    operator, viewer = ROLE_PERMISSIONS[Role.OPERATOR], ROLE_PERMISSIONS[Role.VIEWER]

    assert why_not(operation, "cancel_operation", operator) is None
    assert "Operator" in why_not(operation, "cancel_operation", viewer)
    assert why_not(operation, "retry_operation", operator).startswith("Only a failed")
    with pytest.raises(InvalidTransition, match="Only a failed"):
        require_state_for(operation, "retry_operation")
