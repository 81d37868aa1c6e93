"""The one websocket of the console. It says what to fetch again; it takes no commands."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Collection
from typing import Any, Protocol
from urllib.parse import parse_qs
from uuid import uuid4
from weakref import WeakKeyDictionary

import orjson
import redis
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError

from apps.core.errors import AppError, Forbidden, Unauthenticated
from apps.core.feed import Subscription, event_feed
from apps.core.redis import get_redis

BATCH_SECONDS = 0.05
EVENTS_PER_MESSAGE = 500
PING_SECONDS = 20
RECHECK_SECONDS = 3
SLOW_SECONDS = 30  # a socket that cannot take a message for this long is closed
LARGEST_MESSAGE = 1_024  # characters a client may send at once
MESSAGES_PER_WINDOW, WINDOW_SECONDS = 20, 10.0
LEASE_SECONDS = 60

NOT_SIGNED_IN, NOT_ALLOWED, TOO_SLOW, TOO_LARGE, TOO_MANY = 4401, 4403, 4408, 4413, 4429

logger = logging.getLogger(__name__)


class SocketCaller(Protocol):
    """Who is at the other end. Equal and hashable by what makes the sign-in valid."""

    @property
    def user_id(self) -> int: ...
    @property
    def team_id(self) -> int: ...


Identify = Callable[[dict[str, Any]], SocketCaller]
StillValid = Callable[[Collection[Any]], set[Any]]


class EventStream(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Pushes hints to one signed-in console.

    Messages are `{"events": [{"id", "subject", "subject_id", "change"}]}`, empty ones to keep the
    connection alive, and `{"reset": true}` when events may be missing. `?after=` replays.
    """

    identify: Identify  # who calls, from the scope; raises AppError
    still_valid: StillValid  # of these callers, those who are still signed in

    def __init__(self, *, identify: Identify, still_valid: StillValid) -> None:
        super().__init__()
        self.identify, self.still_valid = identify, still_valid
        self.caller: SocketCaller | None = None
        self.socket_id = uuid4().hex
        self.subscription: Subscription | None = None
        self.sender: asyncio.Task[None] | None = None
        self.received: deque[float] = deque(maxlen=MESSAGES_PER_WINDOW)

    async def connect(self) -> None:
        """Accept first: a close code only reaches the other end of an open socket."""
        offered = self.scope.get("subprotocols") or []
        await self.accept("bearer" if "bearer" in offered else None)
        try:
            self.caller = await database_sync_to_async(self.identify)(self.scope)
            await self._subscribe(self.caller)
        except Unauthenticated:
            await self.close(NOT_SIGNED_IN)
        except Forbidden:
            await self.close(NOT_ALLOWED)
        except AppError:
            await self.close(TOO_MANY)
        except (DatabaseError, redis.RedisError, TimeoutError):
            logger.warning("socket refused: a part of Hearth does not answer")
            await self.close(1013)  # try again later

    async def _subscribe(self, caller: SocketCaller) -> None:
        if not await sync_to_async(_take_lease)(caller.user_id, self.socket_id):
            await self.close(TOO_MANY)
            return
        asked = parse_qs(self.scope["query_string"].decode("latin-1")).get("after", [None])[0]
        self.subscription = await event_feed().subscribe(
            team_id=caller.team_id, after=asked if _is_event_id(asked) else None
        )
        if asked is not None and not _is_event_id(asked):
            self.subscription.reset()
        open_sockets().add(self)
        self.sender = asyncio.create_task(self._send_events(self.subscription))

    async def disconnect(self, code: int) -> None:
        open_sockets().discard(self)
        if self.subscription is not None:
            event_feed().unsubscribe(self.subscription)
        if self.sender is not None:
            self.sender.cancel()
        if self.caller is not None:
            await sync_to_async(_give_lease_back)(self.caller.user_id, self.socket_id)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """A client has nothing to say; a little is borne, for proxies that need traffic."""
        if bytes_data is not None or len(text_data or "") > LARGEST_MESSAGE:
            await self.close(TOO_LARGE)
            return
        now = time.monotonic()
        full = len(self.received) == MESSAGES_PER_WINDOW
        if full and now - self.received[0] < WINDOW_SECONDS:
            await self.close(TOO_MANY)
        self.received.append(now)

    async def _send_events(self, subscription: Subscription) -> None:
        while True:
            reset, events = await subscription.take(within=PING_SECONDS)
            try:
                async with asyncio.timeout(SLOW_SECONDS):
                    await self._send_batch(events, reset=reset)
            except TimeoutError:
                await self.close(TOO_SLOW)
                return
            await asyncio.sleep(BATCH_SECONDS)

    async def _send_batch(self, events: list[dict[str, str]], *, reset: bool) -> None:
        if reset:
            await self.send(text_data='{"reset":true}')
        if not events and not reset:
            await self.send(text_data='{"events":[]}')
        for start in range(0, len(events), EVENTS_PER_MESSAGE):
            batch = {"events": events[start : start + EVENTS_PER_MESSAGE]}
            await self.send(text_data=orjson.dumps(batch).decode())


