"""Deployments over HTTP: shapes, refusals, who may what. Nothing runs here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.accounts.models import Team
from apps.models.models import AIModel, Deployment, MemoryMeasurement, Replica
from apps.models.states.ai_models import AIModelState
from apps.models.states.deployments import DeploymentState, ReplicaState
from apps.nodes.models import Node
from apps.operations.models import Operation
from tests.factories.accounts import make_team
from tests.factories.deployments import (
    TOO_LITTLE,
    make_deployment,
    make_local_node,
    make_served_ai_model,
    note_free_memory,
)

WANTED = {"name": "ops", "ai_model": "opsling", "context_length": 256}


@pytest.fixture
def node(team: Team) -> Node:
    return make_local_node(team=team)


@pytest.fixture
def ai_model(team: Team, settings: Settings, tmp_path: Path) -> AIModel:
    settings.MODELS_DIR = tmp_path / "models"
    settings.REPLICAS_DIR = tmp_path / "replicas"
    return make_served_ai_model(team=team)


@pytest.fixture
def deployment(ai_model: AIModel, node: Node) -> Deployment:
    row = make_deployment(
        ai_model=ai_model, state=DeploymentState.DEGRADED, state_reason="It was killed."
    )
    Replica.objects.create(
        deployment=row,
        node=node,
        position=1,
        state=ReplicaState.STARTING,
        state_reason="It starts again in 4 s.",
        url="http://127.0.0.1:4711",
        sealed_key="sealed",
        estimated_bytes=100,
        measured_peak_bytes=90,
        restarts=3,
        exits=[
            {
                "at": timezone.now().isoformat(),
                "code": None,
                "signal": "SIGKILL",
                "said": "It was killed from outside (SIGKILL) after 3 s.",
                "last_line": "srv: listening",
                "lines": ["srv: listening"],
                "ran_seconds": 3.0,
            }
        ],
    )
    return row


def post(client: Client, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    response = client.post(f"/api/deployments{path}", body or {}, content_type="application/json")
    return response.status_code, response.json()


class TestDeploying:
    def test_it_answers_with_the_operation(
        self, admin_client: Client, node: Node, ai_model: AIModel
    ) -> None:
        status, body = post(admin_client, "", WANTED)
        assert status == 202, body
        assert body["kind"] == "models.deploy_model"
        assert body["subject_name"] == "ops"
        row = Deployment.objects.get()
        assert (row.state, row.slots, row.keep_warm) == (DeploymentState.PENDING, 2, True)
        assert row.state_deadline is not None

    def test_the_model_may_be_named_by_its_id(
        self, admin_client: Client, node: Node, ai_model: AIModel
    ) -> None:
        assert post(admin_client, "", {**WANTED, "ai_model": ai_model.pk})[0] == 202

    def test_the_context_is_the_models_own_when_it_is_short(
        self, admin_client: Client, node: Node, ai_model: AIModel
    ) -> None:
        post(admin_client, "", {"name": "ops", "ai_model": "opsling"})
        assert Deployment.objects.get().context_length == min(ai_model.context_length or 0, 4096)

    @pytest.mark.parametrize(
        ("change", "status", "said"),
        [
            ({"ai_model": "nobody"}, 404, "no AI model nobody"),
            ({"context_length": 1_000_000}, 422, "was trained for"),
            ({"name": "has spaces"}, 422, "name"),
            ({"slots": 0}, 422, "slots"),
            ({"kv_type": "q2"}, 422, "kv_type"),
            ({"runtime": "elsewhere"}, 422, "runtime"),
        ],
    )
    def test_what_makes_no_sense_is_refused(
        self,
        change: dict[str, Any],
        status: int,
        said: str,
        admin_client: Client,
        node: Node,
        ai_model: AIModel,
    ) -> None:
        answer = post(admin_client, "", {**WANTED, **change})
        assert (answer[0], said in answer[1]["detail"]) == (status, True), answer
        assert not Deployment.objects.exists()

    def test_a_model_whose_file_did_not_come_is_refused(
        self, admin_client: Client, node: Node, ai_model: AIModel
    ) -> None:
        AIModel.objects.update(state=AIModelState.FAILED)
        status, body = post(admin_client, "", WANTED)
        assert status == 409
        assert "not here" in body["detail"]

    def test_one_whose_file_is_on_its_way_waits_for_it(
        self, admin_client: Client, node: Node, team: Team
    ) -> None:
        coming = AIModel.objects.create(
            team=team,
            name="coming",
            catalogue_name="opsling",
            catalogue_version="Q8_0",
            state=AIModelState.DOWNLOADING,
        )
        wanted = {"name": "soon", "ai_model": coming.pk}
        status, preview = post(admin_client, "/preview", wanted)
        assert status == 200
        assert preview["fits"]
        assert preview["will_happen"][0].startswith("The file of coming comes first")
        status, body = post(admin_client, "", wanted)
        assert status == 202, body
        first = Operation.objects.get(pk=body["id"]).steps.order_by("position").first()
        assert first is not None
        assert first.name == "fetch"
        row = Deployment.objects.get()
        assert (row.state_reason, row.state_deadline) == ("Waiting for the file of coming.", None)

    def test_a_file_from_anywhere_is_fetched_before_its_fit_is_known(
        self, admin_client: Client, node: Node, team: Team
    ) -> None:
        AIModel.objects.create(team=team, name="strange", state=AIModelState.PENDING)
        status, preview = post(admin_client, "/preview", {"name": "soon", "ai_model": "strange"})
        assert status == 200
        assert preview["fits"]
        assert preview["sentence"] == "How it fits is known once its file is here."

    def test_what_does_not_fit_is_refused_with_a_way_out(
        self, admin_client: Client, node: Node, ai_model: AIModel
    ) -> None:
        note_free_memory(node, TOO_LITTLE)
        status, body = post(admin_client, "", WANTED)
        assert status == 409
        assert "Needs" in body["detail"]
        assert body["fix"]
        assert post(admin_client, "", {**WANTED, "force": True})[0] == 202

    def test_without_keep_warm_it_falls_asleep_some_time(
        self, admin_client: Client, node: Node, ai_model: AIModel
    ) -> None:
        post(admin_client, "", {**WANTED, "keep_warm": False})
        assert Deployment.objects.get().idle_seconds == 600


class TestPreview:
    def test_it_says_what_would_happen(
        self, admin_client: Client, node: Node, ai_model: AIModel
    ) -> None:
        status, body = post(admin_client, "/preview", {"ai_model": "opsling", "replicas": 2})
        assert status == 200, body
        assert body["fits"] is True
        assert "Fits, " in body["sentence"]
        assert [each["position"] for each in body["placements"]] == [1, 2]
        (fit,) = body["nodes"]
        assert fit["node"]["name"] == node.name
        assert sum(part["bytes"] for part in fit["parts"]) == fit["needed_bytes"]
        assert body["will_happen"][0] == "2 model servers start on this-machine."

    def test_it_names_changes_that_would_fit(
        self, admin_client: Client, team: Team, ai_model: AIModel, node: Node
    ) -> None:
        note_free_memory(node, TOO_LITTLE)
        body = post(admin_client, "/preview", {"ai_model": "opsling"})[1]
        assert body["fits"] is False
        assert body["placements"] == []
        assert body["will_happen"] == []
        assert body["nodes"][0]["spare_bytes"] < 0

    def test_what_was_measured_counts(
        self, admin_client: Client, node: Node, ai_model: AIModel
    ) -> None:
        MemoryMeasurement.objects.create(
            sha256=ai_model.sha256,
            context_length=256,
            slots=2,
            kv_type="f16",
            node=node,
            estimated_bytes=1,
            peak_bytes=123_456_789,
        )
        body = post(admin_client, "/preview", WANTED)[1]
        assert body["nodes"][0]["measured_bytes"] == 123_456_789

    def test_promises_to_other_replicas_count(
        self, admin_client: Client, node: Node, deployment: Deployment
    ) -> None:
        before = post(admin_client, "/preview", WANTED)[1]["nodes"][0]["available_bytes"]
        Replica.objects.update(estimated_bytes=100 + 10**9)
        after = post(admin_client, "/preview", WANTED)[1]["nodes"][0]["available_bytes"]
        assert before - after == 10**9

    def test_without_a_machine(self, admin_client: Client, ai_model: AIModel) -> None:
        body = post(admin_client, "/preview", WANTED)[1]
        assert body["sentence"] == "No machine that is ready can take it."

    def test_labels_choose_the_machine(
        self, admin_client: Client, node: Node, ai_model: AIModel
    ) -> None:
        body = post(admin_client, "/preview", {**WANTED, "node_labels": {"disk": "ssd"}})[1]
        assert body["nodes"] == []


class TestLooking:
    def test_a_deployment_with_its_replicas(
        self, admin_client: Client, deployment: Deployment
    ) -> None:
        body = admin_client.get(f"/api/deployments/{deployment.pk}").json()
        (replica,) = body["replicas"]
        assert body["ready_replicas"] == 0
        assert replica["exits"][0]["last_line"] == "srv: listening"
        assert (replica["estimated_bytes"], replica["measured_peak_bytes"]) == (100, 90)
        allowed = {each["action"]: each["allowed"] for each in body["allowed_actions"]}
        assert allowed["stop_deployment"] is True
        assert allowed["delete_deployment"] is False

    def test_neither_address_nor_key_of_a_replica_is_shown(
        self, admin_client: Client, deployment: Deployment
    ) -> None:
        text = admin_client.get(f"/api/deployments/{deployment.pk}").content.decode()
        assert "4711" not in text
        assert "sealed" not in text

    def test_the_list_takes_as_many_statements_for_ten_as_for_one(
        self,
        admin_client: Client,
        deployment: Deployment,
        ai_model: AIModel,
        django_assert_max_num_queries: Any,
    ) -> None:
        for number in range(10):
            make_deployment(ai_model=ai_model, name=f"more-{number}")
        with django_assert_max_num_queries(8):
            body = admin_client.get("/api/deployments").json()
        assert len(body["items"]) == 11

    def test_why(self, admin_client: Client, deployment: Deployment) -> None:
        body = admin_client.get(f"/api/deployments/{deployment.pk}/why").json()
        assert body["cause"] == "It was killed."
        assert any("killed from outside (SIGKILL)" in each["text"] for each in body["evidence"])
        assert body["next"]["text"] == "Replicas that ended are started again by themselves."
        fixes = {each["action"]: each["allowed"] for each in body["fixes"]}
        assert fixes["restart_deployment"] is True

    def test_the_log_of_a_replica(
        self, admin_client: Client, deployment: Deployment, settings: Settings
    ) -> None:
        folder = Path(settings.REPLICAS_DIR) / str(Replica.objects.get().pk)
        folder.mkdir(parents=True)
        (folder / "log.1").write_text("1\t1700000000.0\tone\n2\t1700000001.0\ttwo\n")
        (folder / "log").write_text("3\t1700000002.5\tthree\n4\t17000")
        path = f"/api/deployments/{deployment.pk}/replicas/1/log"
        body = admin_client.get(path).json()
        assert [line["text"] for line in body["items"]] == ["one", "two", "three"]
        assert (body["first_sequence"], body["last_sequence"]) == (1, 3)
        assert admin_client.get(f"{path}?after=3").json()["items"] == []
        assert admin_client.get(f"{path}?after=1&limit=1").json()["items"][0]["text"] == "two"
        assert (
            admin_client.get(f"/api/deployments/{deployment.pk}/replicas/9/log").status_code == 404
        )

    def test_another_teams_deployment_is_not_there(
        self, caller_client: Callable[..., Client], deployment: Deployment
    ) -> None:
        stranger = caller_client("admin", team=make_team(name="Others", slug="others"))
        for path in ("", "/why", "/replicas/1/log"):
            assert stranger.get(f"/api/deployments/{deployment.pk}{path}").status_code == 404
        assert post(stranger, f"/{deployment.pk}/stop")[0] == 404
        assert stranger.get("/api/deployments").json()["items"] == []


class TestActing:
    def test_each_action_asks_for_its_operation(
        self, admin_client: Client, deployment: Deployment
    ) -> None:
        assert post(admin_client, f"/{deployment.pk}/stop")[0] == 202
        assert Deployment.objects.get().state == DeploymentState.STOPPING
        status, body = post(admin_client, f"/{deployment.pk}/stop")
        assert (status, body["detail"]) == (409, "It is already stopped or stopping.")
        assert Operation.objects.get().kind == "models.stop_deployment"

    def test_a_change_is_saved_and_asked_for(
        self, admin_client: Client, deployment: Deployment
    ) -> None:
        response = admin_client.patch(
            f"/api/deployments/{deployment.pk}",
            {"slots": 4, "keep_warm": False},
            content_type="application/json",
        )
        assert response.status_code == 202, response.content
        row = Deployment.objects.get()
        assert (row.slots, row.keep_warm, row.idle_seconds) == (4, False, 600)

    def test_only_what_is_stopped_can_be_deleted(
        self, admin_client: Client, deployment: Deployment
    ) -> None:
        path = f"/api/deployments/{deployment.pk}"
        assert admin_client.delete(path).status_code == 409
        Deployment.objects.update(state=DeploymentState.STOPPED)
        assert admin_client.delete(path).status_code == 204
        assert not Deployment.objects.exists()
        assert AIModel.objects.exists()

    @pytest.mark.parametrize(
        ("role", "deploys", "stops"),
        [("viewer", 403, 403), ("operator", 403, 202), ("deployer", 202, 202), ("admin", 202, 202)],
    )
    def test_who_may_what(
        self,
        role: str,
        deploys: int,
        stops: int,
        caller_client: Callable[..., Client],
        deployment: Deployment,
    ) -> None:
        client = caller_client(role)
        assert post(client, "", {**WANTED, "name": "another"})[0] == deploys
        assert post(client, f"/{deployment.pk}/stop")[0] == stops
        assert client.get("/api/deployments").status_code == 200
