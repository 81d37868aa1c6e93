"""Passing a stream of server-sent events on, whole event by whole event, and reading its usage."""

import re

import msgspec

_USAGE_OBJECT = re.compile(rb'"usage"\s*:\s*\{')
_DONE_LINE = re.compile(rb"^data: ?\[DONE\]", re.MULTILINE)
_EVENT_END = re.compile(rb"\r?\n\r?\n")
_LARGEST_EVENT = 1024 * 1024


class TokenDetails(msgspec.Struct):
    cached_tokens: int | None = 0


class Usage(msgspec.Struct):
    prompt_tokens: int | None = 0
    completion_tokens: int | None = 0
    prompt_tokens_details: TokenDetails | None = None


class _Reply(msgspec.Struct):
    usage: Usage | None = None


class _Chunk(msgspec.Struct):
    choices: list[msgspec.Raw] | None = None
    usage: Usage | None = None


_decode_reply = msgspec.json.Decoder(_Reply).decode
_decode_chunk = msgspec.json.Decoder(_Chunk).decode


def usage_of_reply(body: bytes) -> Usage | None:
    """The usage of a plain JSON reply, or None when it carries none that can be read."""
    try:
        return _decode_reply(body).usage
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


class EventRelay:
    """What of a stream may go to the client now, and what the stream has said about itself.

    Only whole events leave, so that a stream which breaks in the middle of one can still be ended
    with an event of our own. With `withhold_usage` the usage event that the client did not ask
    for is taken out.
    """

    __slots__ = ("_held", "_withhold", "done", "events", "torn", "usage")

    def __init__(self, *, withhold_usage: bool) -> None:
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
        if b"[DONE]" in piece and _DONE_LINE.search(piece):
            self.done = True
        if b'"usage"' in piece and _USAGE_OBJECT.search(piece):
            return self._read_usage(piece)
        return piece

    def rest(self) -> bytes:
        """What is left after a clean end: a last event without its blank line, usually nothing."""
        left = bytes(self._held)
        self._held.clear()
        if _DONE_LINE.search(left):
            self.done = True
        return self._read_usage(left) if left else b""

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
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        if chunk.usage is None:
            return False
        self.usage = chunk.usage
        return chunk.choices == []
