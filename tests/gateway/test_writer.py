"""Usage on its way from the stream into the database."""

import subprocess
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from apps.accounts.models import Team
from apps.core.redis import get_redis
from apps.gateway import actions
from apps.gateway.dataplane import snapshot
from apps.gateway.dataplane.usage import USAGE_FIELD, USAGE_STREAM, UsageRecord, new_id
from apps.gateway.models import ApiKey
from apps.gateway.models import UsageRecord as Stored
from tests.factories.accounts import make_team, make_user
from tests.waiting import eventually
from worker_jobs.usage import GROUP

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def team(transactional_db: None) -> Team:
    return make_team(name="Ours", slug="ours")


def send(*records: UsageRecord, torn: str = "") -> None:
    lines = [msgspec.json.encode(record).decode() for record in records]
    get_redis().xadd(USAGE_STREAM, {USAGE_FIELD: "\n".join([*lines, torn])})


def record(team: Team, **values: Any) -> UsageRecord:
    given: dict[str, Any] = {"id": new_id(), "at": 1.75e9, "team_id": team.pk, "status": 200}
    return UsageRecord(**{**given, **values})


def waiting_entries() -> int:
    return int(get_redis().xlen(USAGE_STREAM))


class TestTheWriter:
    @pytest.mark.slow
    def test_counts_every_request_once_though_it_is_killed(
        self, team: Team, start_writer: Callable[[], subprocess.Popen[bytes]]
    ) -> None:
        records = [record(team, prompt_tokens=1) for _ in range(1500)]
        for at in range(0, len(records), 3):
            send(*records[at : at + 4])  # every third one is in two entries

        for stored in (1, 400, 900):
            writer = start_writer()
            eventually(lambda least=stored: Stored.objects.count() >= least, within=30, every=0.001)
            writer.kill()
            writer.wait()
        start_writer()

        eventually(lambda: waiting_entries() == 0, within=30)
        assert Stored.objects.count() == 1500
        assert set(map(str, Stored.objects.values_list("pk", flat=True))) == {
            each.id for each in records
        }

    def test_one_bad_record_stops_nobody(
        self, team: Team, start_writer: Callable[[], subprocess.Popen[bytes]]
    ) -> None:
        good, bad = record(team), record(team, status=-5)
        send(good, bad, torn='{"id": "cut o')
        start_writer()

        eventually(lambda: waiting_entries() == 0, within=30)

        assert [str(row.pk) for row in Stored.objects.all()] == [good.id]

    def test_marks_the_key_as_used(
        self, team: Team, start_writer: Callable[[], subprocess.Popen[bytes]]
    ) -> None:
        key, _ = actions.issue_key(team=team, owner=make_user(team=team), name="k")
        start_writer()
        send(record(team, key_id=key.pk, at=1.76e9), record(team, key_id=key.pk, at=1.75e9))

        eventually(lambda: ApiKey.objects.get().last_used_at is not None, within=30)

        used_at = ApiKey.objects.get().last_used_at
        assert used_at is not None
        assert used_at.timestamp() == 1.76e9

    @pytest.mark.slow
    def test_goes_on_after_redis_was_emptied_and_repairs_the_table(
        self, team: Team, start_writer: Callable[[], subprocess.Popen[bytes]]
    ) -> None:
        actions.issue_key(team=team, owner=make_user(team=team), name="k")
        get_redis().delete(snapshot.SNAPSHOT_KEY)
        start_writer()
        eventually(lambda: get_redis().exists(snapshot.SNAPSHOT_KEY), within=30)
        get_redis().delete(USAGE_STREAM)

        send(record(team))

        eventually(lambda: Stored.objects.count() == 1, within=30)
        eventually(lambda: waiting_entries() == 0, within=30)
        groups: Any = get_redis().xinfo_groups(USAGE_STREAM)
        assert [group["name"] for group in groups] == [GROUP]
