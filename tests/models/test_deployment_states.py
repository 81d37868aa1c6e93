"""The states of deployments and replicas: no dead ends, no judgement the table forbids."""

from hypothesis import given
from hypothesis import strategies as st

from apps.models.states.deployments import (
    DEPLOYMENT_ACTIONS,
    DEPLOYMENT_STATES,
    REPLICA_STATES,
    WANTED_STATES,
    DeploymentState,
    ReplicaState,
    state_from_replicas,
)

SOME_REPLICAS = st.lists(st.sampled_from(list(ReplicaState)), max_size=5)
DEPLOYMENTS = st.sampled_from(list(DeploymentState))


@given(current=DEPLOYMENTS, replicas=SOME_REPLICAS, wanted=st.integers(1, 5))
def test_every_judgement_is_a_move_that_exists(
    current: DeploymentState, replicas: list[ReplicaState], wanted: int
) -> None:
    to = state_from_replicas(current, wanted=wanted, replicas=replicas)
    assert to == current or DEPLOYMENT_STATES.allows(current, to)


@given(current=DEPLOYMENTS, replicas=SOME_REPLICAS, wanted=st.integers(1, 5))
def test_judging_again_changes_nothing(
    current: DeploymentState, replicas: list[ReplicaState], wanted: int
) -> None:
    once = state_from_replicas(current, wanted=wanted, replicas=replicas)
    assert state_from_replicas(once, wanted=wanted, replicas=replicas) == once


@given(
    current=st.sampled_from(sorted(WANTED_STATES - {DeploymentState.PENDING})),
    replicas=SOME_REPLICAS,
    wanted=st.integers(1, 5),
)
def test_it_is_ready_exactly_when_enough_replicas_are(
    current: DeploymentState, replicas: list[ReplicaState], wanted: int
) -> None:
    enough = replicas.count(ReplicaState.READY) >= wanted
    judged = state_from_replicas(current, wanted=wanted, replicas=replicas)
    assert (judged == DeploymentState.READY) == enough


@given(replicas=SOME_REPLICAS, wanted=st.integers(1, 5))
def test_one_that_answers_never_fails(replicas: list[ReplicaState], wanted: int) -> None:
    judged = state_from_replicas(
        DeploymentState.READY, wanted=wanted, replicas=[*replicas, ReplicaState.READY]
    )
    assert judged != DeploymentState.FAILED


@given(current=DEPLOYMENTS, replicas=SOME_REPLICAS)
def test_what_is_not_meant_to_run_is_not_judged(
    current: DeploymentState, replicas: list[ReplicaState]
) -> None:
    if current not in WANTED_STATES:
        assert state_from_replicas(current, wanted=1, replicas=replicas) == current


def test_every_deployment_can_be_stopped_or_started() -> None:
    ways_out = (
        DEPLOYMENT_ACTIONS["stop_deployment"].states or frozenset(),
        DEPLOYMENT_ACTIONS["start_deployment"].states or frozenset(),
    )
    assert set().union(*ways_out) == set(DeploymentState) - {DeploymentState.STOPPING}


def test_every_replica_can_be_started_again_or_is_about_to_end() -> None:
    for state in ReplicaState:
        follow = REPLICA_STATES.transitions[state]
        assert ReplicaState.STARTING in follow or state in {
            ReplicaState.STARTING,
            ReplicaState.STOPPING,
        }
