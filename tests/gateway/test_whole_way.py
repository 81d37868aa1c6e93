"""From a key issued over HTTP to the usage on its page, through the processes people run."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from django.test import Client

from apps.accounts.models import Team, User
from apps.models.actions.deployments import deploy_model
from apps.models.models import AIModel, Deployment
from apps.models.queries.deployments import wanted_deployment
from apps.models.states.deployments import DeploymentState
from apps.nodes.models import Node
from tests.conftest import ROOT, LiveWorker, database_url
from tests.factories.accounts import make_team
from tests.factories.deployments import note_free_memory
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.waiting import eventually
from tests.worker_jobs.conftest import Stage, ai_model, node, stage  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def team(transactional_db: None) -> Team:
    return make_team(name="Ours", slug="ours")


@pytest.fixture
def web(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    """The web process with everything mounted; its address."""
    log = tmp_path / "web.log"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "controlplane.settings.test",
        "DATABASE_URL": database_url(),
        "HEARTH_VAR": str(tmp_path),
    }
    command = [
        sys.executable, "-m", "uvicorn", "controlplane.asgi:application",
        "--port", "0", "--no-access-log", "--loop", "uvloop",
    ]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)

    def address() -> str:
        assert process.poll() is None, log.read_text()
        _, found, rest = log.read_text().partition("http://127.0.0.1:")
        port = rest.split()[0].split('"')[0].strip("(") if found else ""
        return f"http://127.0.0.1:{port}" if port.isdigit() else ""

    try:
        yield eventually(address, within=30)
    finally:
        process.terminate()
        process.wait(60)


def post(client: Client, path: str, **body: Any) -> Any:
    reply = client.post(f"/api/{path}", body, content_type="application/json")
    assert reply.status_code == 201, reply.content
    return reply.json()


@pytest.mark.slow
class TestTheWholeWay:
    def test_issue_use_count_revoke(
        self, web: str, admin_client: Client, start_worker: Callable[..., LiveWorker]
    ) -> None:
        start_worker()
        with FaultyUpstream() as server:
            server.models = ["vendor/tiny"]
            post(admin_client, "upstreams", name="outside", base_url=server.url, api_key="sk-up")
            post(
                admin_client,
                "routes",
                name="tiny",
                targets=[{"upstream": "outside", "model": "vendor/tiny"}],
            )
            key = post(admin_client, "keys", name="laptop")
            with openai.OpenAI(
                base_url=f"{web}/v1", api_key=key["secret"], max_retries=0
            ) as client:
                eventually(lambda: list_names(client) == ["tiny"], within=30)
                stream = client.chat.completions.create(
                    model="tiny", messages=[{"role": "user", "content": "hi"}], stream=True
                )
                assert len(list(stream)) == 6
                assert server.seen[-1].body["model"] == "vendor/tiny"
                assert server.seen[-1].header("authorization") == "Bearer sk-up"

                def counted() -> bool:
                    items = admin_client.get("/api/usage?group_by=key").json()["items"]
                    return [(item["key"], item["completion_tokens"]) for item in items] == [
                        ("laptop", 5)
                    ]

                eventually(counted, within=30)
                shown = admin_client.get(f"/api/keys/{key['id']}").json()
                assert shown["last_used_at"] is not None
                upstreams = admin_client.get("/api/upstreams").json()["items"]
                assert upstreams[0]["models"] == ["vendor/tiny"]

                assert admin_client.delete(f"/api/keys/{key['id']}").status_code == 200
                eventually(lambda: is_refused(client), within=30)

        assert "hearth_gateway_requests_total" in httpx.get(f"{web}/metrics").text

    def test_a_key_that_keeps_words_and_one_that_keeps_nothing(
        self, web: str, admin_client: Client, start_worker: Callable[..., LiveWorker]
    ) -> None:
        start_worker()
        with FaultyUpstream() as server:
            post(admin_client, "upstreams", name="outside", base_url=server.url)
            post(admin_client, "routes", name="tiny", targets=[{"upstream": "outside"}])
            for privacy in ("full", "none"):
                key = post(admin_client, "keys", name=privacy, privacy=privacy)
                with openai.OpenAI(
                    base_url=f"{web}/v1", api_key=key["secret"], max_retries=0
                ) as client:
                    eventually(lambda client=client: list_names(client) == ["tiny"], within=30)
                    stream = client.chat.completions.create(
                        model="tiny",
                        messages=[{"role": "user", "content": f"keep {privacy}"}],
                        stream=True,
                    )
                    assert len(list(stream)) == 6

        def counted() -> bool:
            items = admin_client.get("/api/usage?group_by=key").json()["items"]
            return {item["key"]: item["requests"] for item in items} == {"full": 1, "none": 1}

        def words() -> Any:
            listed = admin_client.get("/api/requests").json()["items"]
            assert [item["key"] for item in listed] == ["full"]
            reply = admin_client.post(f"/api/requests/{listed[0]['id']}/read-bodies")
            return reply.json() if reply.status_code == 200 else None

        eventually(counted, within=30)
        kept = eventually(words, within=30)
        assert '"keep full"' in kept["request"]
        assert kept["text"].startswith("0 xxxx1 xxxx")

    def test_a_ticket_from_the_session(self, web: str, admin_client: Client) -> None:
        ticket = post(admin_client, "chat-ticket")["ticket"]
        with openai.OpenAI(base_url=f"{web}/v1", api_key=ticket, max_retries=0) as client:
            assert list_names(client) == []


@pytest.mark.slow
class TestAModelThatSleeps:
    def test_is_loaded_by_the_request_that_needs_it(
        self,
        stage: Stage,  # noqa: F811
        web: str,
        team: Team,
        admin: User,
        admin_client: Client,
        ai_model: AIModel,  # noqa: F811
        node: Node,  # noqa: F811
        start_worker: Callable[..., LiveWorker],
    ) -> None:
        start_worker(beat=True)
        key = post(admin_client, "keys", name="laptop")
        wanted = wanted_deployment(
            team=team,
            name="sleepy",
            ai_model=ai_model.name,
            context_length=256,
            keep_warm=False,
            idle_seconds=600,
        )
        deploy_model(team=team, wanted=wanted, requested_by=admin)
        with openai.OpenAI(
            base_url=f"{web}/v1", api_key=key["secret"], max_retries=0, timeout=40
        ) as client:
            eventually(lambda: is_answered(client), within=30, every=0.2)
            Deployment.objects.update(state=DeploymentState.ASLEEP)
            eventually(lambda: stage.pids() == [], within=30)
            note_free_memory(node, 12 * 10**9)

            assert is_answered(client)

        def waited() -> bool:
            newest = admin_client.get("/api/requests").json()["items"][0]
            return bool(newest["status"] == 200 and newest["queue_ms"] > 50)

        eventually(waited, within=30)


def is_answered(client: openai.OpenAI) -> bool:
    """A model that is starting for the first time is refused, not waited for."""
    try:
        reply = client.chat.completions.create(
            model="sleepy", messages=[{"role": "user", "content": "reboot db-07"}], max_tokens=4
        )
    except (openai.InternalServerError, openai.NotFoundError):
        return False
    return bool(reply.choices[0].message.content)


def list_names(client: openai.OpenAI) -> list[str]:
    return [model.id for model in client.models.list()]


def is_refused(client: openai.OpenAI) -> bool:
    try:
        client.models.list()
    except openai.AuthenticationError:
        return True
    return False
