"""Asking about usage over HTTP, and moments of a day that is over."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client

NOON = datetime(2026, 11, 5, 12, tzinfo=UTC)


def at(minutes: float) -> float:
    """So many minutes after noon of a day that is over."""
    return (NOON + timedelta(minutes=minutes)).timestamp()


def iso(minutes: float) -> str:
    return (NOON + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def ask(client: Client, path: str, **query: Any) -> Any:
    reply = client.get(f"/api/{path}", query)
    assert reply.status_code == 200, reply.content
    return reply.json()
