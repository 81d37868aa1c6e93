"""Machines: enrolling this one, sampling it, and what the API says of it."""

import socket
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Team
from apps.core.permissions import Role
from apps.nodes import actions, queries
from apps.nodes.models import Node, NodeSample
from apps.nodes.states import NodeState
from apps.operations.models import Operation
from apps.operations.states import OperationState
from tests.factories.accounts import make_team
from tests.factories.nodes import GB, make_node, make_sample
from worker_jobs.nodes import prune_samples, sample_nodes

Run = Callable[[Operation], Operation]
Enqueued = Callable[[], list[Operation]]

pytestmark = pytest.mark.django_db


class TestEnrolControlPlane:
    def test_it_lists_this_machine_once(self, team: Team, enqueued: Enqueued) -> None:
        node = actions.enrol_control_plane(team=team)
        assert actions.enrol_control_plane(team=team) == node
        assert node.name == socket.gethostname().split(".")[0]
        assert node.state == NodeState.READY
        assert node.is_control_plane
        assert [operation.kind for operation in enqueued()] == ["nodes.inspect_node"]

    def test_a_taken_name_gets_a_number(self, team: Team) -> None:
        make_node(team=team, name="here")
        assert actions.enrol_control_plane(team=team, name="here").name == "here-2"

    def test_its_hardware_is_read_by_the_operation(
        self, team: Team, enqueued: Enqueued, run_operation: Run
    ) -> None:
        node = actions.enrol_control_plane(team=team)
        (operation,) = enqueued()
        assert run_operation(operation).state == OperationState.SUCCEEDED
        node.refresh_from_db()
        assert node.facts["cpu"]["threads"]
        assert node.facts_at is not None
        assert node.labels["arch"] == node.facts["cpu"]["architecture"]
        assert "threads" in node.hardware
        assert queries.find_latest_sample(node=node) is not None


class TestSampling:
    def test_a_turn_notes_the_machine_and_learns_its_hardware_once(self, team: Team) -> None:
        node = actions.enrol_control_plane(team=team)
        sample_nodes()
        sample_nodes()
        node.refresh_from_db()
        assert node.samples.count() == 2
        assert node.facts["memory"]["total_bytes"] > 0
        assert node.last_seen_at is not None

    def test_without_a_node_there_is_nothing_to_do(self) -> None:
        sample_nodes()
        assert not NodeSample.objects.exists()

    def test_a_day_is_kept(self, team: Team) -> None:
        node = make_node(team=team)
        make_sample(node=node, at=timezone.now() - timedelta(hours=25))
        kept = make_sample(node=node, at=timezone.now() - timedelta(hours=23))
        prune_samples()
        assert list(NodeSample.objects.all()) == [kept]

    def test_samples_are_thinned_to_the_least_free(self, team: Team) -> None:
        node, now = make_node(team=team), timezone.now()
        for number in range(60):
            make_sample(
                node=node,
                at=now - timedelta(seconds=10 * number),
                memory_available=(8 if number % 7 else 3) * GB,
                cpu_share=number % 2,
            )
        thinned = queries.thinned_samples(node=node, seconds=600, points=6)
        assert thinned["bucket_seconds"] == 100
        assert 6 <= len(thinned["items"]) <= 7
        middle = thinned["items"][3]
        assert middle["memory_available"] == 3 * GB
        assert middle["cpu_share"] == pytest.approx(0.5, abs=0.1)
        times = [item["at"] for item in thinned["items"]]
        assert times == sorted(times)


