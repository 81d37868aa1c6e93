"""A stream that the client reads as chunks of chat completions, whatever it is made of."""

import time
from typing import Any

from apps.gateway.dataplane.body import Head, read_head
from apps.gateway.dataplane.errors import GatewayError, UpstreamFailure

COMMENT = b": ping\n\n"
DONE = b"data: [DONE]\n\n"


def envelope(of_upstream: str, asked: Head, kind: str) -> dict[str, Any]:
    """What a completion and each chunk begin with; `of_upstream` is the id of what they are of."""
    return {
        "id": "chatcmpl-" + of_upstream.removeprefix("msg_").removeprefix("resp_"),
        "object": kind,
        "created": int(time.time()),
        "model": asked.model,
    }


class ChunkStream:
    """What does not depend on the upstream's dialect: how a stream waits, ends and breaks."""

    __slots__ = ("_asked", "_calls", "_done", "_unsent")

    def __init__(self, asked: bytes) -> None:
        self._asked = read_head(asked)
        self._calls: dict[int, int] = {}  # number at the upstream → call of the chunk
        self._unsent: list[bytes] = []
        self._done = False

    def end(self) -> bytes:
        if not self._done:
            raise UpstreamFailure("5xx", "ended its stream before the reply was complete")
        return self._ready()

    def broken(self, error: GatewayError) -> bytes:
        if self._done:
            return b""
        self._done = True
        return self._ready() + error.event()

    def _ready(self) -> bytes:
        parts, self._unsent = self._unsent, []
        return b"".join(parts)

    def _arguments(self, number: int, arguments: str) -> dict[str, Any]:
        """The delta that adds to a call. Raises UpstreamFailure when there is none to add to."""
        call = self._calls.get(number)
        if call is None:
            raise UpstreamFailure("5xx", "sent arguments for a call it had not begun")
        return {"tool_calls": [{"index": call, "function": {"arguments": arguments}}]}
