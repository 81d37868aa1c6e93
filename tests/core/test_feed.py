"""The one reader of the event stream, when Redis goes away under it."""

import asyncio
import subprocess

import redis

from apps.core.events import EVENTS_STREAM
from apps.core.feed import EventFeed
from tests.waiting import eventually


def start_redis(directory):
    socket = directory / "redis.sock"
    socket.unlink(missing_ok=True)
    process = subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    eventually(socket.exists, within=30)
    return process


def add(address, subject_id):
    fields = {"subject": "node", "subject_id": subject_id, "change": "updated", "team": ""}
    redis.Redis.from_url(address).xadd(EVENTS_STREAM, fields)


async def test_after_redis_was_killed_sockets_are_told_to_fetch_everything(tmp_path, settings):
    settings.REDIS_URL = f"unix://{tmp_path}/redis.sock"
    process = start_redis(tmp_path)
    try:
        feed = EventFeed()
        subscription = await feed.subscribe(team_id=1, after=None)
        add(settings.REDIS_URL, "1")
        reset, events = await subscription.take(within=5)
        assert (reset, [event["subject_id"] for event in events]) == (False, ["1"])

        process.kill()
        process.wait()
        process = await asyncio.to_thread(start_redis, tmp_path)
        add(settings.REDIS_URL, "2")

        resets, seen = 0, []
        async with asyncio.timeout(20):
            while not seen:
                reset, events = await subscription.take(within=5)
                resets += reset
                seen += [event["subject_id"] for event in events]
        assert seen == ["2"]
        assert resets == 1
    finally:
        await feed.close()
        process.kill()
        process.wait()


async def test_a_socket_that_takes_nothing_costs_a_bounded_list(monkeypatch, tmp_path, settings):
    settings.REDIS_URL = f"unix://{tmp_path}/redis.sock"
    monkeypatch.setattr("apps.core.feed.WAITING_AT_MOST", 10)
    process = start_redis(tmp_path)
    try:
        feed = EventFeed()
        slow = await feed.subscribe(team_id=1, after=None)
        quick = await feed.subscribe(team_id=1, after=None)
        seen = []
        for number in range(30):
            add(settings.REDIS_URL, str(number))
            _, events = await quick.take(within=5)
            seen += events

        assert len(seen) == 30
        reset, events = await slow.take(within=5)
        assert reset
        assert len(events) <= 10
    finally:
        await feed.close()
        process.kill()
        process.wait()
