"""Months and days that come and go, sums that are proved, and the table before it had months."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.accounts.models import Team
from apps.core.redis import get_redis
from apps.gateway import actions
from apps.gateway.actions.partitions import (
    BODIES,
    REQUESTS,
    PartitionedTable,
    drop_old_partitions,
    list_partitions,
    make_partitions,
    make_partitions_ahead,
)
from apps.gateway.dataplane.usage import SPOOLS_HASH, BodiesRecord, new_id
from apps.gateway.models import (
    RequestBodies,
    UnloggedRequest,
    UsageDay,
    UsageDayLatency,
    UsageHour,
    UsageLatency,
)
from apps.gateway.models import UsageRecord as Stored
from tests.factories.accounts import make_team
from tests.factories.usage import make_record
from worker_jobs.usage import keep_usage, prove_usage

pytestmark = pytest.mark.django_db


def rows_in(partition: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {partition}")  # noqa: S608
        return int(cursor.fetchone()[0])


def month(moment: datetime, table: PartitionedTable = REQUESTS) -> str:
    return table.partition_of(table.begin_of(moment))


class TestPartitions:
    def test_made_when_a_record_needs_one(self, team: Team) -> None:
        last_year = timezone.now() - timedelta(days=400)
        assert month(last_year) not in list_partitions(table=REQUESTS)

        actions.record_usage(records=[make_record(team, at=last_year.timestamp())])

        assert rows_in(month(last_year)) == 1

    def test_made_ahead_for_the_next_month_and_the_next_day(self) -> None:
        keep_usage()

        now = timezone.now()
        months, days = list_partitions(table=REQUESTS), list_partitions(table=BODIES)
        assert {month(now), month(REQUESTS.end_of(REQUESTS.begin_of(now)))} <= set(months)
        assert {month(now, BODIES), month(now + timedelta(days=1), BODIES)} <= set(days)
        assert actions.make_usage_room() == []

    def test_strange_dates_make_no_tables(self, team: Team) -> None:
        before = len(list_partitions(table=REQUESTS))
        strange = [make_record(team, at=0.0), make_record(team, at=4e9)]

        actions.record_usage(records=strange)

        assert len(list_partitions(table=REQUESTS)) == before
        assert rows_in("gateway_usagerecord_other") == 2

    def test_what_came_too_early_moves_to_its_month(self, team: Team) -> None:
        """As after an upgrade, when every row is still where strange dates are."""
        soon = timezone.now() + timedelta(days=20)
        record = make_record(team, at=soon.timestamp())
        actions.record_usage(records=[record])
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE gateway_usagerecord DETACH PARTITION {month(soon)}")
            cursor.execute(f"INSERT INTO gateway_usagerecord SELECT * FROM {month(soon)}")  # noqa: S608
            cursor.execute(f"DROP TABLE {month(soon)}")
        assert rows_in("gateway_usagerecord_other") == 1

        made = make_partitions_ahead(table=REQUESTS)

        assert month(soon) in made
        assert rows_in("gateway_usagerecord_other") == 0
        assert str(Stored.objects.get().pk) == record.id

    def test_whole_months_are_dropped(self, team: Team) -> None:
        now = timezone.now()
        ages = (0, 40, 200, 230)
        for days in ages:
            at = (now - timedelta(days=days)).timestamp()
            actions.record_usage(records=[make_record(team, at=at)])
        actions.record_usage(records=[make_record(team, at=5.0)])

        dropped = drop_old_partitions(table=REQUESTS, before=now - timedelta(days=90))

        assert {month(now - timedelta(days=200)), month(now - timedelta(days=230))} <= set(dropped)
        assert Stored.objects.count() == 2
        assert UsageHour.objects.count() == 5

    def test_everything_older_than_the_settings_say_goes(
        self, team: Team, settings: Settings
    ) -> None:
        settings.REQUEST_DAYS, settings.BODY_DAYS, settings.USAGE_MONTHS = 60, 2, 3
        now = timezone.now()
        for days in (1, 200):
            at = (now - timedelta(days=days)).timestamp()
            actions.record_usage(
                records=[make_record(team, at=at), make_record(team, at=at, logged=False)]
            )
            actions.record_bodies(records=[make_bodies(team, at)])
        actions.record_bodies(records=[make_bodies(team, (now - timedelta(days=4)).timestamp())])

        keep_usage()

        counts = [
            table.objects.count() for table in (Stored, UnloggedRequest, RequestBodies, UsageHour)
        ]
        assert counts == [1, 1, 1, 2]
        assert UsageLatency.objects.exclude(hour__gt=now - timedelta(days=2)).count() == 0

    def test_made_once_by_two(self) -> None:
        far = timezone.now() + timedelta(days=50)
        assert make_partitions(table=REQUESTS, moments=[far, far]) == [month(far)]
        assert make_partitions(table=REQUESTS, moments=[far]) == []


def make_bodies(team: Team, at: float) -> BodiesRecord:
    return BodiesRecord(
        id=new_id(),
        at=at,
        team_id=team.pk,
        sealed_request="",
        sealed_reply="",
        request_bytes=1,
        reply_bytes=1,
    )


class TestProof:
    def test_a_wrong_hour_is_found_and_mended(self, team: Team) -> None:
        now = timezone.now()
        ago = (now - timedelta(hours=3)).timestamp()
        actions.record_usage(
            records=[
                *(make_record(team, at=ago, key_id=n % 3) for n in range(9)),
                make_record(team, at=ago, logged=False),
            ]
        )
        before = list(UsageHour.objects.order_by("pk").values())
        late_before = list(UsageLatency.objects.order_by("pk").values())
        UsageHour.objects.filter(key_id=1).update(completion_tokens=999)
        UsageLatency.objects.filter(logged=True).delete()

        wrong = actions.find_wrong_hours(
            begin=now - timedelta(hours=5), end=now + timedelta(hours=1)
        )
        prove_usage()

        assert wrong == [
            datetime.fromtimestamp(ago, UTC).replace(minute=0, second=0, microsecond=0)
        ]
        assert list(UsageHour.objects.order_by("pk").values()) == before
        assert list(UsageLatency.objects.order_by("pk").values()) == late_before
        assert actions.mend_sums() == 0

    def test_a_wrong_day_is_found_and_mended(self, team: Team) -> None:
        ago = (timezone.now() - timedelta(hours=30)).timestamp()
        actions.record_usage(
            records=[make_record(team, at=ago), make_record(team, at=ago, logged=False)]
        )
        before = list(UsageDay.objects.order_by("pk").values())
        late_before = list(UsageDayLatency.objects.order_by("pk").values())
        UsageDay.objects.filter(logged=False).delete()
        UsageDayLatency.objects.all().delete()

        assert actions.mend_sums() == 1

        assert list(UsageDay.objects.order_by("pk").values()) == before
        assert list(UsageDayLatency.objects.order_by("pk").values()) == late_before

    def test_days_from_before_there_were_any_are_made(self, team: Team) -> None:
        ago = (timezone.now() - timedelta(days=40)).timestamp()
        actions.record_usage(records=[make_record(team, at=ago)])
        UsageDay.objects.all().delete()

        keep_usage()

        assert UsageDay.objects.get().requests == 1

    def test_an_hour_without_its_sums_is_found(self, team: Team) -> None:
        ago = (timezone.now() - timedelta(hours=3)).timestamp()
        actions.record_usage(records=[make_record(team, at=ago)])
        UsageHour.objects.all().delete()

        assert actions.mend_sums() == 1
        assert UsageHour.objects.get().requests == 1

    def test_requests_from_before_there_were_sums_get_theirs(self, team: Team) -> None:
        ago = (timezone.now() - timedelta(days=30)).timestamp()
        actions.record_usage(records=[make_record(team, at=ago), make_record(team)])
        UsageHour.objects.all().delete()

        keep_usage()

        assert UsageHour.objects.count() == 2


class TestSpools:
    def test_dead_processes_are_forgotten(self) -> None:
        get_redis().hset(SPOOLS_HASH, "gone", '{"at":5,"waiting":0,"limit":1,"lost":0}')
        get_redis().hset(
            SPOOLS_HASH,
            "here",
            f'{{"at":{timezone.now().timestamp()},"waiting":0,"limit":1,"lost":0}}',
        )

        actions.forget_dead_spools()

        assert get_redis().hkeys(SPOOLS_HASH) == ["here"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestUpgrade:
    def test_rows_from_before_are_kept(self, transactional_db: None) -> None:
        call_command("migrate", "gateway", "0002", verbosity=0)
        try:
            team = make_team(name="Ours", slug="ours")
            record = make_record(team)
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO gateway_usagerecord (id, at, team_id, endpoint, model, route,"
                    " replica_id, served_by, node, status, error, streamed, prompt_tokens,"
                    " completion_tokens, cached_tokens, estimated, queue_ms, connect_ms,"
                    " first_byte_ms, total_ms) VALUES (%s, now(), %s, 'chat/completions', 'tiny',"
                    " '', '', '', '', 200, '', true, 3, 4, 0, false, 0, 0, 1, 2)",
                    [record.id, team.pk],
                )
        finally:
            call_command("migrate", "gateway", verbosity=0)

        keep_usage()

        assert str(Stored.objects.get().pk) == record.id
        assert rows_in(month(timezone.now())) == 1
        assert UsageHour.objects.get().completion_tokens == 4
