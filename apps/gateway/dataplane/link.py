"""The line to the control plane: the route table comes in; usage, demand and activity go out.

All of it is in the background. No request waits for Redis, except one that needs a model woken.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from apps.gateway.dataplane import snapshot
from apps.gateway.dataplane.circuits import CIRCUITS_HASH
from apps.gateway.dataplane.config import GatewayConfig
from apps.gateway.dataplane.delivery import Delivery
from apps.gateway.dataplane.route_table import RouteTable
from apps.gateway.dataplane.table_reading import Known, read_table

DEMAND_STREAM = "hearth:gateway:demand"
ACTIVITY_HASH = "hearth:gateway:activity"

_DEMAND_KEPT = 1000
_ASK_AGAIN_SECONDS = 5.0
_PAUSE_SECONDS = 0.5
_ORPHAN_SECONDS = 30.0
_CIRCUITS_KEPT_SECONDS = 60
_REDIS_TROUBLE = (RedisError, OSError)

logger = logging.getLogger(__name__)


class ControlLink:
    """Holds the current table and everything that is on its way to the control plane."""

    def __init__(self, config: GatewayConfig) -> None:
        self._config = config
        self.table = RouteTable()
        self._known = Known()
        self._stopping = False
        self.reachable = False
        self._was_lost = False
        self._refused_version: int | None = None
        self._changed = asyncio.Event()
        self.on_change: list[Callable[[], None]] = []  # called when another table is in use
        self._asked: dict[int, float] = {}
        self._active: Counter[int] = Counter()
        self._touched: set[int] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._redis = self._client(socket_timeout=2)
        self.delivery = Delivery(config, self._redis)
        self.journal, self.tally = self.delivery.journal, self.delivery.tally

    def _client(self, *, socket_timeout: float) -> redis.asyncio.Redis:
        return redis.asyncio.Redis.from_url(
            self._config.redis_url,
            socket_timeout=socket_timeout,
            socket_connect_timeout=1,
            retry=Retry(NoBackoff(), 0),
        )

    # -- life

    async def start(self) -> None:
        """Take the cached table, look once for a newer one, and go on in the background."""
        self.delivery.open()
        if self._config.cache_file is not None:
            self._use_cached(self._config.cache_file)
        try:
            await asyncio.wait_for(self.refresh(), 2)
        except (TimeoutError, *_REDIS_TROUBLE) as problem:
            logger.warning("Redis does not answer, going on with what is known: %s", problem)
        self._tasks = [self._background(self._follow()), self._background(self._send())]

    def _use_cached(self, path: Path) -> None:
        cached = snapshot.read_cache(path)
        if cached is None:
            return
        try:
            self._use(self._read(cached))
        except msgspec.DecodeError as problem:
            logger.warning("the cached snapshot %s is not one of ours: %s", path, problem)

    def _background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(work)

    async def stop(self) -> None:
        self._stopping = True  # said as well: the client of Redis may swallow a cancellation
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await asyncio.wait_for(self.delivery.deliver(), 2)
            await asyncio.wait_for(self.delivery.unreport(), 1)
        except (TimeoutError, *_REDIS_TROUBLE) as problem:
            logger.warning("usage stays in the journal: %s", problem)
        self.delivery.close()
        await self._redis.aclose()

    # -- the table

    async def _follow(self) -> None:
        """Refresh at every announcement and at every poll."""
        async with self._client(socket_timeout=self._config.poll_seconds + 10) as listener:
            while not self._stopping:
                try:
                    await self._listen(listener)
                except _REDIS_TROUBLE as problem:
                    self._lost(problem)
                    await asyncio.sleep(_PAUSE_SECONDS)
                except Exception:
                    # Whoever stops following goes on serving keys that were revoked.
                    logger.exception("the gateway's table could not be followed; trying again")
                    await asyncio.sleep(_PAUSE_SECONDS)

    async def _listen(self, listener: redis.asyncio.Redis) -> None:
        async with listener.pubsub() as channel:
            await channel.subscribe(snapshot.CHANGED_CHANNEL)
            while not self._stopping:
                await self.refresh()
                await channel.get_message(timeout=self._config.poll_seconds)

    async def refresh(self) -> None:
        """Read the snapshot if its version is another one. Raises RedisError or OSError."""
        beginning = await self._redis.getrange(snapshot.SNAPSHOT_KEY, 0, snapshot.VERSION_BYTES - 1)
        self._found()
        version = snapshot.version_of(_raw(beginning))
        if version in (None, self.table.version, self._refused_version):
            return
        raw = _raw(await self._redis.get(snapshot.SNAPSHOT_KEY))
        try:
            self._use(await asyncio.to_thread(self._read, raw))
        except msgspec.DecodeError as problem:
            self._refused_version = version
            logger.error("snapshot %s cannot be read, the one before stays: %s", version, problem)  # noqa: TRY400
            return
        if self._config.cache_file is not None:
            await asyncio.to_thread(snapshot.write_cache, self._config.cache_file, raw)

    def _read(self, raw: bytes) -> RouteTable:
        """In a thread of its own: with ten thousand keys it takes long enough to be noticed."""
        self._known = read_table(raw, decrypt=self._config.decrypt, known=self._known)
        return self._known.table

    def _use(self, table: RouteTable) -> None:
        self.table = table
        self._changed.set()
        self._changed = asyncio.Event()
        for tell in self.on_change:
            tell()

    async def wait_for_change(self, *, within: float) -> None:
        """Return when another table is in use, or when the time is over."""
        with suppress(TimeoutError):  # and no `wait_for`, which may swallow the client's leaving
            async with asyncio.timeout(within):
                await self._changed.wait()

    def _found(self) -> None:
        if self._was_lost:
            logger.info("Redis answers again")
        self.reachable, self._was_lost = True, False

    def _lost(self, problem: Exception) -> None:
        if not self._was_lost:
            logger.warning("Redis does not answer; known keys and routes go on: %s", problem)
        self.reachable, self._was_lost = False, True

    # -- what goes out

    async def ask_for(self, deployment_id: int) -> None:
        """Tell the control plane that somebody waits for this deployment. Raises RedisError."""
        now = time.monotonic()
        if now - self._asked.get(deployment_id, -_ASK_AGAIN_SECONDS) < _ASK_AGAIN_SECONDS:
            return
        self._asked[deployment_id] = now
        try:
            await self._redis.xadd(
                DEMAND_STREAM,
                {"deployment_id": str(deployment_id), "at": f"{time.time():.3f}"},
                maxlen=_DEMAND_KEPT,
                approximate=True,
            )
        except _REDIS_TROUBLE:
            del self._asked[deployment_id]
            raise

    def begin_use(self, deployment_id: int) -> None:
        self._active[deployment_id] += 1
        self._touched.add(deployment_id)

    def end_use(self, deployment_id: int) -> None:
        self._touched.add(deployment_id)
        self._active[deployment_id] -= 1
        if self._active[deployment_id] <= 0:
            del self._active[deployment_id]

    async def _send(self) -> None:
        activity_at = orphans_at = 0.0
        while not self._stopping:
            await asyncio.sleep(self._config.flush_seconds)
            now = time.monotonic()
            try:
                orphans = now - orphans_at >= _ORPHAN_SECONDS
                await self.delivery.deliver(orphans=orphans)
                orphans_at = now if orphans else orphans_at
                if now - activity_at >= 1:
                    activity_at = now
                    await self.delivery.report()
                    await self._report_activity()
            except _REDIS_TROUBLE as problem:
                self._lost(problem)
                await asyncio.sleep(_PAUSE_SECONDS)
            except Exception:
                logger.exception("usage could not be sent; it stays in the journal")
                await asyncio.sleep(_PAUSE_SECONDS)

    async def report_circuits(self, reports: Mapping[str, bytes], gone: Collection[str]) -> None:
        """Renew what this process says about circuits. Raises RedisError or OSError."""
        if gone:
            await self._redis.hdel(CIRCUITS_HASH, *gone)
        if reports:
            await self._redis.hset(
                CIRCUITS_HASH, mapping={name: report.decode() for name, report in reports.items()}
            )
            await self._redis.expire(CIRCUITS_HASH, _CIRCUITS_KEPT_SECONDS)

    async def _report_activity(self) -> None:
        used = self._touched | set(self._active)
        if not used:
            return
        at = str(int(time.time()))
        await self._redis.hset(ACTIVITY_HASH, mapping={str(each): at for each in used})
        self._touched.clear()


def _raw(value: bytes | str | None) -> bytes:
    """What a client that does not decode returns; its type says more than it can be."""
    return value if isinstance(value, bytes) else b""
