"""AI models and the catalogue over HTTP."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import Team
from apps.core.permissions import Role
from apps.models.models import AIModel
from apps.models.states.ai_models import AIModelState
from apps.operations.models import Operation
from tests.factories.accounts import make_team
from tests.factories.ai_models import BUILT_IN_FILE, make_ai_model, make_ready_ai_model
from tests.factories.nodes import make_node, make_sample

Run = Callable[[Operation], Operation]

pytestmark = pytest.mark.django_db


def add(client: Client, **body: object) -> tuple[int, dict]:
    response = client.post("/api/ai-models", body, content_type="application/json")
    return response.status_code, response.json()


class TestAdd:
    def test_by_path(self, admin_client: Client, run_operation: Run) -> None:
        status, operation = add(admin_client, name="ops", source={"path": str(BUILT_IN_FILE)})
        assert status == 202
        assert operation["kind"] == "models.import_ai_model"
        run_operation(Operation.objects.get(pk=operation["id"]))
        found = admin_client.get(f"/api/ai-models/{operation['subject_id']}").json()
        assert found["state"] == "ready"
        assert found["name"] == "ops"
        assert found["facts"]["layers"] == 5
        assert found["facts"]["heads_kv"] == [1] * 5
        assert "im_start" in found["facts"]["chat_template"]

    def test_by_upload(self, admin_client: Client, run_operation: Run) -> None:
        content = BUILT_IN_FILE.read_bytes()
        for size in (len(content), 3_000_000):  # kept in memory, and written to disk by Django
            sent = SimpleUploadedFile("sent.gguf", content + b"\0" * (size - len(content)))
            response = admin_client.post("/api/ai-models", {"name": f"up-{size}", "file": sent})
            assert response.status_code == 202, response.content
            operation = run_operation(Operation.objects.get(pk=response.json()["id"]))
            ai_model = AIModel.objects.get(pk=operation.subject_id)
            assert ai_model.state == AIModelState.READY, operation.error
            assert ai_model.size_bytes == size

    def test_an_upload_without_a_file(self, admin_client: Client) -> None:
        response = admin_client.post("/api/ai-models", {"name": "empty"})
        assert response.status_code == 422
        assert "file" in response.json()["fix"]

    @pytest.mark.parametrize(
        "source",
        [{}, {"path": "/a", "url": "http://b"}, {"url": "http://b/c", "sha256": "xyz"}, "no"],
    )
    def test_what_makes_no_sense(self, admin_client: Client, source: object) -> None:
        status, problem = add(admin_client, name="x", source=source)
        assert status == 422
        assert problem["detail"]

    def test_a_body_that_is_no_json(self, admin_client: Client) -> None:
        response = admin_client.post("/api/ai-models", b"{", content_type="application/json")
        assert response.status_code == 422

    def test_the_description_names_both_bodies(self, admin_client: Client) -> None:
        schema = admin_client.get("/api/openapi.json").json()
        body = schema["paths"]["/api/ai-models"]["post"]["requestBody"]["content"]
        assert set(body) == {"application/json", "multipart/form-data"}
        assert "$defs" not in json.dumps(body)
        assert (
            "catalogue" in body["application/json"]["schema"]["properties"]["source"]["properties"]
        )


class TestRead:
    def test_lists_only_the_teams_own(self, admin_client: Client, team: Team) -> None:
        mine, theirs = make_ready_ai_model(team=team), make_ready_ai_model(team=make_team())
        items = admin_client.get("/api/ai-models").json()["items"]
        assert [item["id"] for item in items] == [mine.pk]
        for method, path in (("get", ""), ("get", "/why"), ("post", "/verify"), ("delete", "")):
            response = getattr(admin_client, method)(f"/api/ai-models/{theirs.pk}{path}")
            assert response.status_code == 404

    def test_the_list_asks_the_database_a_constant_number_of_times(
        self,
        admin_client: Client,
        team: Team,
        django_assert_max_num_queries: Callable[[int], object],
    ) -> None:
        for _ in range(5):
            make_ai_model(team=team)
        with django_assert_max_num_queries(8):
            admin_client.get("/api/ai-models")

    def test_it_names_the_operation_under_way(self, admin_client: Client) -> None:
        _, operation = add(admin_client, name="ops", source={"path": str(BUILT_IN_FILE)})
        (item,) = admin_client.get("/api/ai-models").json()["items"]
        assert item["current_operation_id"] == operation["id"]
        assert item["state"] == "pending"

    def test_actions_say_why_not(self, caller_client: Callable[..., Client], team: Team) -> None:
        make_ai_model(team=team, state=AIModelState.FAILED)
        for role, said in ((Role.ADMIN, "not here"), (Role.VIEWER, "role")):
            (item,) = caller_client(role).get("/api/ai-models").json()["items"]
            actions = {each["action"]: each for each in item["allowed_actions"]}
            assert not actions["deploy_model"]["allowed"]
            assert said in actions["deploy_model"]["reason"]

    def test_why_tells_the_cause_and_a_way_out(
        self, admin_client: Client, run_operation: Run
    ) -> None:
        _, sent = add(admin_client, name="ops", source={"path": "/nowhere/m.gguf"})
        run_operation(Operation.objects.get(pk=sent["id"]))
        why = admin_client.get(f"/api/ai-models/{sent['subject_id']}/why").json()
        assert "no file /nowhere/m.gguf" in why["cause"]
        assert why["evidence"][0]["link"] == f"/operations/{sent['id']}"
        fixes = {fix["action"]: fix["allowed"] for fix in why["fixes"]}
        assert fixes["retry_operation"]
        assert fixes["fetch_ai_model"]
        assert not fixes["verify_ai_model"]


class TestCatalogue:
    def test_it_says_what_fits_here(self, admin_client: Client, team: Team) -> None:
        make_sample(node=make_node(team=team, name="cedar"))
        entries = {
            each["name"]: each for each in admin_client.get("/api/catalogue").json()["items"]
        }
        small = entries["lfm2-350m"]["versions"][0]["fit"]
        assert small["fits"]
        assert small["node"] == "cedar"
        assert small["sentence"].startswith("Fits, ")
        large = next(
            each
            for each in entries["qwen3-30b-a3b-instruct-2507"]["versions"]
            if each["recommended"]
        )
        assert not large["fit"]["fits"]
        assert large["fit"]["sentence"].startswith("Needs ")

    def test_without_a_node_nothing_is_claimed(self, admin_client: Client) -> None:
        entry = admin_client.get("/api/catalogue/opsling").json()
        assert entry["built_in"]
        assert entry["versions"][0]["fit"] is None
        assert entry["versions"][0]["size_bytes"] == BUILT_IN_FILE.stat().st_size

    def test_it_knows_what_is_here(self, admin_client: Client, run_operation: Run) -> None:
        _, sent = add(admin_client, source={"catalogue": "opsling"})
        run_operation(Operation.objects.get(pk=sent["id"]))
        (version,) = admin_client.get("/api/catalogue/opsling").json()["versions"]
        assert version["ai_model_state"] == "ready"
        assert str(version["ai_model_id"]) == sent["subject_id"]

    def test_it_is_searched_by_every_word(self, admin_client: Client) -> None:
        def found(**query: str) -> set[str]:
            items = admin_client.get("/api/catalogue", query).json()["items"]
            return {item["name"] for item in items}

        assert found(search="liquidai JSON japanese") == {"lfm2-350m-pii-extract-jp"}
        assert found(task="embedding") == {"nomic-embed-text-v1.5", "bge-large-en-v1.5"}
        assert found(search="no such thing") == set()

    def test_an_unknown_entry(self, admin_client: Client) -> None:
        assert admin_client.get("/api/catalogue/nothing").status_code == 404


class TestRoles:
    @pytest.mark.parametrize(
        ("role", "status"),
        [
            (Role.VIEWER, 403),
            (Role.OPERATOR, 403),
            (Role.AUDITOR, 403),
            (Role.DEPLOYER, 202),
            (Role.ADMIN, 202),
        ],
    )
    def test_who_may_add(
        self, caller_client: Callable[..., Client], role: str, status: int, tmp_path: Path
    ) -> None:
        assert add(caller_client(role), name="x", source={"path": "/srv/x.gguf"})[0] == status
