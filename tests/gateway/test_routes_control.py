"""Routes over HTTP: what may be saved, and how it is kept."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.core.permissions import Role
from apps.gateway.dataplane import snapshot
from tests.gateway.control import post, published

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
