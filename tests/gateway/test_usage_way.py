"""What waits between a request's end and its row, and how that is said."""

import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.core.redis import get_redis
from apps.gateway.dataplane.journal import Journal
from apps.gateway.dataplane.usage import (
    SPOOLS_HASH,
    USAGE_FIELD,
    USAGE_STREAM,
    Spool,
    UsageRecord,
    decode_spool,
    new_id,
)
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import House, config, post, serving
from tests.waiting import eventually


def record() -> UsageRecord:
    return UsageRecord(id=new_id(), at=1.0, team_id=1, model="tiny", status=200)


@pytest.mark.django_db
class TestStatus:
    def part(self, client: Client) -> dict[str, Any]:
        parts = client.get("/api/status").json()["parts"]
        return next(part for part in parts if part["name"] == "usage")

    def test_nothing_waits(self, admin_client: Client) -> None:
        assert self.part(admin_client)["state"] == "good"

    def test_no_worker_takes_it(self, admin_client: Client) -> None:
        ago = int((time.time() - 600) * 1000)
        get_redis().xadd(USAGE_STREAM, {USAGE_FIELD: ""}, id=f"{ago}-0")

        part = self.part(admin_client)

        assert part["state"] == "attention"
        assert "since 10 minutes" in part["evidence"]
        assert "worker" in part["fix"]

    def test_a_journal_that_overflows(self, admin_client: Client) -> None:
        said = f'{{"at":{time.time()},"waiting":9,"limit":10,"lost":3}}'
        get_redis().hset(SPOOLS_HASH, "a", said)
        get_redis().hset(SPOOLS_HASH, "old", '{"at":5,"waiting":9,"limit":10,"lost":800}')
        get_redis().hset(SPOOLS_HASH, "bad", "{")

        part = self.part(admin_client)

        assert part["state"] == "bad"
        assert part["evidence"].startswith("3 requests were served and not counted")


class TestSpool:
    def test_says_what_is_wrong(self) -> None:
        assert Spool(at=0, waiting=0, limit=100, lost=0).problem == ""
        assert "80% full" in Spool(at=0, waiting=80, limit=100, lost=0).problem

    def test_memory_is_bounded_by_bytes_too(self) -> None:
        journal = Journal(None, max_bytes=500)
        journal.open()
        for _ in range(20):
            journal.add(record())

        assert journal.waiting_bytes <= 500
        assert journal.lost > 0


class TestRedisTakesNoMore:
    @pytest.mark.slow
    def test_what_does_not_fit_waits_on_disk_and_comes_later(
        self, house: House, upstream: FaultyUpstream, tmp_path: Path
    ) -> None:
        house.serve("tiny", upstream.url)
        house.publish()
        with house.redis.client() as client:
            client.xadd(USAGE_STREAM, {USAGE_FIELD: b""})
        with serving(config(house.redis.url, tmp_path, stream_bytes=0)) as gateway:
            for _ in range(3):
                assert post(gateway).status_code == 200
            # A report is sent after each attempt to deliver.
            eventually(lambda: spool(house).waiting > 0, within=30)
            assert house.usage() == []
            assert gateway.app.usage_problem() == ""
        assert len(list((tmp_path / "spool").glob("usage-*.jsonl"))) == 1

        with serving(config(house.redis.url, tmp_path)):
            house.wait_for_usage(3, within=30)
        assert list((tmp_path / "spool").iterdir()) == []


def spool(house: House) -> Spool:
    with house.redis.client() as client:
        told: Any = client.hgetall(SPOOLS_HASH)
    assert told
    return decode_spool(next(iter(told.values())))
