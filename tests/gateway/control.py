"""What tests of the gateway's REST API share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.test import Client

from apps.core import secrets
from apps.core.redis import get_redis
from apps.gateway.dataplane import keys, snapshot
from apps.gateway.dataplane.limits.script import SEEDED_KEY
from tests.gateway.harness import NO_TLS, Served, config, serving


def published() -> snapshot.Snapshot:
    """The table as gateways read it."""
    raw: Any = get_redis().get(snapshot.SNAPSHOT_KEY)
    return snapshot.decode(str(raw).encode())


def post(client: Client, path: str, **body: Any) -> Any:
    return client.post(f"/api/{path}", body, content_type="application/json")


def put(client: Client, path: str, **body: Any) -> Any:
    return client.put(f"/api/{path}", body, content_type="application/json")


def patch(client: Client, path: str, **body: Any) -> Any:
    return client.patch(f"/api/{path}", body, content_type="application/json")


@contextmanager
def house_gateway(folder: Path) -> Iterator[Served]:
    """A gateway that follows what the test's own database publishes; nothing was used before."""
    get_redis().set(SEEDED_KEY, "1")
    follows = config(
        settings.REDIS_URL,
        folder,
        decrypt=secrets.decrypt,
        ticket_secret=keys.derive_ticket_secret(settings.SECRET_KEY),
    )
    with serving(follows) as served:
        yield served


def ask(gateway: Served, secret: str, *, model: str = "tiny", **body: Any) -> httpx.Response:
    """One chat completion."""
    return httpx.post(
        f"{gateway.url}/chat/completions",
        json={"model": model, "messages": [{"role": "user", "content": "hi"}], **body},
        headers={"authorization": f"Bearer {secret}"},
        timeout=20,
        verify=NO_TLS,
    )
