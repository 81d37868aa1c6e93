"""Keys and routes arriving, changing and being revoked; Redis leaving and coming back."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps.gateway.dataplane import keys, snapshot
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import (
    NO_TLS,
    SECRET,
    TICKET_SECRET,
    House,
    Served,
    config,
    serving,
    wait_until_known,
)
from tests.waiting import eventually, once_quick


def ask(gateway: Served, secret: str = SECRET, **body: Any) -> httpx.Response:
    return httpx.post(
        f"{gateway.url}/chat/completions",
        json={"model": "tiny", "messages": [], **body},
        headers={"authorization": f"Bearer {secret}"},
        timeout=30,
        verify=NO_TLS,
    )


class TestKeys:
    def test_a_revoked_key_stops_working_within_two_seconds(
        self, gateway: Served, house: House
    ) -> None:
        known = list(house.keys)

        def revoke() -> float:
            house.keys = list(known)
            house.publish()
            eventually(lambda: ask(gateway).status_code == 200)
            house.keys = []
            house.publish()
            revoked_at = time.monotonic()
            eventually(lambda: ask(gateway).status_code == 401)
            return time.monotonic() - revoked_at

        once_quick(revoke, under=2)

    def test_also_when_the_announcement_is_lost(self, gateway: Served, house: House) -> None:
        house.keys.clear()
        with house.redis.client() as client:
            client.set(
                snapshot.SNAPSHOT_KEY,
                snapshot.encode(snapshot.Snapshot(version=time.time_ns() // 1000)),
            )

        eventually(lambda: ask(gateway).status_code == 401, within=30)

    def test_an_expired_key(self, gateway: Served, house: House) -> None:
        house.keys[0] = snapshot.KeyEntry(
            id=1, team_id=1, digest=keys.digest(SECRET), expires_at=time.time() + 0.5
        )
        wait_until_known(gateway, house.publish())

        eventually(lambda: ask(gateway).status_code == 401, within=30)
        assert ask(gateway).json()["error"]["code"] == "expired_api_key"

    def test_a_console_ticket(self, gateway: Served, house: House) -> None:
        ticket = keys.make_ticket(TICKET_SECRET, user_id=9, team_id=1, expires_at=time.time() + 60)
        other_team = keys.make_ticket(
            TICKET_SECRET, user_id=9, team_id=2, expires_at=time.time() + 60
        )

        assert ask(gateway, ticket).status_code == 200
        assert ask(gateway, other_team).status_code == 404
        assert ask(gateway, ticket[:-2] + "AA").status_code == 401
        records = house.wait_for_usage(2)
        assert {record.user_id for record in records} == {9}

    def test_teams_see_their_own_models_and_the_shared_ones(
        self, gateway: Served, house: House, upstream: FaultyUpstream
    ) -> None:
        house.keys.append(snapshot.KeyEntry(id=2, team_id=2, digest=keys.digest("hk_live_two")))
        house.serve("everybody", upstream.url, team_id=None)
        wait_until_known(gateway, house.publish())

        listed = httpx.get(f"{gateway.url}/models", headers={"x-api-key": "hk_live_two"}).json()

        assert [entry["id"] for entry in listed["data"]] == ["everybody"]
        assert ask(gateway, "hk_live_two").status_code == 404
        assert ask(gateway, "hk_live_two", model="everybody").status_code == 200


class TestRedisIsAway:
    def test_traffic_goes_on_and_usage_is_delivered_later(
        self, gateway: Served, house: House
    ) -> None:
        statuses: list[int] = []
        stop = threading.Event()

        def traffic() -> None:
            while not stop.is_set():
                statuses.append(ask(gateway).status_code)

        thread = threading.Thread(target=traffic)
        thread.start()
        eventually(lambda: len(statuses) > 5, within=30)
        house.redis.kill()
        eventually(lambda: len(statuses) > 40, within=30)
        house.redis.start()
        so_far = len(statuses)
        eventually(lambda: len(statuses) > so_far + 5, within=30)
        stop.set()
        thread.join()

        assert set(statuses) == {200}
        records = house.wait_for_usage(len(statuses))
        assert len({record.id for record in records}) == len(statuses)

    def test_a_redis_that_hangs_delays_nobody(self, gateway: Served, house: House) -> None:
        def wait_for_an_answer() -> float:
            began = time.monotonic()
            assert ask(gateway).status_code == 200
            return time.monotonic() - began

        wait_for_an_answer()
        house.redis.freeze()
        try:
            once_quick(wait_for_an_answer, under=1)
        finally:
            house.redis.thaw()

    def test_a_start_without_redis_uses_the_last_snapshot(
        self, house: House, upstream: FaultyUpstream, tmp_path: Path
    ) -> None:
        house.serve("tiny", upstream.url)
        version = house.publish()
        settings = config(house.redis.url, tmp_path)
        with serving(settings) as first:
            wait_until_known(first, version)
        house.redis.kill()

        with serving(settings, lifespan="off") as second:
            assert ask(second).status_code == 200
            assert ask(second, "hk_live_wrong").status_code == 401

        assert settings.cache_file is not None
        assert settings.cache_file.stat().st_mode & 0o777 == 0o600

    @pytest.mark.slow
    def test_an_idle_line_outlives_the_default_socket_timeout(
        self, gateway: Served, house: House
    ) -> None:
        """redis-py ends reads after 5 s unless told otherwise."""
        time.sleep(6)
        house.keys.clear()
        house.publish()

        eventually(lambda: ask(gateway).status_code == 401, within=30)


class TestAProcessIsKilled:
    @pytest.mark.slow
    def test_its_journal_is_delivered_by_the_next_one(
        self, house: House, upstream: FaultyUpstream, tmp_path: Path
    ) -> None:
        house.serve("tiny", upstream.url)
        house.publish()
        # The killed process never reaches Redis again: what it served is in its journal alone.
        process, port = start_process(house.redis.url, tmp_path)
        try:
            house.redis.freeze()
            gateway = Served(None, port)  # type: ignore[arg-type]
            for _ in range(7):
                assert ask(gateway).status_code == 200
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=30)
            house.redis.thaw()

        with serving(config(house.redis.url, tmp_path)):
            # Seven and the one that found it ready. An entry that Redis took while it was frozen
            # comes twice, under the same id.
            eventually(lambda: len({record.id for record in house.usage()}) == 8, within=30)
        assert list((tmp_path / "spool").iterdir()) == []


def start_process(redis_url: str, folder: Path) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.gateway.process", redis_url, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ.copy(),
    )
    assert process.stdout is not None
    port = int(process.stdout.readline())
    gateway = Served(None, port)  # type: ignore[arg-type]

    def ready() -> bool:
        try:
            return ask(gateway).status_code == 200
        except httpx.TransportError:
            return False

    eventually(ready, within=30)
    return process, port
