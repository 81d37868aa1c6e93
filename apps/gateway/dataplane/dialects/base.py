"""What every translation between two dialects is made of.

A module `a_over_b` serves clients that speak `a` from an upstream that speaks `b`. It has

    request(body, model) -> bytes      the client's body as `b` wants it; `model` None keeps it
    reply(body, asked) -> bytes        a plain 200 reply of the upstream, as `a`
    Stream(asked)                      an event stream of the upstream, as `a`

where `asked` is the client's own body. `request` raises GatewayError 400 for what `b` cannot
express: nothing is dropped in silence unless docs/dialects.md lists it. `reply` and `Stream` raise
UpstreamFailure "5xx" when the upstream does not speak `b`. A stream for which the client asked no
usage asks the upstream for it all the same; what was used is read from the upstream's own events.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from apps.gateway.dataplane.errors import GatewayError


class EventStream(Protocol):
    """One stream on its way through."""

    def feed(self, events: bytes) -> bytes:
        """Whole events in, whole events out. An error event of the upstream becomes one of the
        client's dialect, after which nothing more comes out."""
        ...

    def end(self) -> bytes:
        """The upstream ended cleanly: what is still owed. Raises UpstreamFailure when its last
        word is missing, so that no client takes half a reply for a whole one."""
        ...

    def broken(self, error: GatewayError) -> bytes:
        """The stream cannot go on: the dialect's own error event, and nothing like a clean end."""
        ...


@dataclass(frozen=True, slots=True)
class Translation:
    request: Callable[[bytes, str | None], bytes]
    reply: Callable[[bytes, bytes], bytes]
    stream: Callable[[bytes], EventStream]
