"""Routes over HTTP: what may be saved, and how it is kept."""

import importlib
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps as django_apps
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Team
from apps.core.permissions import Role
from apps.gateway.dataplane import snapshot
from apps.gateway.models import Route, RouteTarget, RouteVersion, Upstream
from apps.models.states.deployments import DeploymentState
from tests.factories.deployments import make_deployment, make_served_ai_model
from tests.gateway.control import post, published, put

# What is published is published on commit.
pytestmark = pytest.mark.django_db(transaction=True)


class TestRoutes:
    def test_created_and_published(self, admin_client: Client) -> None:
        post(admin_client, "upstreams", name="out", base_url="http://x:1/v1")
        post(admin_client, "routes", name="plan-b", targets=[{"upstream": "out"}])

        created = post(
            admin_client,
            "routes",
            name="big",
            targets=[{"upstream": "out", "model": "vendor/big", "weight": 2}],
            fallbacks=[{"on": ["refused", "5xx"], "to": "plan-b"}],
        )

        assert created.status_code == 201, created.content
        entry = next(route for route in published().routes if route.name == "big")
        assert entry.targets[0].model == "vendor/big"
        assert entry.targets[0].weight == 2
        assert entry.fallbacks == [snapshot.FallbackEntry(on=["refused", "5xx"], to="plan-b")]

    @pytest.mark.parametrize(
        "body",
        [
            {"targets": []},
            {"targets": [{}]},
            {"targets": [{"upstream": "nobody"}]},
            {"targets": [{"upstream": "out", "deployment": "out"}]},
            {"targets": [{"upstream": "out", "weight": -1}]},
            {"targets": [{"upstream": "out"}], "fallbacks": [{"on": ["5xx"], "to": "nobody"}]},
            {"targets": [{"upstream": "out"}], "fallbacks": [{"on": ["rain"], "to": "r"}]},
            {"targets": [{"upstream": "out"}], "name": "with space"},
        ],
    )
    def test_what_makes_no_sense(self, admin_client: Client, body: dict[str, Any]) -> None:
        post(admin_client, "upstreams", name="out", base_url="http://x:1/v1")

        assert post(admin_client, "routes", **{"name": "r", **body}).status_code == 422
        assert published().routes == []

    def test_a_name_is_given_once(self, admin_client: Client) -> None:
        post(admin_client, "upstreams", name="out", base_url="http://x:1/v1")
        body = {"name": "r", "targets": [{"upstream": "out"}]}

        assert post(admin_client, "routes", **body).status_code == 201
        assert post(admin_client, "routes", **body).status_code == 409

    def test_viewers_may_not(self, caller_client: Callable[..., Client]) -> None:
        viewer = caller_client(Role.VIEWER)

        assert post(viewer, "routes", name="r", targets=[{"upstream": "x"}]).status_code == 403
        assert post(viewer, "upstreams", name="u", base_url="http://x/v1").status_code == 403


IN, OUT = "http://10.0.0.1/v1", "https://api.x.io/v1"


@pytest.fixture
def places(admin_client: Client) -> None:
    """An upstream in the house called `in`, and one outside called `out`."""
    post(admin_client, "upstreams", name="in", base_url=IN)
    post(admin_client, "upstreams", name="out", base_url=OUT)


def body(name: str, *, to: str = "in", **more: Any) -> dict[str, Any]:
    return {"name": name, "targets": [{"upstream": to, "model": None, "weight": 1}], **more}


def make(client: Client, name: str, **more: Any) -> Any:
    made = post(client, "routes", **body(name, **more))
    assert made.status_code == 201, made.content
    return made.json()


def falls(to: str, *causes: str) -> list[dict[str, Any]]:
    return [{"on": list(causes or ("5xx",)), "to": to}]


