"""Passing a stream of server-sent events on, whole event by whole event, and reading its usage."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from apps.gateway.dataplane.errors import GatewayError

_USAGE_OBJECT = re.compile(rb'"usage"\s*:\s*\{')
_EVENT_END = re.compile(rb"\r?\n\r?\n")
_LARGEST_EVENT = 1024 * 1024
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class TokenDetails(msgspec.Struct):
    cached_tokens: int | None = 0


class Usage(msgspec.Struct):
    prompt_tokens: int | None = 0
    completion_tokens: int | None = 0
    prompt_tokens_details: TokenDetails | None = None


class _Counts(msgspec.Struct):
    """Usage in the words of every dialect: chat completions, Responses, Messages."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: TokenDetails | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: TokenDetails | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None

    def usage(self, before: Usage | None) -> Usage:
        """What is said now counts; what is not said stays as it was said `before`."""
        earlier = before or Usage()
        details = self.prompt_tokens_details or self.input_tokens_details
        prompt = self.prompt_tokens
        if prompt is None and self.input_tokens is not None:
            read, written = self.cache_read_input_tokens, self.cache_creation_input_tokens
            prompt = self.input_tokens + (read or 0) + (written or 0)
            details = details or (TokenDetails(read) if read else None)
        answer = self.completion_tokens
        if answer is None:
            answer = self.output_tokens
        return Usage(
            earlier.prompt_tokens if prompt is None else prompt,
            earlier.completion_tokens if answer is None else answer,
            earlier.prompt_tokens_details if details is None else details,
        )


class _Enclosed(msgspec.Struct):
    usage: _Counts | None = None


class _Reply(msgspec.Struct):
    usage: _Counts | None = None


class _Chunk(msgspec.Struct):
    choices: list[msgspec.Raw] | None = None
    usage: _Counts | None = None
    message: _Enclosed | None = None  # Messages: what is known when the stream begins
    response: _Enclosed | None = None  # Responses: the whole of it, at the end

    @property
    def counts(self) -> _Counts | None:
        enclosed = self.message or self.response
        return self.usage or (enclosed.usage if enclosed is not None else None)


_decode_reply = msgspec.json.Decoder(_Reply).decode
_decode_chunk = msgspec.json.Decoder(_Chunk).decode


def usage_of_reply(body: bytes) -> Usage | None:
    """The usage of a plain JSON reply, or None when it carries none that can be read."""
    try:
        counts = _decode_reply(body).usage
    except _UNREADABLE:
        return None
    return None if counts is None else counts.usage(None)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a stream ends, and how it is said that something went wrong."""

    mark: bytes  # is in every last event, and hardly anywhere else
    last_event: re.Pattern[bytes]
    error_body: Callable[[GatewayError, str], bytes]  # with the id of the request
    error_event: Callable[[GatewayError, int], bytes]  # with the number of events before


CHAT = Dialect(
    mark=b"[DONE]",
    last_event=re.compile(rb"^data: ?\[DONE\]", re.MULTILINE),
    error_body=lambda error, _: error.body(),
    error_event=lambda error, _: error.event(),
)


class EventRelay:
    """What of a stream may go to the client now, and what the stream has said about itself.

    Only whole events leave, so that a stream which breaks in the middle of one can still be ended
    with an event of our own. With `withhold_usage` the usage event that the client did not ask
    for is taken out.
    """

    __slots__ = ("_dialect", "_held", "_mark", "_withhold", "done", "events", "torn", "usage")

    def __init__(self, *, withhold_usage: bool, dialect: Dialect = CHAT) -> None:
        self._dialect = dialect
        self._mark = dialect.mark
        self._held = bytearray()
        self._withhold = withhold_usage
        self.usage: Usage | None = None
        self.events = 0
        self.done = False
        self.torn = False  # an event too large to hold was passed on in parts

    def feed(self, piece: bytes) -> bytes:
        """The whole events that are complete now, as the bytes to send; may be empty."""
        if self._held or not piece.endswith(b"\n\n"):
            piece = self._complete_part(piece)
            if not piece:
                return b""
        self.events += piece.count(b"data:")
        if self._mark in piece and self._dialect.last_event.search(piece):
            self.done = True
        if b'"usage"' in piece and _USAGE_OBJECT.search(piece):
            return self._read_usage(piece)
        return piece

    def rest(self) -> bytes:
        """What is left after a clean end: a last event without its blank line, usually nothing."""
        left = bytes(self._held)
        self._held.clear()
        if self._dialect.last_event.search(left):
            self.done = True
        return self._read_usage(left) if left else b""

    def broken(self, error: GatewayError) -> bytes:
        """The last bytes of a stream that cannot go on: an error event, and no clean end."""
        event = self._dialect.error_event(error, self.events)
        return b"\n\n" + event if self.torn else event

    def _complete_part(self, piece: bytes) -> bytes:
        held = self._held
        look_from = max(0, len(held) - 3)
        held += piece
        cut = max(
            held.rfind(b"\n\n", look_from) + 2,
            held.rfind(b"\n\r\n", look_from) + 3,
        )
        if cut < 3:
            if len(held) <= _LARGEST_EVENT:
                return b""
            self.torn = True
            cut = len(held)
        ready = bytes(held[:cut])
        del held[:cut]
        return ready

    def _read_usage(self, block: bytes) -> bytes:
        kept = []
        at = 0
        for end in _EVENT_END.finditer(block):
            event = block[at : end.end()]
            at = end.end()
            if not (self._is_usage_event(event) and self._withhold):
                kept.append(event)
        if at < len(block) and not (self._is_usage_event(block[at:]) and self._withhold):
            kept.append(block[at:])
        return b"".join(kept)

    def _is_usage_event(self, event: bytes) -> bool:
        """Whether the event carries nothing but usage. Remembers any usage it sees."""
        if not _USAGE_OBJECT.search(event):
            return False
        begin, end = event.find(b"{"), event.rfind(b"}")
        try:
            chunk = _decode_chunk(event[begin : end + 1])
        except _UNREADABLE:
            return False
        counts = chunk.counts
        if counts is None:
            return False
        self.usage = counts.usage(self.usage)
        return chunk.choices == []
