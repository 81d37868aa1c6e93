"""Reading JSON that others wrote: what is wrong with it is said in the words of whoever sent it."""

import re
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from apps.gateway.dataplane.errors import GatewayError, UpstreamFailure

Document = TypeVar("Document")

_PLACE = re.compile(r"^(?P<reason>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(.*)`$")
_FIELDS = msgspec.json.Decoder(dict[str, Any])
_LINE_END = re.compile(rb"\r\n|\n|\r")


def read_request(decoder: msgspec.json.Decoder[Document], body: bytes) -> Document:
    """What a client sent. Raises GatewayError 400 that names the field at fault."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as problem:
        raise _wrong_field(str(problem)) from problem
    except RecursionError as problem:
        raise GatewayError(
            400, "invalid_json", "The body is nested too deeply. Send it flatter."
        ) from problem
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise GatewayError(
            400, "invalid_json", f"The body is not valid JSON: {problem}. Check what is sent."
        ) from problem


def read_fields(body: bytes) -> dict[str, Any]:
    """All that a client sent, known or not. Raises GatewayError 400, for numbers too large too."""
    return read_request(_FIELDS, body)


def _wrong_field(problem: str) -> GatewayError:
    place = _PLACE.match(problem)
    reason, path = (place["reason"], place["path"] or "") if place else (problem, "")
    missing = _MISSING.match(reason)
    if missing is not None:
        field = f"{path}.{missing[1]}" if path else missing[1]
        return GatewayError(
            400, "missing_field", f"The field `{field}` is missing. Add it.", param=field
        )
    if not path:
        return GatewayError(400, "invalid_body", f"The body has the wrong shape: {reason}.")
    return refused_field(path, f"{reason[:1].lower()}{reason[1:]}")


def refused_field(field: str, reason: str) -> GatewayError:
    """A 400 for one field: `reason` says what is wrong with it, and may say what to do."""
    return GatewayError(
        400, "invalid_field", f"The field `{field}` cannot be used: {reason}.", param=field
    )


def read_reply(decoder: msgspec.json.Decoder[Document], body: bytes) -> Document:
    """What an upstream answered. Raises UpstreamFailure when it is not what it should be."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise UpstreamFailure("5xx", f"answered what cannot be read ({problem})") from problem


def events(block: bytes) -> Iterator[bytes]:
    """The data of each event in a block of whole server-sent events; b"" for a mere comment."""
    if b"\r" in block:
        block = _LINE_END.sub(b"\n", block)
    for event in block.split(b"\n\n"):
        if event[:6] == b"data: " and b"\n" not in event:
            yield event[6:]
        elif event.strip():
            yield _data_of(event)


def _data_of(event: bytes) -> bytes:
    lines = [line[5:].removeprefix(b" ") for line in event.split(b"\n") if line[:5] == b"data:"]
    return b"\n".join(lines)