@pytest.mark.usefixtures("places")
class TestTheWhole:
    def test_everything_that_is_asked_for_is_kept_and_published(self, admin_client: Client) -> None:
        more = {
            "aliases": ["gpt-4o", "small"],
            "affinity": "session",
            "may_leave_house": True,
            "max_output_tokens": 512,
        }
        made = make(admin_client, "r", to="out", **more)

        assert {name: made[name] for name in more} == more
        assert (made["version"], made["leaves_house"]) == (1, True)
        assert made["targets"][0]["leaves_house"] is True
        entry = published().routes[0]
        assert (entry.aliases, entry.affinity) == (["gpt-4o", "small"], "session")
        assert (entry.may_leave_house, entry.max_output_tokens) == (True, 512)

    @pytest.mark.parametrize(
        ("name", "more"),
        [
            ("taken", {}),
            ("other", {"aliases": ["taken"]}),
            ("free", {}),
            ("new", {"aliases": ["r"]}),
        ],
    )
    def test_a_name_answers_for_one_route(
        self, admin_client: Client, name: str, more: dict[str, Any]
    ) -> None:
        make(admin_client, "r", aliases=["taken", "free"])

        refused = post(admin_client, "routes", **body(name, **more))

        assert refused.status_code == 409
        assert "already answers to" in refused.json()["detail"]

    def test_what_leaves_needs_the_routes_word(self, admin_client: Client) -> None:
        refused = post(admin_client, "routes", **body("r", to="out"))

        assert refused.status_code == 422
        assert "Requests for r would leave the house" in refused.json()["detail"]
        assert not Route.objects.exists()

    def test_nor_by_way_of_a_fallback(self, admin_client: Client) -> None:
        make(admin_client, "cloud", to="out", may_leave_house=True)
        between = make(admin_client, "between")

        refused = post(admin_client, "routes", **body("r", fallbacks=falls("cloud")))
        assert refused.status_code == 422
        assert "by its fallback cloud" in refused.json()["detail"]
        make(admin_client, "r", fallbacks=falls("between"))
        later = put(
            admin_client,
            f"routes/{between['id']}",
            **body("between", fallbacks=falls("cloud"), may_leave_house=True),
        )
        assert later.status_code == 422
        assert "Requests for r would leave the house" in later.json()["detail"]

    def test_no_circle_over_however_many_steps(self, admin_client: Client) -> None:
        last = make(admin_client, "c", aliases=["c2"])
        make(admin_client, "b", fallbacks=falls("c2"))
        make(admin_client, "a", fallbacks=falls("b"))

        refused = put(
            admin_client, f"routes/{last['id']}",
            **body("c", aliases=["c2"], fallbacks=falls("a", "cold")),
        )  # fmt: skip

        assert refused.status_code == 422
        assert "c → a → b → c" in refused.json()["detail"]
        assert Route.objects.get(name="c").fallbacks == []
        own = body("c", aliases=["c2"], fallbacks=falls("c"))
        assert put(admin_client, f"routes/{last['id']}", **own).status_code == 422

    def test_a_name_that_others_fall_back_to_stays(self, admin_client: Client) -> None:
        plan = make(admin_client, "plan-b")
        make(admin_client, "r", fallbacks=falls("plan-b"))

        assert admin_client.delete(f"/api/routes/{plan['id']}").status_code == 409
        renamed = put(admin_client, f"routes/{plan['id']}", **body("plan-c"))
        assert renamed.status_code == 409
        kept = put(admin_client, f"routes/{plan['id']}", **body("plan-c", aliases=["plan-b"]))
        assert kept.status_code == 200, kept.content


@pytest.mark.usefixtures("places")
class TestState:
    def test_is_that_of_what_it_leads_to(self, admin_client: Client) -> None:
        post(admin_client, "upstreams", name="more", base_url=IN)
        targets = [{"upstream": "in"}, {"upstream": "more"}, {"upstream": "out", "weight": 0}]
        made = make(admin_client, "r", may_leave_house=True, targets=targets)
        assert (made["state"], made["state_reason"]) == ("active", "")

        silent = {"problem": "It cannot be reached.", "state_since": timezone.now()}
        Upstream.objects.filter(name__in=["in", "out"]).update(**silent)
        some = admin_client.get(f"/api/routes/{made['id']}").json()
        Upstream.objects.filter(name="more").update(**silent)
        none = admin_client.get(f"/api/routes/{made['id']}").json()

        assert (some["state"], some["state_reason"]) == ("degraded", "in: It cannot be reached.")
        assert some["state_since"] > made["state_since"]
        assert none["state"] == "unreachable"

    def test_of_a_deployment_that_failed(self, admin_client: Client, team: Team) -> None:
        make_deployment(
            ai_model=make_served_ai_model(team=team), state=DeploymentState.FAILED,
            state_reason="Out of memory.",
        )  # fmt: skip

        made = make(admin_client, "r", targets=[{"deployment": "ops"}])

        assert (made["state"], made["state_reason"]) == ("unreachable", "ops: Out of memory.")


