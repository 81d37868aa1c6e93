"""What of a request leaves the gateway: all of it, what it cost, or that there was one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from apps.gateway.dataplane import keys, snapshot
from apps.gateway.dataplane.bodies import Transcript
from apps.gateway.dataplane.limits import counters
from apps.gateway.dataplane.usage import (
    BODIES_STREAM,
    USAGE_FIELD,
    BodiesRecord,
    decode_bodies,
    new_id,
)
from apps.gateway.dataplane.usage import UsageRecord as Record
from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import SECRET, House, Served, post
from tests.waiting import eventually


@pytest.fixture
def start(
    house: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
) -> Callable[..., Served]:
    """A gateway whose only key has this privacy."""

    def started(privacy: snapshot.Privacy, **changes: Any) -> Served:
        house.keys[0] = snapshot.KeyEntry(
            id=1, team_id=1, digest=keys.digest(SECRET), privacy=privacy
        )
        house.serve("tiny", upstream.url)
        return start_gateway(**{"encrypt": lambda plain: f"sealed:{plain}", **changes})

    return started


def kept(house: House) -> list[BodiesRecord]:
    with house.redis.client() as client:
        entries: Any = client.xrange(BODIES_STREAM)
    return [
        decode_bodies(line)
        for _, entry in entries
        for line in entry[USAGE_FIELD.encode()].splitlines()
    ]


class TestFull:
    def test_what_was_asked_and_answered_is_kept_encrypted(
        self, start: Callable[..., Served], house: House
    ) -> None:
        gateway = start("full")
        plain = post(gateway, user="me")
        stream = post(gateway, stream=True)

        eventually(lambda: len(kept(house)) == 2, within=30)

        words = {each.id: each for each in kept(house)}
        first = words[plain.headers["x-request-id"]]
        assert first.sealed_request.startswith('sealed:{"model"')
        assert '"user":"me"' in first.sealed_request.replace(": ", ":")
        assert first.sealed_reply == f"sealed:{plain.text}"
        assert first.reply_bytes == len(plain.content)
        second = words[stream.headers["x-request-id"]]
        assert second.sealed_reply == f"sealed:{stream.text}"
        records = {each.id: each.at for each in house.wait_for_usage(2)}
        assert {each.id: each.at for each in words.values()} == records

    def test_a_refusal_is_kept_too(self, start: Callable[..., Served], house: House) -> None:
        refused = post(start("full"), model="nobody")

        words = eventually(lambda: kept(house), within=30)

        assert refused.status_code == 404
        assert "nobody" in words[0].sealed_reply

    def test_long_ones_are_cut(self, start: Callable[..., Served], house: House) -> None:
        gateway = start("full", body_bytes=100)
        reply = post(gateway, stream=True, max_tokens=50, user="u" * 500)

        words = eventually(lambda: kept(house), within=30)[0]

        assert len(words.sealed_request) == len(words.sealed_reply) == len("sealed:") + 100
        assert words.reply_bytes == len(reply.content)
        assert words.request_bytes > 500

    def test_what_does_not_fit_on_disk_is_lost_and_the_request_is_not(
        self, start: Callable[..., Served], house: House
    ) -> None:
        gateway = start("full", body_spool_bytes=10)

        assert post(gateway).status_code == 200
        assert len(house.wait_for_usage(1)) == 1
        assert kept(house) == []

    def test_without_a_way_to_encrypt_nothing_is_kept(
        self, start: Callable[..., Served], house: House, tmp_path: Path
    ) -> None:
        gateway = start("full", encrypt=None)

        assert post(gateway).status_code == 200
        assert len(house.wait_for_usage(1)) == 1
        assert kept(house) == []
        assert all(not path.stat().st_size for path in (tmp_path / "spool").glob("bodies-*"))


class TestLess:
    def test_by_default_only_what_it_cost(self, start: Callable[..., Served], house: House) -> None:
        post(start("metadata"), stream=True)

        record = house.wait_for_usage(1)[0]

        assert record.logged
        assert record.address == "127.0.0.1"
        assert kept(house) == []

    def test_none_is_marked_as_not_to_be_listed(
        self, start: Callable[..., Served], house: House
    ) -> None:
        post(start("none"), stream=True)

        record = house.wait_for_usage(1)[0]

        assert not record.logged
        assert (record.address, record.trace) == ("", "")
        assert record.completion_tokens == 5
        assert kept(house) == []

    @pytest.mark.parametrize(("privacy", "noted"), [("none", False), ("metadata", True)])
    def test_why_it_was_turned_away_is_told_to_the_client_alone(
        self,
        start: Callable[..., Served],
        house: House,
        privacy: snapshot.Privacy,
        noted: bool,
    ) -> None:
        assert post(start(privacy), model="nowhere").status_code == 404

        house.wait_for_usage(1)
        with house.redis.client() as client:
            assert (counters.read_refusal(client, 1) is not None) is noted


class TestTranscript:
    def test_of_bytes_that_are_no_text(self) -> None:
        transcript = Transcript(1000)
        transcript.add(b"RIFF\x00\x00\x01")

        sealed = transcript.seal(
            of=Record(id=new_id(), at=1.0, team_id=1), request=b"\xff{}", encrypt=str
        )

        assert sealed.sealed_reply == "(7 bytes that are no text)"
        assert sealed.sealed_request == "\ufffd{}"
        assert msgspec.json.decode(msgspec.json.encode(sealed), type=BodiesRecord) == sealed
