"""Usage between the end of a request and Redis."""

from pathlib import Path

import pytest

from apps.gateway.dataplane.journal import Journal
from apps.gateway.dataplane.usage import UsageRecord, decode_record, new_id


def record() -> UsageRecord:
    return UsageRecord(id=new_id(), at=1.0, team_id=1, model="tiny", status=200)


class Receiver:
    """Takes what is delivered; fails as often as it is told to."""

    def __init__(self, *, failures: int = 0) -> None:
        self.lines: list[bytes] = []
        self.failures = failures

    async def __call__(self, chunk: bytes) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError
        self.lines += chunk.splitlines()

    @property
    def ids(self) -> list[str]:
        return [decode_record(line).id for line in self.lines]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    opened = Journal(tmp_path, max_bytes=100_000)
    opened.open()
    return opened


def sizes(folder: Path) -> list[int]:
    return [path.stat().st_size for path in folder.iterdir()]


def rename_filled(folder: Path, new: Path) -> None:
    next(path for path in folder.iterdir() if path.stat().st_size).rename(new)


class TestDelivery:
    async def test_in_order_and_once(self, journal: Journal, tmp_path: Path) -> None:
        records = [record() for _ in range(100)]
        receiver = Receiver()
        for each in records:
            journal.add(each)

        await journal.deliver(receiver)
        await journal.deliver(receiver)

        assert receiver.ids == [each.id for each in records]
        assert journal.waiting_bytes == 0
        assert sizes(tmp_path) == [0]
        journal.close()
        assert sizes(tmp_path) == []

    async def test_what_could_not_be_sent_stays(self, journal: Journal) -> None:
        journal.add(record())
        receiver = Receiver(failures=1)
        with pytest.raises(ConnectionError):
            await journal.deliver(receiver)
        journal.add(record())

        await journal.deliver(receiver)

        assert len(receiver.ids) == 2
        journal.close()

    async def test_of_a_process_that_is_gone(self, journal: Journal, tmp_path: Path) -> None:
        lines = [record() for _ in range(3)]
        left = tmp_path / "usage-1-1000.jsonl"
        before = Journal(tmp_path, max_bytes=100_000)
        before.open()
        for each in lines:
            before.add(each)
        rename_filled(tmp_path, left)
        receiver = Receiver()

        await journal.deliver_orphans(receiver)
        assert receiver.ids == []  # its process holds the lock

        before.close()
        await journal.deliver_orphans(receiver)
        assert receiver.ids == [each.id for each in lines]
        assert not left.exists()
        journal.close()


class TestTrouble:
    async def test_full_is_said_and_nothing_breaks(self, tmp_path: Path) -> None:
        journal = Journal(tmp_path, max_bytes=500)
        journal.open()
        for _ in range(10):
            journal.add(record())
        receiver = Receiver()

        await journal.deliver(receiver)

        assert 0 < len(receiver.ids) < 10
        assert journal.lost == 10 - len(receiver.ids)
        journal.add(record())
        await journal.deliver(receiver)
        assert len(receiver.ids) == 11 - journal.lost
        journal.close()

    async def test_without_a_folder_it_waits_in_memory(self, tmp_path: Path) -> None:
        blocked = tmp_path / "file"
        blocked.write_text("")
        for folder in (None, blocked):
            journal = Journal(folder, max_bytes=1000)
            journal.open()
            journal.add(record())
            receiver = Receiver()

            await journal.deliver(receiver)

            assert len(receiver.ids) == 1
            assert journal.waiting_bytes == 0


class TestIds:
    def test_are_version_7_and_grow(self) -> None:
        ids = [new_id() for _ in range(1000)]

        assert len(set(ids)) == 1000
        assert all(each[14] == "7" and each[19] in "89ab" for each in ids)
        assert [each[:13] for each in ids] == sorted(each[:13] for each in ids)
