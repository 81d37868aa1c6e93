"""The events of the stream, read once per process and handed to every open socket.

A socket that is slow or was away never makes another one wait: what it has not taken yet lies in
its own list, and a list that grows too long becomes the advice to fetch everything anew.
"""

import asyncio
import logging
from collections import deque
from typing import Any, cast
from weakref import WeakKeyDictionary

import redis
import redis.asyncio

from apps.core.events import EVENTS_STREAM
from apps.core.redis import async_blocking_redis

BLOCK_SECONDS = 5
READ_AT_ONCE = 1_000
WAITING_AT_MOST = 10_000
RETRY_SECONDS = 0.5

Entry = tuple[str, dict[str, str]]  # as it lies in the stream
Event = dict[str, str]  # id, subject, subject_id, change

logger = logging.getLogger(__name__)


class Subscription:
    """What one socket has still to be sent. Read with `take`."""

    def __init__(self, *, team_id: int, last_id: str) -> None:
        self.team_id = str(team_id)
        self.last_id = last_id
        self._waiting: deque[Event] = deque()
        self._held: list[Entry] | None = None
        self._reset = False
        self._wake = asyncio.Event()

    def offer(self, entry_id: str, fields: dict[str, str]) -> None:
        """An event that has just happened."""
        if self._held is None:
            self.accept(entry_id, fields)
        else:
            self._held.append((entry_id, fields))

    def accept(self, entry_id: str, fields: dict[str, str]) -> None:
        """Keep the event if this socket may see it and has not had it."""
        if fields["team"] not in ("", self.team_id) or not _is_later(entry_id, self.last_id):
            return
        if len(self._waiting) >= WAITING_AT_MOST:
            self.reset()
            return
        self.last_id = entry_id
        seen = {name: fields[name] for name in ("subject", "subject_id", "change")}
        self._waiting.append({"id": entry_id, **seen})
        self._wake.set()

    def hold(self) -> None:
        """Keep what is offered aside until older events are in."""
        self._held = []

    def let_go(self) -> None:
        held, self._held = self._held or [], None
        for entry_id, fields in held:
            self.accept(entry_id, fields)

    def reset(self) -> None:
        """Events may be missing: the other end has to fetch everything anew."""
        self._waiting.clear()
        self._reset = True
        self._wake.set()

    async def take(self, *, within: float) -> tuple[bool, list[Event]]:
        """Whether to reset, and the events since the last call; both empty after `within` s."""
        try:
            await asyncio.wait_for(self._wake.wait(), within)
        except TimeoutError:
            return False, []
        self._wake.clear()
        reset, self._reset = self._reset, False
        events = list(self._waiting)
        self._waiting.clear()
        return reset, events


class EventFeed:
    """The one reader of this process and those it reads for."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._reader: asyncio.Task[None] | None = None
        self._at: str | None = None  # None until the place to start from is known
        self._ready = asyncio.Event()

    async def subscribe(self, *, team_id: int, after: str | None) -> Subscription:
        """From now on, or from after an id that was seen; too old an id resets.

        Raises redis.RedisError when Redis does not answer.
        """
        if self._reader is None or self._reader.done():
            self._ready.clear()
            self._at = None
            self._reader = asyncio.create_task(self._read(), name="event-feed")
        await asyncio.wait_for(self._ready.wait(), BLOCK_SECONDS)
        subscription = Subscription(team_id=team_id, last_id=self._at or "0-0")
        self._subscriptions.add(subscription)
        if after is not None:
            await self._replay(subscription, after)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)

    async def close(self) -> None:
        """Stop reading; for a process that ends or a test that is over."""
        # More than once: a cancel that meets an answer just coming in is swallowed on the way.
        while self._reader is not None and not self._reader.done():
            self._reader.cancel()
            await asyncio.wait([self._reader], timeout=0.2)

    async def _replay(self, subscription: Subscription, after: str) -> None:
        """What the stream holds after an id; what comes in meanwhile is kept for afterwards."""
        subscription.hold()
        client = async_blocking_redis(block_seconds=0)
        try:
            if await _is_kept(client, after):
                subscription.last_id = after
                while entries := await _entries(client, min=f"({after}", count=READ_AT_ONCE):
                    for entry_id, fields in entries:
                        subscription.accept(entry_id, fields)
                    after = entries[-1][0]
            else:
                subscription.reset()
        finally:
            await client.aclose()
            subscription.let_go()

    async def _read(self) -> None:
        client = async_blocking_redis(block_seconds=BLOCK_SECONDS)
        try:
            await self._read_with(client)
        finally:
            await client.aclose()

    async def _read_with(self, client: redis.asyncio.Redis) -> None:
        was_away = False
        while True:
            try:
                if self._at is None:
                    self._at = await _last_id(client)
                self._ready.set()
                answer = await client.xread(
                    {EVENTS_STREAM: self._at}, block=BLOCK_SECONDS * 1_000, count=READ_AT_ONCE
                )
            except redis.RedisError as error:
                if not was_away:
                    logger.warning("events not read", extra={"error": str(error)})
                was_away = True
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if was_away:
                was_away = False
                self._reset_all()
            self._hand_out(answer)

    def _hand_out(self, answer: Any) -> None:
        for _, entries in answer or []:
            for entry_id, fields in entries:
                self._at = entry_id
                for subscription in self._subscriptions:
                    subscription.offer(entry_id, fields)

    def _reset_all(self) -> None:
        for subscription in self._subscriptions:
            subscription.reset()


_feeds: WeakKeyDictionary[asyncio.AbstractEventLoop, EventFeed] = WeakKeyDictionary()


def event_feed() -> EventFeed:
    """The feed of the running event loop."""
    return _feeds.setdefault(asyncio.get_running_loop(), EventFeed())


async def _entries(client: redis.asyncio.Redis, **wanted: Any) -> list[Entry]:
    """In the types that a client which decodes really answers with."""
    return cast("list[Entry]", await client.xrange(EVENTS_STREAM, **wanted))


async def _last_id(client: redis.asyncio.Redis) -> str:
    newest = await client.xrevrange(EVENTS_STREAM, count=1)
    return str(newest[0][0]) if newest else "0-0"


async def _is_kept(client: redis.asyncio.Redis, entry_id: str) -> bool:
    """Whether everything after this id is still in the stream; 0-0 asks for all there is."""
    if entry_id == "0-0":
        return True
    oldest = await _entries(client, count=1)
    if not oldest:
        return False
    newest = await _last_id(client)
    return not _is_later(oldest[0][0], entry_id) and not _is_later(entry_id, newest)


def _is_later(one: str, other: str) -> bool:
    return _number(one) > _number(other)


def _number(entry_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)
