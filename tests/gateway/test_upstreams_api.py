"""Servers outside: added, changed, asked, removed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import Client

from apps.gateway.models import Upstream
from apps.operations.models import Operation
from tests.gateway.control import patch, post, published
from tests.gateway.faulty_upstream import FaultyUpstream
from worker_jobs import upstreams as upstream_jobs

# What is published is published on commit.
pytestmark = pytest.mark.django_db(transaction=True)


class TestUpstreams:
    def test_added_probed_and_sealed(
        self,
        admin_client: Client,
        enqueued: Callable[[], list[Operation]],
        run_operation: Callable[[Operation], Operation],
    ) -> None:
        with FaultyUpstream() as server:
            server.models = ["a", "b"]
            added = post(
                admin_client, "upstreams", name="out", base_url=server.url, api_key=" sk-1 "
            ).json()
            assert added["state"] == "unknown"
            operation = run_operation(enqueued()[0])

        assert operation.state == "succeeded", operation.error
        row = Upstream.objects.get()
        assert row.models_found == ["a", "b"]
        assert row.latency_ms is not None
        assert "sk-1" not in row.sealed_key
        assert server.seen[0].header("authorization") == "Bearer sk-1"  # without what was around it
        shown = admin_client.get(f"/api/upstreams/{added['id']}")
        assert shown.json()["state"] == "reachable"
        assert b"sk-1" not in shown.content
        assert published().upstreams[0].sealed_key == row.sealed_key

    def test_one_that_does_not_answer(
        self,
        admin_client: Client,
        enqueued: Callable[[], list[Operation]],
        run_operation: Callable[[Operation], Operation],
    ) -> None:
        with FaultyUpstream() as gone:
            pass
        post(admin_client, "upstreams", name="out", base_url=gone.url)

        operation = run_operation(enqueued()[0])

        assert operation.state == "failed"
        shown = admin_client.get("/api/upstreams").json()["items"][0]
        assert shown["state"] == "unreachable"
        assert "cannot be reached" in shown["state_reason"]

    @pytest.mark.parametrize("url", ["ftp://x", "http://", "http://a:b@c/v1", "http://x/v1?a=1"])
    def test_what_is_no_address(self, admin_client: Client, url: str) -> None:
        assert post(admin_client, "upstreams", name="out", base_url=url).status_code == 422
        assert not Upstream.objects.exists()

    def test_not_removed_while_a_route_leads_there(self, admin_client: Client) -> None:
        upstream = post(admin_client, "upstreams", name="out", base_url="http://x:1/v1").json()
        route = post(admin_client, "routes", name="r", targets=[{"upstream": "out"}]).json()

        refused = admin_client.delete(f"/api/upstreams/{upstream['id']}")

        assert refused.status_code == 409
        assert "the routes r" in refused.json()["detail"]
        assert admin_client.delete(f"/api/routes/{route['id']}").status_code == 204
        assert admin_client.delete(f"/api/upstreams/{upstream['id']}").status_code == 204
        assert published().upstreams == []


def route(client: Client, **body: Any) -> Any:
    return post(client, "routes", **{"name": "r", "targets": [{"upstream": "out"}], **body})


class TestWhereItIs:
    @pytest.mark.parametrize(
        ("url", "outside"),
        [
            ("http://10.1.2.3:8000/v1", False),
            ("http://127.0.0.1/v1", False),
            ("http://[fd00::1]/v1", False),
            ("http://gpu-box:8000", False),
            ("http://gpu.lan/v1", False),
            ("https://8.8.8.8/v1", True),
            ("https://api.example.com/v1", True),
        ],
    )
    def test_outside_unless_the_address_is_one_of_the_house(
        self, admin_client: Client, url: str, outside: bool
    ) -> None:
        added = post(admin_client, "upstreams", name="out", base_url=url).json()

        assert added["leaves_house"] is outside
        assert published().upstreams[0].leaves_house is outside

    def test_who_adds_it_may_know_better(self, admin_client: Client) -> None:
        own = post(
            admin_client, "upstreams", name="own", base_url="https://x.io/v1", leaves_house=False
        )

        assert own.json()["leaves_house"] is False

    def test_a_kind_fills_in_what_it_speaks(self, admin_client: Client) -> None:
        presets = admin_client.get("/api/upstreams/presets").json()["items"]
        assert [preset["kind"] for preset in presets] == ["openai", "anthropic"]

        post(
            admin_client, "upstreams", name="c", base_url="http://x:1/v1", kind="anthropic",
            context_length=200_000,
        )  # fmt: skip

        entry = published().upstreams[0]
        assert (entry.speaks, entry.context_length) == (["messages"], 200_000)


class TestChanging:
    def test_only_what_is_sent(
        self, admin_client: Client, enqueued: Callable[[], list[Operation]]
    ) -> None:
        added = post(
            admin_client, "upstreams", name="out", base_url="http://x:1/v1", api_key="sk-1"
        ).json()
        sealed = Upstream.objects.get().sealed_key

        changed = patch(admin_client, f"upstreams/{added['id']}", name="new", context_length=4096)

        assert changed.status_code == 200, changed.content
        assert (changed.json()["name"], changed.json()["has_api_key"]) == ("new", True)
        assert Upstream.objects.get().sealed_key == sealed
        assert published().upstreams[0].context_length == 4096
        assert len(enqueued()) == 1  # nothing that would have to be asked again
        without = patch(admin_client, f"upstreams/{added['id']}", api_key="")
        assert without.json()["has_api_key"] is False
        assert len(enqueued()) == 2

    def test_not_outside_under_a_route_that_may_not_leave(self, admin_client: Client) -> None:
        added = post(admin_client, "upstreams", name="out", base_url="http://x:1/v1").json()
        route(admin_client)

        moved = patch(admin_client, f"upstreams/{added['id']}", base_url="https://api.x.io/v1")
        marked = patch(admin_client, f"upstreams/{added['id']}", leaves_house=True)

        assert moved.status_code == 422
        assert marked.status_code == 422
        assert "Requests for r would leave the house" in marked.json()["detail"]
        row = Upstream.objects.get()
        assert (row.base_url, row.leaves_house) == ("http://x:1/v1", False)

    def test_a_name_is_given_once(self, admin_client: Client) -> None:
        post(admin_client, "upstreams", name="a", base_url="http://x:1/v1")
        other = post(admin_client, "upstreams", name="b", base_url="http://x:1/v1").json()

        assert patch(admin_client, f"upstreams/{other['id']}", name="a").status_code == 409
        bad = patch(admin_client, f"upstreams/{other['id']}", base_url="ftp://x")
        assert bad.status_code == 422


class TestLooking:
    def test_those_in_use_are_asked_by_themselves(self, admin_client: Client) -> None:
        with FaultyUpstream() as server:
            server.models = ["a"]
            used = post(admin_client, "upstreams", name="out", base_url=server.url).json()
            post(admin_client, "upstreams", name="idle", base_url=server.url)
            route(admin_client)

            upstream_jobs.probe_upstreams_in_use()
            upstream_jobs.probe_upstreams_in_use()  # it has been asked a moment ago

            assert len(server.seen) == 1
        shown = admin_client.get(f"/api/upstreams/{used['id']}").json()
        assert (shown["state"], shown["models"]) == ("reachable", ["a"])
        assert shown["used_by"] == ["r"]
        assert published().upstreams[0].problem == ""

    def test_one_that_goes_silent_is_told_to_the_gateways(self, admin_client: Client) -> None:
        with FaultyUpstream() as server:
            used = post(admin_client, "upstreams", name="out", base_url=server.url).json()
            route(admin_client)
            upstream_jobs.probe_upstreams_in_use()
        since = admin_client.get(f"/api/upstreams/{used['id']}").json()["state_since"]

        Upstream.objects.update(probed_at=None)
        upstream_jobs.probe_upstreams_in_use()

        shown = admin_client.get(f"/api/upstreams/{used['id']}").json()
        assert shown["state"] == "unreachable"
        assert shown["state_since"] > since
        assert "cannot be reached" in published().upstreams[0].problem
        probes = admin_client.get(f"/api/upstreams/{used['id']}/probes").json()["items"]
        assert [probe["answered"] for probe in probes] == [False, True]
        assert probes[1]["latency_ms"] > 0

    @pytest.mark.parametrize(
        ("kind", "credentials"),
        [("openai", {"authorization": "Bearer sk-2"}), ("anthropic", {"x-api-key": "sk-2"})],
    )
    def test_what_it_speaks_is_found_out_and_asked_in_its_own_way(
        self,
        admin_client: Client,
        run_operation: Callable[[Operation], Operation],
        enqueued: Callable[[], list[Operation]],
        kind: str,
        credentials: dict[str, str],
    ) -> None:
        with two_dialects() as (url, seen):
            added = post(
                admin_client, "upstreams", name="c", base_url=url, api_key="sk-2", kind=kind
            ).json()
            operation = run_operation(enqueued()[0])

        assert operation.state == "succeeded", operation.error
        shown = admin_client.get(f"/api/upstreams/{added['id']}").json()
        assert shown["speaks_found"] == ["chat", "messages"]
        assert shown["models"] == ["m"]
        sent = {name: seen[0].get(name) for name in ("authorization", "x-api-key")}
        assert {name: value for name, value in sent.items() if value} == credentials
        assert bool(seen[0].get("anthropic-version")) == (kind == "anthropic")


@contextmanager
def two_dialects() -> Iterator[tuple[str, list[Message]]]:
    """A server that knows chat and messages, and the headers of what it was asked."""
    seen: list[Message] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, b'{"data": [{"id": "m"}], "has_more": false}')

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            known = self.path in ("/v1/chat/completions", "/v1/messages")
            self._answer(400 if known else 404, b'{"error": {"message": "model is missing"}}')

        def _answer(self, status: int, body: bytes) -> None:
            seen.append(self.headers)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing to say."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1", seen
        server.shutdown()
