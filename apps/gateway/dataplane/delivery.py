"""Usage, and the words that are kept, on their way out of this process."""

import logging
import os
import socket
import time
from functools import partial

import msgspec
import redis.asyncio

from apps.gateway.dataplane.bodies import Transcript
from apps.gateway.dataplane.config import GatewayConfig
from apps.gateway.dataplane.inflight import Tally
from apps.gateway.dataplane.journal import Journal, StreamFull
from apps.gateway.dataplane.usage import (
    BODIES_STREAM,
    SPOOLS_HASH,
    USAGE_FIELD,
    USAGE_STREAM,
    Spool,
    UsageRecord,
)

_LONGEST_BODIES = 10  # times the limit of one: two of them, encrypted, in one line

logger = logging.getLogger(__name__)


class Delivery:
    """Three places: what is settled, what still goes on, and what was said."""

    def __init__(self, config: GatewayConfig, client: redis.asyncio.Redis) -> None:
        self._config = config
        self._redis = client
        self._name = f"{socket.gethostname()}-{os.getpid()}"
        self._full: set[str] = set()  # streams that take no more for now
        self.tally = Tally()
        self.journal = Journal(config.spool_dir, max_bytes=config.spool_bytes)
        self.bodies = Journal(
            config.spool_dir,
            max_bytes=config.body_spool_bytes,
            name="bodies",
            chunk_bytes=_LONGEST_BODIES * config.body_bytes,
        )

    def open(self) -> None:
        self.tally.open(self.journal.open())
        self.bodies.open()

    def close(self) -> None:
        self.tally.close()
        self.journal.close()
        self.bodies.close()

    def keep_bodies(self, record: UsageRecord, request: bytes, reply: Transcript) -> None:
        """What was asked and answered, for a key that wants it kept."""
        if self._config.encrypt is not None:
            self.bodies.add(reply.seal(of=record, request=request, encrypt=self._config.encrypt))

    async def deliver(self, *, orphans: bool = False) -> None:
        """Hand over what waits; `orphans`: also what processes that are gone have left behind.

        Raises RedisError and OSError; what was not taken stays.
        """
        for journal, stream, limit in (
            (self.journal, USAGE_STREAM, self._config.stream_bytes),
            (self.bodies, BODIES_STREAM, self._config.body_spool_bytes),
        ):
            add = partial(self._add, stream, limit)
            try:
                await journal.deliver(add)
                if orphans:
                    await journal.deliver_orphans(add)
            except StreamFull:
                if stream not in self._full:
                    logger.warning("%s is full, for no worker takes from it: it waits here", stream)
                self._full.add(stream)
            else:
                self._full.discard(stream)

    async def _add(self, stream: str, limit: int, lines: bytes) -> None:
        """Raises StreamFull: a worker that is away for days must not fill the memory of Redis."""
        if (await self._redis.memory_usage(stream) or 0) > limit:
            raise StreamFull
        await self._redis.xadd(stream, {USAGE_FIELD: lines})

    def spool(self) -> Spool:
        """What of usage this process still holds."""
        return Spool(
            at=time.time(),
            waiting=self.journal.waiting_bytes,
            limit=self.journal.max_bytes,
            lost=self.journal.lost,
        )

    async def report(self) -> None:
        """Raises RedisError and OSError."""
        await self._redis.hset(SPOOLS_HASH, self._name, msgspec.json.encode(self.spool()))

    async def unreport(self) -> None:
        """Raises RedisError and OSError."""
        await self._redis.hdel(SPOOLS_HASH, self._name)
