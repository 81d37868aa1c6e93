"""Is everything all right: what is said when a part is away."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.accounts.models import Team
from apps.core.redis import get_redis
from apps.gateway.dataplane.snapshot import SNAPSHOT_KEY
from apps.gateway.models import Route, RouteTarget, Upstream
from apps.models.models import AIModel, Deployment
from apps.models.states.deployments import DeploymentState
from apps.nodes.states import NodeState
from tests.factories.deployments import make_deployment, make_local_node, make_served_ai_model
from worker_jobs.status import HEARTBEATS, answer_probe


@pytest.fixture
def ai_model(team: Team, settings: Settings, tmp_path: Path) -> AIModel:
    settings.MODELS_DIR = tmp_path
    return make_served_ai_model(team=team)


@pytest.fixture
def well(team: Team, ai_model: AIModel) -> Deployment:
    """An installation in which everything is as it should be."""
    make_local_node(team=team)
    beat("worker here:1", 0)
    beat("scheduler", 0)
    get_redis().set(SNAPSHOT_KEY, '{"version":1}')
    return make_deployment(ai_model=ai_model, state=DeploymentState.READY)


def beat(name: str, seconds_ago: float) -> None:
    get_redis().hset(HEARTBEATS, name, str(time.time() - seconds_ago))


def read(client: Client) -> dict[str, Any]:
    response = client.get("/api/status")
    assert response.status_code == 200, response.content
    return dict(response.json())


def part(status: dict[str, Any], name: str) -> dict[str, Any]:
    return next(dict(each) for each in status["parts"] if each["name"] == name)


class TestStatus:
    def test_everything_works(self, admin_client: Client, well: Deployment) -> None:
        status = read(admin_client)
        assert status["verdict"] == "works", status
        assert status["sentence"] == "Everything works."
        assert [each["name"] for each in status["parts"]] == [
            "gateway",
            "control_plane",
            "workers",
            "scheduler",
            "database",
            "cache",
            "usage",
            "nodes",
            "deployments",
            "upstreams",
            "model_storage",
        ]

    def test_without_a_worker_requests_are_still_answered(
        self, admin_client: Client, well: Deployment
    ) -> None:
        beat("worker here:1", 60)
        status = read(admin_client)
        assert status["verdict"] == "serving"
        assert part(status, "workers")["state"] == "bad"
        assert "worker.log" in part(status, "workers")["fix"]
        assert status["sentence"] == "Requests are answered. Needs a look: workers."

    def test_a_silent_scheduler(self, admin_client: Client, well: Deployment) -> None:
        beat("scheduler", 120)
        assert part(read(admin_client), "scheduler")["state"] == "bad"

    def test_nothing_answers(self, admin_client: Client, well: Deployment) -> None:
        Deployment.objects.update(
            state=DeploymentState.FAILED, state_reason="It ended 5 times in 30 s."
        )
        status = read(admin_client)
        assert status["verdict"] == "not_serving"
        assert "It ended 5 times" in part(status, "deployments")["evidence"]

    def test_one_of_two_answers(
        self, admin_client: Client, well: Deployment, ai_model: AIModel
    ) -> None:
        make_deployment(ai_model=ai_model, name="b", state=DeploymentState.DEGRADED)
        status = read(admin_client)
        assert status["verdict"] == "serving"
        assert part(status, "deployments")["evidence"].startswith("2 of 2 answer. b is degraded")

    def test_nothing_is_deployed(self, admin_client: Client, well: Deployment) -> None:
        Deployment.objects.all().delete()
        assert read(admin_client)["sentence"] == "Everything runs. No model is deployed yet."

    def test_another_teams_deployment_is_not_counted(
        self, admin_client: Client, well: Deployment
    ) -> None:
        other = Team.objects.create(name="Others", slug="others")
        Deployment.objects.update(team=other)
        assert part(read(admin_client), "deployments")["evidence"] == "No model is deployed."

    def test_a_machine_out_of_reach(
        self, admin_client: Client, well: Deployment, team: Team
    ) -> None:
        make_local_node(team=team, name="b", is_control_plane=False, state=NodeState.UNREACHABLE)
        assert part(read(admin_client), "nodes")["evidence"].startswith("1 of 2 ready. b is")

    def test_a_full_disk(
        self, admin_client: Client, well: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("controlplane.status.parts.DISK_FULL_BYTES", 10**18)
        assert part(read(admin_client), "model_storage")["state"] == "bad"

    def test_an_upstream_in_use_that_does_not_answer(
        self, admin_client: Client, well: Deployment, team: Team
    ) -> None:
        columns = {"team": team, "base_url": "http://x:1/v1", "problem": "It cannot be reached."}
        used = Upstream.objects.create(name="out", **columns)
        Upstream.objects.create(name="unused", **columns)
        assert part(read(admin_client), "upstreams")["state"] == "good"

        route = Route.objects.create(team=team, name="r")
        RouteTarget.objects.create(route=route, position=0, upstream=used)

        status = read(admin_client)
        assert status["verdict"] == "serving"
        assert part(status, "upstreams")["evidence"] == "0 of 1 answer. out: It cannot be reached."

    def test_an_old_request_is_told_with_its_age(
        self, admin_client: Client, well: Deployment, team: Team
    ) -> None:
        from apps.gateway.models import UsageRecord

        UsageRecord.objects.create(
            id="00000000-0000-4000-8000-000000000001",
            at=timezone.now() - timedelta(minutes=5),
            team=team,
            endpoint="chat/completions",
            model="ops",
            status=200,
        )
        assert part(read(admin_client), "gateway")["evidence"] == (
            "Last request 5 minutes ago, answered with 200."
        )

    def test_redis_away(self, admin_client: Client, well: Deployment, settings: Settings) -> None:
        address, settings.REDIS_URL = settings.REDIS_URL, "unix:///nowhere/redis.sock"
        get_redis.cache_clear()
        try:
            status = read(admin_client)
        finally:
            settings.REDIS_URL = address
            get_redis.cache_clear()
        assert part(status, "cache")["state"] == "bad"
        assert part(status, "database")["state"] == "good"


class TestTrial:
    def test_it_stops_where_no_worker_answers(
        self, admin_client: Client, well: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("controlplane.status.trial.QUEUE_SECONDS", 0.2)
        trial = admin_client.post("/api/status/test").json()
        assert trial["passed"] is False
        assert trial["stopped_at"] == "queue"
        assert [step["passed"] for step in trial["steps"]] == [True, False]
        assert "No worker answered" in trial["sentence"]

    def test_it_stops_at_the_gateway_when_nothing_listens_there(
        self, admin_client: Client, well: Deployment, settings: Settings, answered: None
    ) -> None:
        settings.PUBLIC_URL = "http://127.0.0.1:9"
        trial = admin_client.post("/api/status/test").json()
        assert trial["stopped_at"] == "model"
        assert "The gateway did not answer" in trial["sentence"]

    def test_a_viewer_may_look_and_nobody_else_may_try(
        self, caller_client: Callable[..., Client], well: Deployment
    ) -> None:
        assert caller_client("viewer").get("/api/status").status_code == 200
        assert caller_client("auditor").post("/api/status/test").status_code == 403

    @pytest.fixture
    def answered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The queue in between is Celery's own; here the worker's half runs at once."""
        monkeypatch.setattr(
            "controlplane.status.trial.current_app.send_task",
            lambda name, kwargs, queue: answer_probe(**kwargs),
        )
