"""What requests have cost: by whom, by what, over time, and as a sheet."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Sum
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.core.permissions import Role
from apps.gateway import actions, queries
from apps.gateway.dataplane.usage import UsageRecord
from apps.gateway.models import UnloggedRequest, UsageHour
from apps.gateway.models import UsageRecord as Stored
from tests.factories.accounts import make_team
from tests.factories.usage import make_record
from tests.gateway.asking import NOON, ask, at, iso

pytestmark = pytest.mark.django_db


class TestGroups:
    def test_by_key_and_by_model(self, admin_client: Client, admin: User, team: Team) -> None:
        key, _ = actions.issue_key(team=team, owner=admin, name="laptop")
        actions.record_usage(
            records=[
                make_record(team, key_id=key.pk, user_id=admin.pk),
                make_record(team, key_id=key.pk, user_id=admin.pk, model="big", status=502),
                make_record(team, user_id=admin.pk),
            ]
        )

        by_key = ask(admin_client, "usage", group_by="key")
        by_model = ask(admin_client, "usage", group_by="model")["items"]
        by_day = ask(admin_client, "usage", group_by="day")["items"]

        laptop = next(item for item in by_key["items"] if item.get("key") == "laptop")
        assert (laptop["requests"], laptop["failed"]) == (2, 1)
        assert (laptop["prompt_tokens"], laptop["completion_tokens"]) == (20, 10)
        assert laptop["group_id"] == key.pk
        assert by_key["total"]["requests"] == 3
        assert by_key["kept"]["request_days"] == 90
        assert {item["model"]: item["requests"] for item in by_model} == {"tiny": 2, "big": 1}
        assert by_day[0]["requests"] == 3
        key.refresh_from_db()
        assert key.last_used_at is not None

    def test_every_grouping_has_every_request(self, admin_client: Client, team: Team) -> None:
        actions.record_usage(records=[make_record(team, at=at(n * 7)) for n in range(20)])
        groupings = (
            "key", "user", "team", "model", "route", "deployment", "node", "served_by",
            "endpoint", "status", "hour", "day", "month",
        )  # fmt: skip

        for group_by in groupings:
            items = ask(admin_client, "usage", group_by=group_by)["items"]
            assert sum(item["requests"] for item in items) == 20, group_by

    def test_times_are_means_and_percentiles_of_what_went_well(
        self, admin_client: Client, team: Team
    ) -> None:
        times = [100.0] * 90 + [4000.0] * 10
        actions.record_usage(
            records=[
                *(make_record(team, at=at(1), first_byte_ms=ms, total_ms=ms + 50) for ms in times),
                make_record(team, at=at(1), status=504, first_byte_ms=0, total_ms=90_000),
            ]
        )

        item = ask(admin_client, "usage", group_by="model")["items"][0]

        assert item["first_byte_ms"] == pytest.approx(490)
        assert item["first_byte_p50"] == pytest.approx(100, rel=0.15)
        assert item["first_byte_p95"] == pytest.approx(4000, rel=0.15)
        assert item["total_p50"] == pytest.approx(150, rel=0.15)
        assert item["tokens_per_second"] == pytest.approx(100)

    @pytest.mark.parametrize("group_by", ["key", "user", "deployment"])
    def test_those_who_are_gone_go_by_their_number(
        self, admin_client: Client, team: Team, group_by: str
    ) -> None:
        actions.record_usage(
            records=[
                make_record(team, key_id=987, user_id=987, deployment_id=987),
                make_record(team),
            ]
        )

        items = ask(admin_client, "usage", group_by=group_by)["items"]

        assert {item.get(group_by) for item in items} == {f"{group_by} 987", None}

    def test_models_that_do_not_exist_are_one(self, admin_client: Client, team: Team) -> None:
        made_up = [
            make_record(team, model=f"guess-{n}", status=404, error="model_not_found")
            for n in range(5)
        ]
        actions.record_usage(records=[*made_up, make_record(team)])

        items = ask(admin_client, "usage", group_by="model")["items"]

        assert {item.get("model"): item["requests"] for item in items} == {"": 5, "tiny": 1}

    def test_people_see_their_own(
        self, caller_client: Callable[..., Client], admin: User, team: Team
    ) -> None:
        viewer = caller_client(Role.VIEWER)
        own = User.objects.exclude(pk=admin.pk).get()
        actions.record_usage(
            records=[make_record(team, user_id=own.pk), make_record(team, user_id=admin.pk)]
        )

        seen = ask(viewer, "usage", group_by="user", user_id=admin.pk)

        assert [item["user"] for item in seen["items"]] == [own.username]
        assert seen["total"]["requests"] == 1

    def test_no_usage_of_another_team(self, admin_client: Client) -> None:
        theirs = make_team(name="Theirs", slug="theirs")
        actions.record_usage(records=[make_record(theirs)])

        assert ask(admin_client, "usage", group_by="team")["items"] == []


class TestSpans:
    @pytest.mark.parametrize(
        ("begin", "end", "expected"),
        [
            (0, 180, 18),
            (0, 60, 6),
            (30, 90, 6),
            (35, 45, 1),
            (30, 30, 0),
            (60, 65, 1),
            (115, 121, 1),
            (None, 95, 10),
            (95, None, 8),
            (None, None, 18),
            (-500, 10_000_000, 18),
        ],
    )
    def test_cut_anywhere(
        self, admin_client: Client, team: Team, begin: int | None, end: int | None, expected: int
    ) -> None:
        actions.record_usage(records=[make_record(team, at=at(n * 10)) for n in range(18)])
        query = {"from": begin, "to": end}
        span = {name: iso(minutes) for name, minutes in query.items() if minutes is not None}

        page = ask(admin_client, "usage", group_by="model", **span)

        assert page["total"]["requests"] == expected
        assert sum(item["requests"] for item in page["items"]) == expected

    def test_any_span_has_what_was_made_in_it(self, team: Team) -> None:
        dice = random.Random(11)  # noqa: S311
        records = [
            make_record(team, at=at(dice.uniform(0, 8 * 1440)), logged=dice.random() < 0.8)
            for _ in range(400)
        ]
        actions.record_usage(records=records)
        known_at = [record.at if record.logged else record.at // 3600 * 3600 for record in records]

        for _ in range(80):
            begin, length = dice.uniform(-60, 8 * 1440), dice.choice([30, 90, 1440, 5000, 12_000])
            step = dice.choice([1, 60, 1440])
            first = begin // step * step
            last = first + dice.uniform(0, length) // step * step
            span = queries.UsageSpan(
                team=team,
                begin=NOON + timedelta(minutes=first),
                end=NOON + timedelta(minutes=last),
            )
            expected = sum(at(first) <= moment < at(last) for moment in known_at)
            for group_by in ("model", "hour", "day"):
                items = queries.group_usage(span=span, group_by=group_by)
                assert sum(item["requests"] for item in items) == expected, (first, last)

    def test_the_hour_that_still_goes_on(self, admin_client: Client, team: Team) -> None:
        now = timezone.now()
        long_ago = make_record(team, at=(now - timedelta(minutes=10)).timestamp())
        actions.record_usage(records=[make_record(team), long_ago])

        def count(begin: timedelta, end: timedelta) -> Any:
            span = {"from": (now - begin).isoformat(), "to": (now - end).isoformat()}
            return ask(admin_client, "usage", **span)["total"]["requests"]

        assert count(timedelta(seconds=1), timedelta(0)) == 1
        assert count(timedelta(minutes=11), timedelta(0)) == 2
        assert count(timedelta(minutes=11), timedelta(minutes=9)) == 1
        assert count(timedelta(minutes=9), timedelta(minutes=5)) == 0

    def test_filters_hold_in_broken_hours_too(self, admin_client: Client, team: Team) -> None:
        actions.record_usage(
            records=[
                make_record(team, at=at(minute), model=model, status=status, node=node)
                for minute in (5, 65, 125)
                for model, status, node in (
                    ("tiny", 200, "a"),
                    ("tiny", 500, "b"),
                    ("big", 200, "b"),
                )
            ]
        )
        span = {"from": iso(3), "to": iso(127)}

        assert ask(admin_client, "usage", model="tiny", **span)["total"]["requests"] == 6
        assert ask(admin_client, "usage", status=500, **span)["total"]["requests"] == 3
        assert ask(admin_client, "usage", node="b", model="big", **span)["total"]["requests"] == 3

    def test_a_moment_without_a_zone_is_refused(self, admin_client: Client) -> None:
        reply = admin_client.get("/api/usage", {"from": "2026-11-05T12:00:00"})

        assert reply.status_code == 422
        assert "time zone" in reply.json()["detail"]


class TestExactness:
    def test_hours_are_what_their_requests_say(self, team: Team) -> None:
        records = [_any_record(team, random.Random(number)) for number in range(600)]  # noqa: S311
        again = random.Random(7).sample(records, 200)  # noqa: S311
        for first in range(0, 600, 50):
            actions.record_usage(records=records[first : first + 50] + again[first // 3 :][:20])

        first_hour, last_hour = NOON - timedelta(hours=1), NOON + timedelta(hours=11)
        assert Stored.objects.count() == 600
        assert UsageHour.objects.count() > 50
        assert actions.find_wrong_hours(begin=first_hour, end=last_hour) == []
        sums = UsageHour.objects.aggregate(
            Sum("requests"), Sum("prompt_tokens"), Sum("completion_tokens"), Sum("cached_tokens")
        )
        assert sums == {
            "requests__sum": 600,
            "prompt_tokens__sum": sum(record.prompt_tokens for record in records),
            "completion_tokens__sum": sum(record.completion_tokens for record in records),
            "cached_tokens__sum": sum(record.cached_tokens for record in records),
        }

    def test_a_record_that_comes_twice_is_counted_once(
        self, admin_client: Client, team: Team
    ) -> None:
        twice = make_record(team)
        actions.record_usage(records=[twice, make_record(team), twice])
        actions.record_usage(records=[twice])

        assert ask(admin_client, "usage")["items"][0]["requests"] == 2

    def test_of_a_settled_and_an_estimated_one_the_settled_counts(self, team: Team) -> None:
        settled = make_record(team, completion_tokens=9)
        guessed = UsageRecord(
            id=settled.id, at=settled.at, team_id=team.pk, status=200, error="gateway_died"
        )
        actions.record_usage(records=[guessed, settled])

        assert Stored.objects.get().completion_tokens == 9
        assert UsageHour.objects.get().completion_tokens == 9

    def test_strange_values_are_stored_as_far_as_they_go(self, team: Team) -> None:
        strange = make_record(
            team, model="a\x00b" + "c" * 500, completion_tokens=2**40, prompt_tokens=-3, trace="{"
        )
        long_ago, far_off = make_record(team, at=-5.0), make_record(team, at=1e15)

        actions.record_usage(records=[strange, long_ago, far_off])

        row = Stored.objects.get(pk=strange.id)
        assert row.model.startswith("abccc")
        assert (row.completion_tokens, row.prompt_tokens, row.trace) == (2**31 - 1, 0, [])
        assert Stored.objects.count() == 3

    def test_a_key_without_a_log_is_counted_and_not_listed(
        self, admin_client: Client, team: Team
    ) -> None:
        silent = make_record(team, logged=False, at=at(30), address="10.0.0.1")
        actions.record_usage(records=[silent, make_record(team, at=at(40))])
        actions.record_usage(records=[silent])

        assert ask(admin_client, "usage", group_by="model")["items"][0]["requests"] == 2
        assert len(ask(admin_client, "requests")["items"]) == 1
        assert Stored.objects.count() == 1
        assert UnloggedRequest.objects.get().hour == NOON
        # Its hour is all that is known: it counts with the beginning of that.
        early = ask(admin_client, "usage", **{"from": iso(0), "to": iso(20)})
        late = ask(admin_client, "usage", **{"from": iso(20), "to": iso(60)})
        assert (early["total"]["requests"], late["total"]["requests"]) == (1, 1)


def _any_record(team: Team, dice: random.Random) -> UsageRecord:
    streamed = dice.random() < 0.5
    status = dice.choice([200, 200, 200, 404, 429, 499, 502])
    return make_record(
        team,
        at=at(dice.uniform(-60, 600)),
        key_id=dice.choice([None, 1, 2]),
        user_id=dice.choice([None, 5]),
        model=dice.choice(["tiny", "big"]),
        route=dice.choice(["", "tiny"]),
        served_by=dice.choice(["a", "b"]),
        node=dice.choice(["", "n1"]),
        status=status,
        error=dice.choice(["", "upstream_broke"]) if status == 200 else "refused",
        streamed=streamed,
        estimated=dice.random() < 0.1,
        prompt_tokens=dice.randrange(5000),
        completion_tokens=dice.randrange(900),
        cached_tokens=dice.randrange(50),
        first_byte_ms=dice.uniform(1, 8000),
        total_ms=dice.uniform(8000, 90_000),
        capped_to=dice.choice([None, 100]),
        fallback_reason=dice.choice(["", "5xx"]),
    )
