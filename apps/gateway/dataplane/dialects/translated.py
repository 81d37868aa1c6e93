"""An event stream that is told in another dialect than it comes in."""

from apps.gateway.dataplane.dialects.base import EventStream
from apps.gateway.dataplane.errors import GatewayError, UpstreamFailure
from apps.gateway.dataplane.sse import Dialect, EventRelay


class TranslatedRelay(EventRelay):
    """Usage and the end are read from the upstream's own events."""

    __slots__ = ("_stream",)

    def __init__(self, stream: EventStream, spoken: Dialect) -> None:
        super().__init__(withhold_usage=False, dialect=spoken)
        self._stream = stream

    def feed(self, piece: bytes) -> bytes:
        """Raises UpstreamFailure for what cannot be translated."""
        whole = super().feed(piece)
        if self.torn:
            raise UpstreamFailure("5xx", "sent an event that is too large to be translated")
        return self._stream.feed(whole) if whole else b""

    def rest(self) -> bytes:
        """Raises UpstreamFailure when the upstream left out its last word."""
        left = super().rest()
        return self._stream.feed(left) + self._stream.end()

    def broken(self, error: GatewayError) -> bytes:
        return self._stream.broken(error)
