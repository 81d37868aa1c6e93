"""What goes through as it is, what is put right, and where a request goes next."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from apps.gateway.dataplane import snapshot
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import HEADERS, House, Served, post


class TestErrorsOfTheUpstream:
    def test_its_own_words_pass_through(self, gateway: Served, upstream: FaultyUpstream) -> None:
        upstream.status = 400
        upstream.error_body = b'{"error": {"code": 400, "message": "too long", "extra": 1}}'

        reply = post(gateway, stream=True)

        assert reply.status_code == 400
        assert reply.content == upstream.error_body

    def test_a_page_of_html_becomes_an_error_object(
        self, gateway: Served, upstream: FaultyUpstream
    ) -> None:
        upstream.status = 500
        upstream.error_body = b"<html>oh</html>"
        upstream.reply_headers = {"content-type": "text/html"}

        reply = post(gateway)

        assert reply.status_code == 500
        assert reply.json()["error"]["code"] == "upstream_error"

    def test_refused_credentials_are_not_the_clients_fault(
        self, gateway: Served, upstream: FaultyUpstream
    ) -> None:
        upstream.status = 401

        reply = post(gateway)

        assert reply.status_code == 502
        assert reply.json()["error"]["code"] == "upstream_credentials"

    def test_an_overloaded_server_is_stepped_over(
        self, house: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        with FaultyUpstream(status=503) as busy:
            house.serve("tiny", busy.url, upstream.url)
            gateway = start_gateway()
            while not busy.seen:
                assert post(gateway).status_code == 200


class TestFallbacks:
    @pytest.mark.parametrize(
        ("cause", "given"),
        [
            ("refused", {"dies_before_first_byte": True}),
            ("5xx", {"status": 500}),
            ("5xx", {"status": 503}),
            ("429", {"status": 429}),
            ("timeout", {"says_nothing": True}),
            (
                "context",
                {"status": 400, "error_body": b'{"error":{"type":"exceed_context_size_error"}}'},
            ),
        ],
    )
    def test_each_cause_leads_on(
        self, house: House, start_gateway: Callable[..., Served], cause: Any, given: dict[str, Any]
    ) -> None:
        """Three routes in a chain; the one in the middle fails as well."""
        with (
            FaultyUpstream(**given) as first,
            FaultyUpstream(status=503) as second,
            FaultyUpstream() as third,
        ):
            for name, server in (("tiny", first), ("middle", second), ("last", third)):
                house.serve(name, server.url)
            for position, (on, to) in enumerate([(cause, "middle"), ("5xx", "last")]):
                house.routes[position] = msgspec.structs.replace(
                    house.routes[position], fallbacks=[snapshot.FallbackEntry(on=[on], to=to)]
                )

            reply = post(start_gateway(first_byte_seconds=0.3))

            assert reply.status_code == 200
            assert reply.headers["x-served-by"] == "up-3"
            assert [len(server.seen) for server in (first, second, third)] == [1, 1, 1]

    def test_another_cause_does_not(
        self, house: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        with FaultyUpstream(status=429) as busy:
            house.serve("tiny", busy.url)
            house.serve("other", upstream.url)
            house.routes[0] = msgspec.structs.replace(
                house.routes[0], fallbacks=[snapshot.FallbackEntry(on=["timeout"], to="other")]
            )
            reply = post(start_gateway())

        assert reply.status_code == 429
        assert upstream.seen == []


class TestWhatPassesThrough:
    def test_headers_and_fields_nobody_here_knows(
        self, gateway: Served, upstream: FaultyUpstream
    ) -> None:
        upstream.reply_headers = {
            "x-ratelimit-remaining-requests": "7",
            "x-request-id": "theirs",
            "set-cookie": "a=b",
        }
        body = b'{ "big": 12345678901234567890, "model" : "tiny",\n "f": 1.10, "messages":[] }'

        reply = httpx.post(
            f"{gateway.url}/chat/completions",
            content=body,
            headers={**HEADERS, "x-custom": "yes", "cookie": "session=1", "te": "trailers"},
        )

        seen = upstream.seen[-1]
        assert seen.raw_body == body
        assert seen.header("x-custom") == "yes"
        assert {"cookie", "authorization", "te"}.isdisjoint(name for name, _ in seen.headers)
        assert reply.headers["x-ratelimit-remaining-requests"] == "7"
        assert reply.headers["x-upstream-request-id"] == "theirs"
        assert reply.headers.get_list("x-request-id") != ["theirs"]
        assert "set-cookie" not in reply.headers

    def test_the_name_the_upstream_knows_and_its_key(
        self, house: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        house.serve("tiny", upstream.url, model="vendor/tiny-v2")
        entry = house.upstreams[0]
        house.upstreams[0] = type(entry)(
            id=1, name=entry.name, base_url=entry.base_url, sealed_key="sealed:sk-up"
        )
        gateway = start_gateway()

        httpx.post(
            f"{gateway.url}/chat/completions?api-version=3",
            content=b'{"metadata":{"model":"tiny"}, "model" : "tiny" , "n":1.0}',
            headers=HEADERS,
        )

        seen = upstream.seen[-1]
        assert seen.raw_body == (
            b'{"metadata":{"model":"tiny"}, "model" : "vendor/tiny-v2" , "n":1.0}'
        )
        assert seen.header("authorization") == "Bearer sk-up"
        assert seen.path == "/v1/chat/completions?api-version=3"

    def test_unknown_fields_in_events(self, gateway: Served) -> None:
        reply = post(gateway, stream=True)

        assert reply.text.count('"x_unknown": {"kept": true}') == 6
        assert reply.headers["content-type"] == "text/event-stream"
        assert reply.headers["x-request-id"]
