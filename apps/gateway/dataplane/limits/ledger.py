"""The gateway's side of the counters: what waits is sent together, and nothing is counted twice.

One call of the script is on its way at a time; what comes meanwhile goes with the next. Calls are
numbered under a name that the process took for itself. When an answer does not come, the name is
given up: its reservations are void from then on, and the first call under the next name learns
which call under the old one was the last to count.
"""

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from apps.gateway.dataplane.limits import script
from apps.gateway.dataplane.limits.entries import (
    Ask,
    Entry,
    Hold,
    Reservation,
    ScriptCall,
    Settlement,
)
from apps.gateway.dataplane.limits.wire import RedisRefused, Reply, Wire, command, connect

_MOST_AT_ONCE = 200  # items in one call: Redis does nothing else meanwhile
_CONNECT_SECONDS = 1.0
_PAUSE_SECONDS = 0.25
_GRACE_SECONDS = 0.02  # an answer that has arrived may stand behind the alarm in the loop
_STOP_SECONDS = 1.0
_DAY_MS = 86_400_000
_TROUBLE = (OSError, TimeoutError, RedisRefused)

logger = logging.getLogger(__name__)


class Ledger:
    """`now_ms` replaces Redis' clock in tests; 0 means that clock."""

    def __init__(
        self,
        redis_url: str,
        *,
        lease_seconds: float,
        wait_seconds: float,
        now_ms: Callable[[], int] = lambda: 0,
    ) -> None:
        self._url = redis_url
        self._lease_ms = int(lease_seconds * 1000)
        self._wait_seconds = wait_seconds
        self._now_ms = now_ms
        self.up = False
        self._loop = asyncio.get_running_loop()
        self._wire: Wire | None = None
        self._process = ""
        self._seq = 0
        self._queue: deque[Entry] = deque()
        self._live: set[Reservation] = set()
        self._flight: ScriptCall | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._flush_soon = False
        self._ended: list[str] = []  # names given up; whether Redis has heard of it is not known
        self._unsure: dict[str, tuple[int, list[Settlement]]] = {}
        self._kept: dict[tuple[tuple[str, ...], int], Settlement] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._said = False

    # -- life

    async def start(self) -> None:
        """Connect; when Redis does not answer, go on trying in the background."""
        self._tasks["beat"] = self._loop.create_task(self._beat())
        try:
            await self._connect()
        except _TROUBLE as problem:
            self._leave(problem)

    async def stop(self) -> None:
        """Hand over what is queued, if Redis takes it."""
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                while self.up and (self._queue or self._flight is not None):  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
        except TimeoutError:
            logger.warning("the last settlements did not reach Redis; they are counted from usage")
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.up = False
        if self._wire is not None:
            self._wire.close()

    async def _connect(self) -> None:
        async with asyncio.timeout(_CONNECT_SECONDS):
            wire = await connect(self._url, self._lost)
            try:
                await wire.ask(command("SCRIPT", "LOAD", script.TEXT))
            except BaseException:
                wire.close()
                raise
        self._wire = wire
        self.up = True
        self._begin()

    async def _beat(self) -> None:
        """Renew the lease, also when nobody calls."""
        while True:
            await asyncio.sleep(self._lease_ms / 3000)
            if self.up and self._flight is None:
                self._send([])

    # -- what is asked for

    async def reserve(self, reservation: Reservation, *, want: int, least: int) -> list[Any] | None:
        """The script's result, or None when Redis does not answer. A grant is noted down."""
        try:
            return await self._ask(script.RESERVE, reservation, want, least)
        except asyncio.CancelledError:
            if reservation in self._live:  # granted in the moment in which the client left
                self.settle(reservation, actual=0, at_ms=0)
            raise

    async def extend(self, reservation: Reservation, *, want: int, least: int) -> list[Any] | None:
        return await self._ask(script.EXTEND, reservation, want, least)

    async def _ask(
        self, operation: int, reservation: Reservation, want: int, least: int
    ) -> list[Any] | None:
        if not self.up:
            return None
        future: asyncio.Future[list[Any] | None] = self._loop.create_future()
        self._put(Ask(operation, reservation, want, least, future))
        return await future

    def hold(self, reservation: Reservation) -> None:
        """Note a reservation down that nobody was asked for."""
        self._live.add(reservation)
        if self.up:
            reservation.identity = self._process
            self._put(Hold(reservation))

    def settle(self, reservation: Reservation, *, actual: int, at_ms: int) -> None:
        """Give back what was reserved and count `actual` tokens. Never waits, and is never lost
        while this process lives."""
        self._live.discard(reservation)
        settlement = Settlement(reservation, actual, at_ms)
        if self.up:
            self._put(settlement)
        else:
            self._keep(settlement)

    def note(self, key: str, field_name: str, value: bytes) -> None:
        """Write one field of a hash, if Redis is there to take it."""
        if self.up and self._wire is not None:
            self._wire.send(command("HSET", key, field_name, value), lambda _: None)

    # -- calls

    def _put(self, entry: Entry) -> None:
        self._queue.append(entry)
        if self._flight is None and not self._flush_soon:
            self._flush_soon = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_soon = False
        if self._flight is None and self._queue and self.up:
            count = min(len(self._queue), _MOST_AT_ONCE)
            taken = [self._queue.popleft() for _ in range(count)]
            self._send([each for each in taken if not _given_up(each)])

    def _begin(self) -> None:
        """The first call under a new name: what is live is held again."""
        if self._process:
            self._ended.append(self._process)
        self._process = os.urandom(6).hex()
        self._seq = 0
        for reservation in self._live:
            reservation.identity = self._process
        holds: list[Entry] = [Hold(reservation) for reservation in self._live]
        self._send(holds, ended=tuple(self._ended))

    def _send(self, entries: list[Entry], *, ended: tuple[str, ...] = ()) -> None:
        rows: list[script.HolderRow] = []
        positions: dict[str, int] = {}
        items = []
        for entry in entries:
            indices = []
            for holder in entry.reservation.holders:
                position = positions.get(holder.name)
                if position is None:
                    rows.append(holder.row)
                    position = positions[holder.name] = len(rows)
                indices.append(position)
            items.append(entry.item(indices, self._process))
        self._seq += 1
        call = self._flight = ScriptCall(self._process, self._seq, entries, ended)
        argument = script.encode_call(
            rows,
            items,
            process=self._process,
            seq=self._seq,
            ended=ended,
            lease_ms=self._lease_ms,
            now_ms=self._now_ms(),
        )
        self._alarm = self._loop.call_later(self._wait_seconds, self._overdue, call)
        if self._wire is not None:
            self._wire.send(
                command("EVALSHA", script.SHA, "0", argument),
                lambda reply: self._answered(call, reply),
            )

    def _answered(self, call: ScriptCall, reply: Reply) -> None:
        if call is not self._flight:
            return
        self._land()
        answer = _read(reply)
        if isinstance(answer, Exception):
            self._leave(answer, unsure=call)
        elif answer.lost:
            # Nothing was done: all of it goes again, under a name that is not used up.
            again = [entry for entry in call.entries if not isinstance(entry, Hold)]
            self._queue.extendleft(reversed(again))
            self._begin()
        else:
            self._take(call, answer)
            self._flush()

    def _take(self, call: ScriptCall, answer: script.Answer) -> None:
        if self._said:
            logger.info("Redis counts limits again")
            self._said = False
        for name, last in zip(call.ended, answer.ended_seqs, strict=True):
            self._learn(name, last)
        for entry, result in zip(call.entries, answer.results, strict=True):
            if isinstance(entry, Ask):
                self._resolve(entry, result)
        self._queue.extend(self._kept.values())
        self._kept.clear()

    def _learn(self, name: str, last: int) -> None:
        """Redis knows that a name was given up; its last call that counted was number `last`."""
        self._ended.remove(name)
        seq, settlements = self._unsure.pop(name, (0, []))
        if last < seq:
            self._queue.extend(settlements)

    def _resolve(self, ask: Ask, result: list[Any]) -> None:
        it = ask.reservation
        if result[0] == 1:
            it.tokens += result[1]
            it.ringed += result[1]
            it.slots += (result[2], result[1])
            if ask.operation == script.RESERVE:
                it.identity = self._process
                self._live.add(it)
                if ask.future.done():  # the client has left meanwhile
                    self.settle(it, actual=0, at_ms=0)
        if not ask.future.done():
            ask.future.set_result(result)

    def _land(self) -> None:
        self._flight = None
        if self._alarm is not None:
            self._alarm.cancel()

    # -- trouble

    def _overdue(self, call: ScriptCall) -> None:
        if call is not self._flight:
            return
        if call.late:
            self._land()
            self._leave(TimeoutError(f"no answer within {self._wait_seconds} s"), unsure=call)
        else:
            call.late = True
            self._alarm = self._loop.call_later(_GRACE_SECONDS, self._overdue, call)

    def _lost(self, wire: Wire, problem: Exception | None) -> None:
        if wire is self._wire:
            call = self._flight
            self._land()
            self._leave(problem or ConnectionResetError("it closed the connection"), unsure=call)

    def _leave(self, problem: Exception, *, unsure: ScriptCall | None = None) -> None:
        """Redis does not answer: nobody waits for it until it does. Whether it has done what
        `unsure` asks for is not known."""
        if not self._said:
            self._said = True
            logger.warning("Redis does not count limits, each key's policy applies: %s", problem)
        self.up = False
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        if unsure is not None:
            if unsure.seq == 1 and isinstance(problem, RedisRefused):
                self._process = ""  # it was not taken down
            settlements = [entry for entry in unsure.entries if isinstance(entry, Settlement)]
            self._unsure[unsure.process] = (unsure.seq, settlements)
            _disappoint(unsure.entries)
        _disappoint(self._queue)
        for entry in self._queue:
            if isinstance(entry, Settlement):
                self._keep(entry)
        self._queue.clear()
        if "return" not in self._tasks and "beat" in self._tasks:
            self._tasks["return"] = self._loop.create_task(self._come_back())

    async def _come_back(self) -> None:
        while not self.up:
            await asyncio.sleep(_PAUSE_SECONDS)
            try:
                await self._connect()
            except _TROUBLE as problem:
                logger.debug("Redis does not answer yet: %s", problem)
        self._tasks.pop("return", None)

    def _keep(self, settlement: Settlement) -> None:
        """Until Redis is back. Of what it does not hold any more, only sums by day matter."""
        it = settlement.reservation
        names = tuple(holder.name for holder in it.holders)
        key = (names, settlement.at_ms // _DAY_MS)
        before = self._kept.get(key)
        total = settlement.actual + (before.actual if before is not None else 0)
        # `ringed` as large as the sum: the last minute is over by the time this is counted.
        stand_in = Reservation(it.id, it.holders, tokens=0, ringed=total)
        self._kept[key] = Settlement(stand_in, total, settlement.at_ms)


def _read(reply: Reply) -> script.Answer | Exception:
    if isinstance(reply, Exception):
        return reply
    try:
        return script.decode_answer(reply if isinstance(reply, bytes) else b"")
    except msgspec.DecodeError as problem:
        return problem


def _given_up(entry: Entry) -> bool:
    return isinstance(entry, Ask) and entry.future.done()


def _disappoint(entries: Iterable[Entry]) -> None:
    for entry in entries:
        if isinstance(entry, Ask) and not entry.future.done():
            entry.future.set_result(None)
