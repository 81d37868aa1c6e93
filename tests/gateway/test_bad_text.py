"""Text that no database, header or clock can carry: the control plane refuses it in words."""

import socket
from typing import Any

import pytest
from django.test import Client

from tests.gateway.control import post
from tests.gateway.faulty_upstream import FaultyUpstream
from worker_jobs.adapters.openai_server import ServerSilent, list_models

pytestmark = pytest.mark.django_db(transaction=True)

NUL = "a\x00b"


@pytest.mark.parametrize(
    "path",
    [
        "keys?search=%00", "routes?search=%00", "upstreams?search=%00", "requests?search=%00",
        "requests.csv?search=%00", "usage?model=%00", "usage.csv?route=%00",
    ],
)  # fmt: skip
def test_what_is_looked_for(admin_client: Client, path: str) -> None:
    reply = admin_client.get(f"/api/{path}")
    assert reply.status_code == 422
    assert "NUL" in reply.json()["detail"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("keys", {"name": "k", "models": [NUL]}),
        ("keys", {"name": "k", "owner": NUL}),
        ("routes", {"name": "r", "targets": [{"upstream": NUL}]}),
        ("routes", {"name": "r", "targets": [{"upstream": "out", "model": NUL}]}),
        ("routes", {"name": "r", "targets": [{"upstream": "out"}], "note": NUL}),
    ],
)
def test_what_is_written(admin_client: Client, path: str, body: dict[str, Any]) -> None:
    post(admin_client, "upstreams", name="out", base_url="http://x:1")
    reply = post(admin_client, path, **body)
    assert reply.status_code == 422
    assert "NUL" in reply.json()["detail"]


@pytest.mark.parametrize("path", ["requests", "requests.csv", "usage", "usage/series"])
@pytest.mark.parametrize("moment", ["2026-11-05T12:00:00", "0001-01-01T00:00:00+14:00"])
def test_moments(admin_client: Client, path: str, moment: str) -> None:
    reply = admin_client.get(f"/api/{path}", {"from": moment})
    assert reply.status_code == 422
    assert "from" in reply.json()["detail"]


def test_a_key_that_no_header_carries_is_not_repeated() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        with pytest.raises(ServerSilent, match="API key cannot be sent") as silent:
            list_models(base_url=address, api_key="sk-abc ")
    assert "sk-abc" not in str(silent.value)


def test_names_of_models_that_cannot_be_read_are_left_out() -> None:
    with FaultyUpstream() as server:
        server.models = ["tiny", NUL, "\ud800", "größer 2"]
        assert list_models(base_url=server.url, api_key="").models == ["tiny", "größer 2"]
