"""Streams that are cut off because the process that gives them is killed."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.gateway.dataplane.inflight import Tally, read_tally
from apps.gateway.dataplane.usage import UsageRecord, new_id
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import SECRET, House, config, serving
from tests.gateway.listener import Listener
from tests.gateway.test_control_plane_away import start_process
from tests.waiting import eventually


def record(**values: object) -> UsageRecord:
    return UsageRecord(id=new_id(), at=5.0, team_id=1, status=200, prompt_tokens=7, **values)  # type: ignore[arg-type]


@pytest.fixture
def tally(tmp_path: Path) -> Iterator[Tally]:
    opened = Tally()
    opened.open(tmp_path / "a.slots")
    yield opened
    opened.close()


class TestTheTally:
    def test_tells_what_was_going_on(self, tally: Tally, tmp_path: Path) -> None:
        first, second, third = record(), record(model="m" * 100), record()
        slots = [tally.begin(each) for each in (first, second, third)]
        for slot, events in zip(slots, (4, 9, 2), strict=True):
            tally.counts[slot] = events
        tally.end(slots[0])

        left = list(read_tally(tmp_path / "a.slots"))

        assert {(each.id, each.completion_tokens) for each in left} == {
            (second.id, 9),
            (third.id, 2),
        }
        assert {(each.error, each.estimated, each.at, each.prompt_tokens) for each in left} == {
            ("gateway_died", True, 5.0, 7)
        }

    def test_a_slot_is_used_again_from_the_beginning(self, tally: Tally, tmp_path: Path) -> None:
        slot = tally.begin(record(model="a long name " * 10))
        tally.counts[slot] = 99
        tally.end(slot)
        again = record()

        assert tally.begin(again) == slot

        assert [(each.id, each.completion_tokens) for each in read_tally(tmp_path / "a.slots")] == [
            (again.id, 0)
        ]

    def test_one_too_many_and_one_too_large_go_without(self, tally: Tally) -> None:
        huge = record(served_by="s" * 2000)
        assert tally.begin(huge) == 0
        traced = record(trace="[" + "1," * 2000 + "1]", model="m" * 200)
        assert tally.begin(traced) != 0
        slots = [tally.begin(record()) for _ in range(5000)]
        assert slots.count(0) > 0

        tally.counts[0] = 12
        tally.end(0)
        assert tally.begin(record()) == 0

    def test_without_a_file_nothing_breaks(self, tmp_path: Path) -> None:
        blocked = tmp_path / "file"
        blocked.write_text("")
        for path in (None, blocked / "a.slots"):
            tally = Tally()
            tally.open(path)
            slot = tally.begin(record())
            tally.counts[slot] = 3
            tally.end(slot)
            tally.close()

    def test_torn_or_missing_files_say_nothing(self, tmp_path: Path) -> None:
        assert list(read_tally(tmp_path / "none")) == []
        torn = tmp_path / "torn"
        torn.write_bytes(b"\x01\x00\x00\x00\x05\x00\x00\x00{bad}" * 400)
        assert list(read_tally(torn)) == []


@pytest.mark.slow
class TestAKilledProcess:
    def test_loses_nothing_that_clients_have_seen(
        self, house: House, upstream: FaultyUpstream, tmp_path: Path
    ) -> None:
        house.serve("tiny", upstream.url)
        house.publish()
        process, port = start_process(house.redis.url, tmp_path)
        upstream.holds_after = 3
        try:
            clients = [Listener(port, SECRET) for _ in range(5)]
            eventually(lambda: [each.events for each in clients] == [3] * 5, within=30)
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate(timeout=30)
        upstream.holds_after = None
        for client in clients:
            client.wait()

        with serving(config(house.redis.url, tmp_path)):
            records = {each.id: each for each in house.wait_for_usage(6, within=30)}

        assert [each.whole for each in clients] == [False] * 5
        for client in clients:
            told = records[client.id]
            assert (told.completion_tokens, told.error, told.estimated, told.status) == (
                3,
                "gateway_died",
                True,
                200,
            )
            assert (told.key_id, told.served_by) == (1, "up-1")
        assert list((tmp_path / "spool").iterdir()) == []

    def test_a_stream_that_ends_leaves_nothing_behind(
        self, house: House, upstream: FaultyUpstream, tmp_path: Path
    ) -> None:
        house.serve("tiny", upstream.url)
        house.publish()
        process, port = start_process(house.redis.url, tmp_path)
        try:
            client = Listener(port, SECRET)
            client.wait()
            assert client.whole
            house.wait_for_usage(2, within=30)
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate(timeout=30)

        with serving(config(house.redis.url, tmp_path)):
            eventually(lambda: not list((tmp_path / "spool").glob(f"*-{process.pid}-*")), within=30)
        records = [each for each in house.usage() if each.id == client.id]
        assert [(each.completion_tokens, each.error) for each in records] == [(6, "")]
