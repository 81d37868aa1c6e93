"""What streams have said so far, in a file that outlives the process.

A stream is settled at its end. A process that is killed before leaves this tally, in which each
stream has a slot: who asks, and how many events the client has been sent. Writing the latter costs
a store into shared memory; the kernel keeps it when the process is gone.
"""

import logging
import mmap
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import msgspec

from apps.gateway.dataplane.usage import UsageRecord, decode_record

DIED = "gateway_died"

_SLOTS = 4096  # streams at once; further ones have no slot
_SLOT_BYTES = 1024
_HEAD = struct.Struct("=II")  # events, length of the record that follows; 0: nobody's
_WORDS_PER_SLOT = _SLOT_BYTES // 4
_NOBODY = 0  # the slot that streams without one write to

logger = logging.getLogger(__name__)

_encode = msgspec.json.Encoder().encode


class Tally:
    """`counts[slot]` is how many events of a stream were sent; slots come from `begin`."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._memory: mmap.mmap | None = None
        self._free: list[int] = []
        self.counts = memoryview(bytearray(_SLOT_BYTES)).cast("I")

    def open(self, path: Path | None) -> None:
        """Without a file that can be written, streams that are cut off by a kill are not known."""
        if path is None:
            return
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.ftruncate(descriptor, _SLOTS * _SLOT_BYTES)
                self._memory = mmap.mmap(descriptor, _SLOTS * _SLOT_BYTES)
            finally:
                os.close(descriptor)
        except OSError as problem:
            logger.warning("streams are not noted while they last, %s: %s", path, problem)
            return
        self._path = path
        self.counts = memoryview(self._memory).cast("I")
        # The last one freed is taken first, so that few pages are ever touched.
        self._free = [number * _WORDS_PER_SLOT for number in range(_SLOTS - 1, 0, -1)]

    def begin(self, record: UsageRecord) -> int:
        """A slot for a stream that begins, with what is known of it."""
        if not self._free or self._memory is None:
            return _NOBODY
        raw = _encode(record)
        if len(raw) > _SLOT_BYTES - _HEAD.size:
            raw = _encode(msgspec.structs.replace(record, trace="", model=record.model[:40]))
        if len(raw) > _SLOT_BYTES - _HEAD.size:
            return _NOBODY
        slot = self._free.pop()
        begin = slot * 4
        self._memory[begin + _HEAD.size : begin + _HEAD.size + len(raw)] = raw
        self.counts[slot] = 0
        self.counts[slot + 1] = len(raw)  # last: from now on the slot is somebody's
        return slot

    def end(self, slot: int) -> None:
        """The stream is settled elsewhere."""
        if slot != _NOBODY:
            self.counts[slot + 1] = 0
            self._free.append(slot)

    def close(self) -> None:
        """Remove the file: whoever closes in order has settled every stream."""
        if self._memory is None or self._path is None:
            return
        self.counts.release()
        self._memory.close()
        self._memory = None
        self._path.unlink(missing_ok=True)
        self.counts = memoryview(bytearray(_SLOT_BYTES)).cast("I")
        self._free = []


def read_tally(path: Path) -> Iterator[UsageRecord]:
    """The streams that a process which is gone was giving, as records of their own."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return
    for begin in range(_SLOT_BYTES, len(raw), _SLOT_BYTES):
        events, length = _HEAD.unpack_from(raw, begin)
        if not length:
            continue
        body = begin + _HEAD.size
        try:
            record = decode_record(raw[body : body + length])
        except msgspec.DecodeError as problem:
            logger.warning("a torn slot of %s left out: %s", path, problem)
            continue
        record.error = DIED
        record.estimated = True
        record.completion_tokens = events
        yield record