class TestApi:
    def test_a_node_as_the_console_sees_it(self, admin_client: Client, team: Team) -> None:
        node = make_node(team=team, name="cedar")
        make_sample(node=node, at=timezone.now() - timedelta(seconds=30), cpu_share=0.9)
        make_sample(node=node, cpu_share=0.1)
        (item,) = admin_client.get("/api/nodes").json()["items"]
        assert item["name"] == "cedar"
        assert item["state"] == "ready"
        assert item["hardware"] == "Testchip · 4 threads · 16 GB"
        assert item["latest"]["cpu_share"] == 0.1
        assert item["facts"]["memory"]["total_bytes"] == 16 * GB
        assert item["facts"]["gpus"] == []
        allowed = {each["action"]: each["allowed"] for each in item["allowed_actions"]}
        assert allowed["inspect_node"]

    def test_an_old_sample_says_nothing_about_now(self, admin_client: Client, team: Team) -> None:
        node = make_node(team=team)
        make_sample(node=node, at=timezone.now() - timedelta(minutes=5))
        assert admin_client.get(f"/api/nodes/{node.pk}").json()["latest"] is None

    def test_samples(self, admin_client: Client, team: Team) -> None:
        node = make_node(team=team)
        make_sample(node=node)
        answer = admin_client.get(f"/api/nodes/{node.pk}/samples", {"seconds": 600}).json()
        assert answer["items"][0]["memory_available"] == 8 * GB
        refused = admin_client.get(f"/api/nodes/{node.pk}/samples", {"seconds": 10**9})
        assert refused.status_code == 422

    def test_other_teams_and_retired_machines_are_not_listed(
        self, admin_client: Client, team: Team
    ) -> None:
        theirs = make_node(team=make_team())
        make_node(team=team, state=NodeState.RETIRED)
        assert admin_client.get("/api/nodes").json()["items"] == []
        for path in ("", "/samples", "/why"):
            assert admin_client.get(f"/api/nodes/{theirs.pk}{path}").status_code == 404
        assert admin_client.post(f"/api/nodes/{theirs.pk}/inspect").status_code == 404

    def test_the_list_asks_the_database_a_constant_number_of_times(
        self,
        admin_client: Client,
        team: Team,
        django_assert_max_num_queries: Callable[[int], object],
    ) -> None:
        for _ in range(20):
            make_sample(node=make_node(team=team))
        with django_assert_max_num_queries(7):
            assert len(admin_client.get("/api/nodes").json()["items"]) == 20

    def test_it_is_filtered_and_paged(self, admin_client: Client, team: Team) -> None:
        for name in ("ash", "birch", "cedar"):
            make_node(team=team, name=name)
        first = admin_client.get("/api/nodes", {"limit": 2}).json()
        assert [item["name"] for item in first["items"]] == ["ash", "birch"]
        rest = admin_client.get("/api/nodes", {"cursor": first["next_cursor"]}).json()
        assert [item["name"] for item in rest["items"]] == ["cedar"]
        found = admin_client.get("/api/nodes", {"search": "BIR"}).json()["items"]
        assert [item["name"] for item in found] == ["birch"]
        assert admin_client.get("/api/nodes", {"state": "failed"}).json()["items"] == []

    def test_why(self, admin_client: Client, team: Team) -> None:
        node = actions.enrol_control_plane(team=team)
        why = admin_client.get(f"/api/nodes/{node.pk}/why").json()
        assert "Hearth itself runs on this machine" in why["cause"]
        assert "Nothing was heard" in why["evidence"][0]["text"]
        make_sample(node=node)
        why = admin_client.get(f"/api/nodes/{node.pk}/why").json()
        assert "8.0 of 16.0 GB memory free" in why["evidence"][0]["text"]
        assert why["fixes"][0]["allowed"]

    @pytest.mark.parametrize(
        ("role", "status"), [(Role.VIEWER, 403), (Role.AUDITOR, 403), (Role.OPERATOR, 202)]
    )
    def test_who_may_look_again(
        self, caller_client: Callable[..., Client], team: Team, role: str, status: int
    ) -> None:
        node = make_node(team=team)
        assert caller_client(role).post(f"/api/nodes/{node.pk}/inspect").status_code == status

    def test_not_before_it_is_ready(self, admin_client: Client, team: Team) -> None:
        node = make_node(team=team, state=NodeState.ENROLLED)
        response = admin_client.post(f"/api/nodes/{node.pk}/inspect")
        assert response.status_code == 409
        assert "once it is ready" in response.json()["detail"]

    def test_another_machine_cannot_be_looked_into_yet(
        self, team: Team, run_operation: Run
    ) -> None:
        node = make_node(team=team)
        operation = run_operation(actions.inspect_node(node=node, requested_by=None))
        assert operation.state == OperationState.FAILED
        assert "another machine" in operation.error
        assert Node.objects.get(pk=node.pk).state == NodeState.READY
