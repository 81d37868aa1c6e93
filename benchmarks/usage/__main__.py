"""`python -m benchmarks.usage`: fill a database of its own and ask what the console asks.

It needs an empty database: `make bench-usage` gives it one.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings.development")
django.setup()

from django.conf import settings  # noqa: E402 - needs Django to be set up
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from apps.accounts.models import Membership, Team, User  # noqa: E402
from apps.core.permissions import Role  # noqa: E402
from apps.gateway.actions import make_usage_room  # noqa: E402
from apps.gateway.models import UsageHour, UsageRecord  # noqa: E402
from benchmarks.report import machine, replace_section  # noqa: E402
from benchmarks.usage.filling import fill  # noqa: E402

DAYS = 30
ROUNDS = 5
PROMISED_SECONDS = 1.0

Row = tuple[str, float, float]


def questions(now: datetime) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What is asked: words, path, query."""
    month = {"from": (now - timedelta(days=DAYS)).isoformat(), "to": now.isoformat()}
    week = {"from": (now - timedelta(days=7, minutes=17)).isoformat(), "to": now.isoformat()}
    ragged = {
        "from": (now - timedelta(days=20, minutes=31)).isoformat(),
        "to": (now - timedelta(days=1, minutes=17)).isoformat(),
    }
    hour = {"from": (now - timedelta(hours=1)).isoformat(), "to": now.isoformat()}
    for group in (
        "key",
        "user",
        "model",
        "route",
        "node",
        "served_by",
        "endpoint",
        "status",
        "day",
    ):
        yield f"usage by {group}, 30 days", "usage", {"group_by": group, **month}
    yield "usage by key and day, 30 days", "usage", {"group_by": "key", "interval": "day", **month}
    yield "usage by model, both ends inside an hour", "usage", {"group_by": "model", **ragged}
    yield "usage by model of one key, 7 days", "usage", {"group_by": "model", "key_id": 3, **week}
    yield "chart by model and hour, 7 days", "usage/series", {"step": "hour", **week}
    yield "chart by model and day, 30 days", "usage/series", {"step": "day", **month}
    yield "chart by model and minute, 1 hour", "usage/series", {"step": "minute", **hour}
    yield "usage by key, 30 days, CSV", "usage.csv", {"group_by": "key", **month}
    for words, query in (
        ("the newest", {}),
        ("of one key", {"key_id": 5}),
        ("of one model", {"model": "model-2"}),
        ("on a machine that hardly ever serves", {"node": "node-rare"}),
        ("on a machine nobody has", {"node": "nobody"}),
        ("of one server", {"served_by": "model-3/1"}),
        ("of a server nobody has", {"served_by": "nobody"}),
        ("of a path nobody asks for", {"endpoint": "rerank"}),
        ("of a deployment nobody has", {"deployment_id": 999}),
        ("failed", {"failed": True}),
        ("status 502", {"status": 502}),
        ("by error", {"error": "client_left"}),
        ("slow", {"slow": True}),
        ("fell back", {"fell_back": True}),
        ("slow ones of one key", {"slow": True, "key_id": 5}),
        ("search for a server", {"search": "model-2/1"}),
        ("search for what is not there", {"search": "nowhere"}),
        ("from 20 days ago back", {"to": ragged["from"]}),
    ):
        yield f"requests: {words}", "requests", query


def measure(ask: Callable[[], Any]) -> tuple[float, float]:
    """Median and longest of a few rounds, in seconds."""
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken), max(taken)


def run(client: Client, now: datetime) -> Iterator[Row]:
    for words, path, query in questions(now):
        yield (words, *measure(partial(_get, client, path, query)))
    one = UsageRecord.objects.order_by("-at")[1234].pk
    yield ("one request", *measure(lambda: _get(client, f"requests/{one}", {})))
    yield ("why one request", *measure(lambda: _get(client, f"requests/{one}/why", {})))
    cursor = _get(client, "requests", {"limit": 500})["next_cursor"]
    for _ in range(100):
        cursor = _get(client, "requests", {"limit": 500, "cursor": cursor})["next_cursor"]
    yield (
        "requests: after 50,000 others",
        *measure(lambda: _get(client, "requests", {"cursor": cursor})),
    )


def _get(client: Client, path: str, query: dict[str, Any]) -> Any:
    reply = client.get(f"/api/{path}", query)
    if reply.status_code != 200:
        raise SystemExit(f"{path} {query} answered {reply.status_code}: {reply.content[:500]!r}")
    return json.loads(reply.content) if "json" in reply["content-type"] else None


def _client() -> tuple[Client, Team]:
    team = Team.objects.order_by("pk").first() or Team.objects.create(name="Bench", slug="bench")
    user, _ = User.objects.get_or_create(username="bench")
    Membership.objects.get_or_create(user=user, team=team, defaults={"role": Role.ADMIN})
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    return client, team


def table(rows: list[Row], *, busy: float) -> str:
    worst = max(row[2] for row in rows)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        size = cursor.fetchone()[0]
    lines = [
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine()}. {UsageRecord.objects.count():,} "
        f"requests of {DAYS} days and {UsageHour.objects.count():,} sums of hours, "
        f"{size / 1e9:.1f} GB. Median and longest of {ROUNDS} over the API's own code, without the "
        f"network. The longest of all took {worst:.2f} s. Load average of other work when it "
        f"began: {busy:.1f}.",
        "",
        "| | median ms | longest ms |",
        "|---|---|---|",
        *(f"| {words} | {median * 1e3:.0f} | {most * 1e3:.0f} |" for words, median, most in rows),
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--report", action="store_true", help="replace the table in the docs")
    wanted = parser.parse_args()
    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", verbosity=0)
    client, team = _client()
    now = datetime.now(UTC)
    if not UsageRecord.objects.exists():
        fill(team_id=team.pk, end=now, days=DAYS, rows=wanted.rows)
    make_usage_room()
    busy = os.getloadavg()[0]
    rows = list(run(client, now))
    print(table(rows, busy=busy))
    if wanted.report:
        replace_section("usage", table(rows, busy=busy))
    late = [row[0] for row in rows if row[2] >= PROMISED_SECONDS]
    if late:
        raise SystemExit(f"Longer than {PROMISED_SECONDS:.0f} s: {', '.join(late)}.")


if __name__ == "__main__":
    main()