class OpenSockets:
    """All sockets of this process: looked at together, with one question to the database."""

    def __init__(self) -> None:
        self._sockets: set[EventStream] = set()
        self._watch: asyncio.Task[None] | None = None

    def add(self, socket: EventStream) -> None:
        self._sockets.add(socket)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look(), name="socket-watch")

    def discard(self, socket: EventStream) -> None:
        self._sockets.discard(socket)

    async def _look(self) -> None:
        """Close the sockets of those who have signed out, and keep the leases of the others."""
        while self._sockets:
            await asyncio.sleep(RECHECK_SECONDS)
            sockets = list(self._sockets)
            if not sockets:
                return
            try:
                await self._close_invalid(sockets)
                await sync_to_async(_renew_leases)(
                    [
                        (socket.caller.user_id, socket.socket_id)
                        for socket in sockets
                        if socket.caller
                    ]
                )
            except (DatabaseError, redis.RedisError) as error:
                logger.warning("sockets not looked at", extra={"error": str(error)})

    async def _close_invalid(self, sockets: list[EventStream]) -> None:
        callers = {socket.caller for socket in sockets}
        valid = await database_sync_to_async(sockets[0].still_valid)(callers)
        for socket in sockets:
            if socket.caller not in valid:
                self.discard(socket)
                await socket.close(NOT_SIGNED_IN)


_open: WeakKeyDictionary[asyncio.AbstractEventLoop, OpenSockets] = WeakKeyDictionary()


def open_sockets() -> OpenSockets:
    """Those of the running event loop."""
    return _open.setdefault(asyncio.get_running_loop(), OpenSockets())


def _is_event_id(text: str | None) -> bool:
    return text is not None and all(part.isdigit() for part in text.split("-", 1))


def _take_lease(user_id: int, socket_id: str) -> bool:
    """Whether the person may open one more socket. A lease nobody renews runs out."""
    key, now = _leases(user_id), time.time()
    with get_redis().pipeline() as pipeline:
        pipeline.zremrangebyscore(key, 0, now)
        pipeline.zadd(key, {socket_id: now + LEASE_SECONDS})
        pipeline.zcard(key)
        pipeline.expire(key, LEASE_SECONDS)
        taken = int(pipeline.execute()[2])
    if taken > settings.SOCKETS_PER_USER:
        get_redis().zrem(key, socket_id)
        return False
    return True


def _renew_leases(held: list[tuple[int, str]]) -> None:
    until = time.time() + LEASE_SECONDS
    with get_redis().pipeline(transaction=False) as pipeline:
        for user_id, socket_id in held:
            pipeline.zadd(_leases(user_id), {socket_id: until})
            pipeline.expire(_leases(user_id), LEASE_SECONDS)
        pipeline.execute()


def _give_lease_back(user_id: int, socket_id: str) -> None:
    try:
        get_redis().zrem(_leases(user_id), socket_id)
    except redis.RedisError as error:
        logger.info("socket lease left to run out", extra={"error": str(error)})


def _leases(user_id: int) -> str:
    return f"hearth:sockets:{user_id}"
