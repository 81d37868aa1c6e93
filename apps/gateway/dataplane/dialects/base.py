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


def through_chat(outer: Translation, inner: Translation) -> Translation:
    """From one dialect to another by way of chat completions: `outer` is over chat, `inner` is
    chat over something else."""

    def request(body: bytes, model: str | None) -> bytes:
        return inner.request(outer.request(body, None), model)

    def reply(body: bytes, asked: bytes) -> bytes:
        return outer.reply(inner.reply(body, outer.request(asked, None)), asked)

    def stream(asked: bytes) -> EventStream:
        return _Both(outer.stream(asked), inner.stream(outer.request(asked, None)))

    return Translation(request, reply, stream)


class _Both:
    def __init__(self, outer: EventStream, inner: EventStream) -> None:
        self._outer = outer
        self._inner = inner

    def feed(self, events: bytes) -> bytes:
        return self._outer.feed(self._inner.feed(events))

    def end(self) -> bytes:
        return self._outer.feed(self._inner.end()) + self._outer.end()

    def broken(self, error: GatewayError) -> bytes:
        return self._outer.broken(error)