@pytest.mark.usefixtures("places")
class TestVersions:
    def test_each_edit_is_kept_with_who_and_why(
        self, admin_client: Client, caller_client: Callable[..., Client]
    ) -> None:
        made = make(admin_client, "r", note="A start")
        edited = put(
            caller_client(Role.DEPLOYER), f"routes/{made['id']}",
            **body("r", aliases=["x"], note="Also as x", version=1),
        )  # fmt: skip

        assert edited.json()["version"] == 2
        versions = admin_client.get(f"/api/routes/{made['id']}/versions").json()["items"]
        assert [version["number"] for version in versions] == [2, 1]
        assert [version["note"] for version in versions] == ["Also as x", "A start"]
        assert [version["is_current"] for version in versions] == [True, False]
        assert versions[1]["made_by"] == "ada"
        assert versions[0]["made_by"].startswith("deployer")
        assert versions[0]["changes"] == [
            {"field": "aliases", "kind": "added", "text": "It also answers to x."}
        ]
        assert versions[1]["document"]["aliases"] == []

    def test_the_same_again_is_no_new_version(self, admin_client: Client) -> None:
        made = make(admin_client, "r", fallbacks=[])
        before = published().version

        again = put(admin_client, f"routes/{made['id']}", **body("r"))

        assert (again.status_code, again.json()["version"]) == (200, 1)
        assert published().version == before
        assert RouteVersion.objects.count() == 1

    def test_an_edit_of_what_has_changed_meanwhile_is_refused(self, admin_client: Client) -> None:
        made = make(admin_client, "r")
        put(admin_client, f"routes/{made['id']}", **body("r", aliases=["x"], version=1))

        late = put(admin_client, f"routes/{made['id']}", **body("r", aliases=["y"], version=1))

        assert late.status_code == 409
        assert Route.objects.get().aliases == ["x"]

    def test_back_to_an_earlier_version_is_a_new_one(self, admin_client: Client) -> None:
        made = make(admin_client, "r", aliases=["x"])
        put(admin_client, f"routes/{made['id']}", **body("r2", max_output_tokens=9))

        back = post(admin_client, f"routes/{made['id']}/revert", version=1)

        assert back.status_code == 200, back.content
        assert (back.json()["name"], back.json()["version"]) == ("r", 3)
        assert back.json()["aliases"] == ["x"]
        entry = published().routes[0]
        assert (entry.name, entry.max_output_tokens) == ("r", None)
        first = admin_client.get(f"/api/routes/{made['id']}/versions").json()["items"][0]
        assert first["note"] == "Back to version 1"
        assert post(admin_client, f"routes/{made['id']}/revert", version=7).status_code == 404

    def test_back_to_what_is_gone_is_refused(self, admin_client: Client) -> None:
        extra = post(admin_client, "upstreams", name="extra", base_url=IN).json()
        made = make(admin_client, "r", to="extra")
        put(admin_client, f"routes/{made['id']}", **body("r"))
        assert admin_client.delete(f"/api/upstreams/{extra['id']}").status_code == 204

        refused = post(admin_client, f"routes/{made['id']}/revert", version=1)

        assert refused.status_code == 422
        assert "extra" in refused.json()["detail"]
        assert Route.objects.get().version == 2

    def test_any_two_are_compared_in_words(self, admin_client: Client) -> None:
        post(admin_client, "upstreams", name="more", base_url=IN)
        make(admin_client, "plan-b")
        made = make(admin_client, "r", fallbacks=falls("plan-b", "5xx", "429"), max_output_tokens=9)
        target = {"upstream": "in", "model": None}
        put(
            admin_client, f"routes/{made['id']}",
            **body("r", fallbacks=falls("plan-b", "cold", "429"), affinity="prefix")
            | {"targets": [{**target, "weight": 3}, {"upstream": "more", "model": "m"}]},
        )  # fmt: skip

        compared = admin_client.get(
            f"/api/routes/{made['id']}/versions/compare?before=1&after=2"
        ).json()

        assert {change["text"] for change in compared["changes"]} == {
            "Requests that begin alike go to the same place.",
            "Replies are no longer cut at 9 tokens.",
            "The weight of the upstream in went from 1 to 3.",
            "Requests now go to the upstream more as m (weight 1).",
            "On 5xx it no longer falls back to plan-b.",
            "On cold it falls back to plan-b.",
        }
        nothing = admin_client.get(
            f"/api/routes/{made['id']}/versions/compare?before=2&after=2"
        ).json()
        assert nothing["changes"] == []

    def test_a_route_from_before_versions_keeps_what_it_was(self, admin_client: Client) -> None:
        made = make(admin_client, "r")
        RouteVersion.objects.all().delete()

        put(admin_client, f"routes/{made['id']}", **body("r", aliases=["x"]))

        versions = admin_client.get(f"/api/routes/{made['id']}/versions").json()["items"]
        assert [version["number"] for version in versions] == [2, 1]
        assert versions[1]["document"]["aliases"] == []

    def test_viewers_look_and_do_not_touch(
        self, admin_client: Client, caller_client: Callable[..., Client]
    ) -> None:
        made = make(admin_client, "r")
        viewer = caller_client(Role.VIEWER)

        assert viewer.get(f"/api/routes/{made['id']}/versions").status_code == 200
        assert put(viewer, f"routes/{made['id']}", **body("r")).status_code == 403
        assert post(viewer, f"routes/{made['id']}/revert", version=1).status_code == 403


def test_routes_from_before_the_mark_go_on_leaving_the_house(team: Team) -> None:
    migration = importlib.import_module("apps.gateway.migrations.0005_mark_outside")
    inside = Upstream.objects.create(team=team, name="in", base_url=IN)
    outside = Upstream.objects.create(team=team, name="out", base_url=OUT)
    routes = {}
    for name, upstream, falls_to in (
        ("home", inside, ""),
        ("cloud", outside, ""),
        ("first", inside, "second"),
        ("second", inside, "cloud"),
    ):
        fallbacks = falls(falls_to) if falls_to else []
        routes[name] = Route.objects.create(team=team, name=name, fallbacks=fallbacks)
        RouteTarget.objects.create(route=routes[name], position=0, upstream=upstream)

    migration.mark(django_apps, None)

    assert dict(Upstream.objects.values_list("name", "leaves_house")) == {"in": False, "out": True}
    assert dict(Route.objects.values_list("name", "may_leave_house")) == {
        "home": False,
        "cloud": True,
        "first": True,
        "second": True,
    }
