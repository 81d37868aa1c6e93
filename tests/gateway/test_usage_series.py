"""Usage over time, and as a sheet."""

import csv
from datetime import timedelta

import pytest
from django.test import Client

from apps.accounts.models import Team, User
from apps.gateway import actions
from tests.factories.usage import make_record
from tests.gateway.asking import NOON, ask, at, iso, moment

pytestmark = pytest.mark.django_db


class TestOverTime:
    def test_items_per_group_and_interval(self, admin_client: Client, team: Team) -> None:
        actions.record_usage(
            records=[
                make_record(team, at=at(minute), model=model)
                for minute in (0, 30, 61)
                for model in ("tiny", "big")
            ]
        )

        items = ask(admin_client, "usage", group_by="model", interval="hour")["items"]

        counted = {(moment(item["at"]), item["model"]): item["requests"] for item in items}
        first, second = NOON, NOON + timedelta(hours=1)
        assert counted == {
            (first, "tiny"): 2,
            (first, "big"): 2,
            (second, "tiny"): 1,
            (second, "big"): 1,
        }

    def test_a_series_has_no_gaps_and_a_rest(self, admin_client: Client, team: Team) -> None:
        busy = [
            make_record(team, at=at(n * 60), model=f"m{n}", completion_tokens=100 * (9 - n))
            for n in range(6)
        ]
        actions.record_usage(records=busy)

        chart = ask(
            admin_client, "usage/series", step="hour", top=2, **{"from": iso(0), "to": iso(600)}
        )

        assert moment(chart["times"][0]) == NOON
        assert len(chart["times"]) == 10
        assert [series["name"] for series in chart["series"]] == ["m0", "m1", ""]
        assert chart["series"][1]["requests"] == [0, 1] + [0] * 8
        assert sum(chart["series"][2]["completion_tokens"]) == 700 + 600 + 500 + 400
        assert sum(chart["total"]["requests"]) == 6
        assert chart["total"]["first_byte_p95"][0] == pytest.approx(20, rel=0.2)
        assert chart["total"]["first_byte_p95"][9] is None

    def test_by_minute_tokens_are_where_they_were_said(
        self, admin_client: Client, team: Team
    ) -> None:
        long = make_record(team, at=at(-1), completion_tokens=1200, total_ms=180_000.0)
        failed = make_record(team, at=at(2), status=502, completion_tokens=0)
        actions.record_usage(records=[long, failed])

        chart = ask(
            admin_client,
            "usage/series",
            step="minute",
            group_by="served_by",
            **{"from": iso(0), "to": iso(4)},
        )

        total = chart["total"]
        assert total["tokens_per_second"] == pytest.approx([400 / 60, 400 / 60, 0, 0], rel=0.01)
        assert total["requests"] == [0, 0, 1, 0]
        assert total["failed"] == [0, 0, 1, 0]

    def test_too_many_points(self, admin_client: Client) -> None:
        reply = admin_client.get(
            "/api/usage/series", {"step": "minute", "from": iso(0), "to": iso(60 * 24 * 30)}
        )

        assert reply.status_code == 422
        assert reply.json()["fix"] == "Choose a shorter span or a longer step."
        assert admin_client.get("/api/usage/series", {"step": "day"}).status_code == 422


class TestSheet:
    def test_says_what_the_page_says(self, admin_client: Client, admin: User, team: Team) -> None:
        key, _ = actions.issue_key(team=team, owner=admin, name='=1+1, "x"')
        actions.record_usage(records=[make_record(team, key_id=key.pk), make_record(team)])

        reply = admin_client.get("/api/usage.csv", {"group_by": "key"})

        assert reply["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(reply.content.decode().splitlines()))
        assert {row["key"]: row["requests"] for row in rows} == {'\'=1+1, "x"': "1", "": "1"}
        assert {row["completion_tokens"] for row in rows} == {"5"}
