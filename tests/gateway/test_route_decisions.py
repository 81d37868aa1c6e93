"""The dry run of a route: what would happen to a request, and why."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import Client

from apps.accounts.models import Team
from apps.core.permissions import Role
from apps.core.redis import get_redis
from apps.gateway.dataplane.circuits import CIRCUITS_HASH
from apps.gateway.models import Upstream
from apps.models.states.deployments import DeploymentState
from tests.factories.deployments import make_deployment, make_served_ai_model
from tests.gateway.control import house_gateway, post, published
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import NO_TLS, wait_until_known

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def upstreams(admin_client: Client) -> None:
    """`a` and `b` in the house, the second with a small context, and `out` outside."""
    post(admin_client, "upstreams", name="a", base_url="http://10.0.0.1/v1")
    post(admin_client, "upstreams", name="b", base_url="http://10.0.0.2/v1", context_length=100)
    post(admin_client, "upstreams", name="out", base_url="https://api.x.io/v1")


def make(client: Client, name: str, *targets: dict[str, Any], **more: Any) -> int:
    made = post(client, "routes", name=name, targets=list(targets), **more)
    assert made.status_code == 201, made.content
    return int(made.json()["id"])


def decide(client: Client, route_id: int, **asked: Any) -> Any:
    answer = post(client, f"routes/{route_id}/test", **asked)
    assert answer.status_code == 200, answer.content
    return answer.json()


def candidates(decision: Any, step: int = 0) -> dict[str, Any]:
    return {one["target"]: one for one in decision["steps"][step]["candidates"]}


@pytest.mark.usefixtures("upstreams")
class TestDeciding:
    def test_by_weight(self, admin_client: Client) -> None:
        route = make(
            admin_client,
            "r",
            {"upstream": "a", "weight": 3, "model": "vendor/a"},
            {"upstream": "b", "weight": 1},
            {"upstream": "out", "weight": 0},
            may_leave_house=True,
        )

        found = candidates(decide(admin_client, route))

        assert {name: one["share"] for name, one in found.items()} == {"a": 75, "b": 25, "out": 0}
        assert (found["a"]["usable"], found["a"]["model"]) == (True, "vendor/a")
        assert found["out"]["usable"] is False
        assert found["out"]["reasons"] == ["Its weight is 0, so it gets no requests."]

    def test_evenly_where_weights_are_equal(self, admin_client: Client) -> None:
        route = make(admin_client, "r", {"upstream": "a"}, {"upstream": "b"})

        found = candidates(decide(admin_client, route))

        assert [one["share"] for one in found.values()] == [50, 50]

    def test_one_upstream_under_two_names(self, admin_client: Client) -> None:
        route = make(
            admin_client,
            "r",
            {"upstream": "a", "weight": 1, "model": "small"},
            {"upstream": "a", "weight": 4, "model": "large"},
        )

        shown = decide(admin_client, route)["steps"][0]["candidates"]

        assert [(one["model"], one["share"]) for one in shown] == [("small", 20), ("large", 80)]

    def test_by_length(self, admin_client: Client) -> None:
        route = make(admin_client, "r", {"upstream": "a"}, {"upstream": "b"})

        found = candidates(decide(admin_client, route, tokens=101))

        assert (found["a"]["usable"], found["a"]["share"]) == (True, 100)
        assert found["b"]["usable"] is False
        assert "context of 100 tokens is too small" in " ".join(found["b"]["reasons"]).lower()

    def test_what_leaves_is_marked(self, admin_client: Client) -> None:
        route = make(
            admin_client, "r", {"upstream": "a"}, {"upstream": "out"}, may_leave_house=True
        )

        found = candidates(decide(admin_client, route))

        assert found["out"]["leaves_house"] is True
        assert "Data leaves the house." in found["out"]["reasons"]

    def test_what_did_not_answer_lately_comes_after_the_others(self, admin_client: Client) -> None:
        route = make(admin_client, "r", {"upstream": "a"}, {"upstream": "b"})
        Upstream.objects.filter(name="a").update(problem="It did not answer within 10 s.")

        found = candidates(decide(admin_client, route))

        assert (found["a"]["usable"], found["a"]["share"]) == (True, 0)
        assert found["b"]["share"] == 100
        assert "did not answer within 10 s" in " ".join(found["a"]["reasons"])

    def test_what_gateways_pass_over(self, admin_client: Client) -> None:
        route = make(admin_client, "r", {"upstream": "a"}, {"upstream": "b"})
        upstream = Upstream.objects.get(name="a")
        report = {
            "endpoint": f"upstream:{upstream.pk}@{upstream.base_url}", "name": "a",
            "state": "open", "since": time.time() - 5, "cause": "5xx", "reason": "answered 503",
            "process": "p1", "at": time.time(), "upstream_id": upstream.pk,
        }  # fmt: skip
        client: Any = get_redis()
        client.hset(CIRCUITS_HASH, "x#p1", json.dumps(report))

        found = candidates(decide(admin_client, route))

        assert found["a"]["usable"] is False
        assert "answered 503" in " ".join(found["a"]["reasons"])
        shown = admin_client.get(f"/api/upstreams/{upstream.pk}").json()["circuits"]
        assert [(one["process"], one["state"]) for one in shown] == [("p1", "open")]

    def test_fallbacks_in_the_order_they_would_be_tried(self, admin_client: Client) -> None:
        make(admin_client, "last", {"upstream": "b"})
        make(admin_client, "plan-b", {"upstream": "a"}, fallbacks=[{"on": ["429"], "to": "last"}])
        route = make(
            admin_client,
            "r",
            {"upstream": "b"},
            fallbacks=[{"on": ["5xx", "cold"], "to": "plan-b"}],
        )

        decision = decide(admin_client, route, tokens=500)

        assert [(step["route"], step["on"], step["after"]) for step in decision["steps"]] == [
            ("r", [], None),
            ("plan-b", ["5xx", "cold"], "r"),
            ("last", ["429"], "plan-b"),
        ]
        assert decision["steps"][0]["outcome"] == "Nothing here can take it."
        assert decision["sentence"] == (
            "A request for r would go to a after falling back, and nowhere else."
        )

    def test_for_a_key_that_may_not(self, admin_client: Client) -> None:
        route = make(admin_client, "r", {"upstream": "a"})
        allowed = post(admin_client, "keys", name="yes", models=["r"]).json()["id"]
        denied = post(admin_client, "keys", name="no", denied_models=["r"]).json()["id"]
        manager = post(admin_client, "keys", name="m", scopes=["manage"]).json()["id"]

        assert decide(admin_client, route, key_id=allowed)["allowed"] is True
        assert decide(admin_client, route, key_id=denied)["sentence"].startswith("The key no may")
        assert "infer" in decide(admin_client, route, key_id=manager)["sentence"]

    def test_only_a_key_that_one_may_see(
        self, admin_client: Client, caller_client: Callable[..., Client]
    ) -> None:
        route = make(admin_client, "r", {"upstream": "a"})
        others = post(admin_client, "keys", name="k").json()["id"]
        viewer = caller_client(Role.VIEWER)

        assert decide(viewer, route)["allowed"] is True
        assert post(viewer, f"routes/{route}/test", key_id=others).status_code == 404


def test_a_deployment_that_sleeps_is_loaded_and_one_that_failed_is_not(
    admin_client: Client, team: Team
) -> None:
    ai_model = make_served_ai_model(team=team)
    make_deployment(ai_model=ai_model, name="asleep", state=DeploymentState.ASLEEP, keep_warm=False)
    make_deployment(
        ai_model=ai_model,
        name="broken",
        state=DeploymentState.FAILED,
        state_reason="Out of memory.",
    )
    route = make(admin_client, "r", {"deployment": "asleep"}, {"deployment": "broken"})

    found = candidates(decide(admin_client, route))

    assert found["asleep"]["usable"] is True
    assert "a request loads it" in found["asleep"]["reasons"][0]
    assert found["broken"]["usable"] is False
    assert found["broken"]["reasons"] == ["No replica answers: Out of memory."]


def test_a_real_request_tells_what_was_decided(
    admin_client: Client, upstream: FaultyUpstream, tmp_path: Path
) -> None:
    with FaultyUpstream() as gone:
        pass
    post(admin_client, "upstreams", name="gone", base_url=gone.url)
    post(admin_client, "upstreams", name="there", base_url=upstream.url)
    make(admin_client, "plan-b", {"upstream": "there"})
    make(admin_client, "r", {"upstream": "gone"}, fallbacks=[{"on": ["refused"], "to": "plan-b"}])
    ticket = post(admin_client, "chat-ticket").json()["ticket"]

    with house_gateway(tmp_path) as gateway:
        wait_until_known(gateway, published().version, within=30)
        reply = httpx.post(
            f"{gateway.url}/chat/completions",
            json={"model": "r", "messages": [], "max_tokens": 1},
            headers={"authorization": f"Bearer {ticket}", "x-hearth-trace": "1"},
            timeout=20,
            verify=NO_TLS,
        )

    assert reply.status_code == 200, reply.text
    trace = json.loads(reply.headers["x-hearth-trace"])
    assert {"at_ms", "step", "target", "outcome", "reason"} >= set(trace[0])
    assert "gone" in [step["target"] for step in trace]
    assert trace[-1]["target"] == "there"
