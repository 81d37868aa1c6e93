"""The words of a request and its reply, for keys that keep them: gathered, cut and encrypted."""

from collections.abc import Callable

from apps.gateway.dataplane.usage import BodiesRecord, UsageRecord

Encrypt = Callable[[str], str]


class Transcript:
    """What of a reply is kept, up to a limit; `size` counts all of it."""

    __slots__ = ("_kept", "_limit", "size")

    def __init__(self, limit: int) -> None:
        self._kept = bytearray()
        self._limit = limit
        self.size = 0

    def add(self, part: bytes) -> None:
        room = self._limit - len(self._kept)
        if room > 0:
            self._kept += part[:room]
        self.size += len(part)

    def seal(self, *, of: UsageRecord, request: bytes, encrypt: Encrypt) -> BodiesRecord:
        return BodiesRecord(
            id=of.id,
            at=of.at,
            team_id=of.team_id,
            sealed_request=encrypt(_readable(request[: self._limit])),
            sealed_reply=encrypt(_readable(self._kept)),
            request_bytes=len(request),
            reply_bytes=self.size,
        )


def _readable(raw: bytes | bytearray) -> str:
    """Text as it is. Of sound and other bytes only how many there were."""
    if b"\x00" in raw:
        return f"({len(raw)} bytes that are no text)"
    return raw.decode("utf-8", "replace")
