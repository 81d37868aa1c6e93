"""Reading the few fields the gateway needs from a request body, and replacing them in place.

The body is never decoded and encoded again: numbers, key order and fields nobody here knows arrive
at the model server as the client wrote them.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from apps.gateway.dataplane.errors import GatewayError

_TOKENS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],:]', re.DOTALL)
# A key spelled with escapes ("mod\u0065l") is another way to write the same field twice.
_ESCAPED_LETTER = b"\\u006"
_INCLUDE_USAGE = b'"include_usage":true'


class Head(msgspec.Struct):
    """What is read from a body; msgspec walks over the rest without building objects."""

    model: str
    stream: bool | None = False
    stream_options: msgspec.Raw = msgspec.Raw(b"")
    max_tokens: msgspec.Raw = msgspec.Raw(b"")
    max_completion_tokens: msgspec.Raw = msgspec.Raw(b"")
    max_output_tokens: msgspec.Raw = msgspec.Raw(b"")
    n_predict: msgspec.Raw = msgspec.Raw(b"")  # llama.cpp's own word, which it heeds first

    @property
    def wants_usage(self) -> bool:
        return bool(_stream_options(self).get("include_usage"))


_decode_head = msgspec.json.Decoder(Head).decode


def read_head(body: bytes) -> Head:
    """Raises GatewayError 400 when the body is not a JSON object with one `model`."""
    if not body:
        raise GatewayError(400, "empty_body", "The request has no body. Send a JSON object.")
    try:
        head = _decode_head(body)
    except msgspec.ValidationError as problem:
        raise _wrong_shape(str(problem)) from problem
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise GatewayError(
            400, "invalid_json", f"The body is not valid JSON: {problem}. Check what is sent."
        ) from problem
    except RecursionError as problem:
        raise _too_deep() from problem
    if not body.isascii():
        _refuse_broken_text(body)
    if not head.model:
        raise GatewayError(
            400, "missing_model", "The field `model` is empty. Name a model.", param="model"
        )
    refuse_double(body, "model")
    return head


def _wrong_shape(problem: str) -> GatewayError:
    if "`model`" in problem and "missing" in problem:
        return GatewayError(
            400,
            "missing_model",
            "The field `model` is missing. GET /v1/models lists the names that can be used.",
            param="model",
        )
    return GatewayError(400, "invalid_body", f"The body has the wrong shape: {problem}.")


def _too_deep() -> GatewayError:
    return GatewayError(
        400, "invalid_json", "The body is nested too deeply to be read. Send a flatter one."
    )


def _refuse_broken_text(body: bytes) -> None:
    """The decoder checks only what it reads; a model server may stumble over the rest."""
    try:
        body.decode()
    except UnicodeDecodeError as problem:
        raise GatewayError(
            400, "invalid_json", f"The body is not UTF-8: {problem.reason} at byte {problem.start}."
        ) from problem


def refuse_double(body: bytes, field: str) -> None:
    """Two parsers may read a field given twice differently: one value checked, another used."""
    if body.count(_quoted(field)) < 2 and _ESCAPED_LETTER not in body:
        return
    if sum(name == field for name, _, _ in top_level_fields(body)) > 1:
        raise _given_twice(field)


@lru_cache(maxsize=64)
def _quoted(field: str) -> bytes:
    return b'"%b"' % field.encode()


def _given_twice(field: str) -> GatewayError:
    return GatewayError(
        400, "duplicate_field", f"The field `{field}` is given twice. Send it once.", param=field
    )


def top_level_fields(body: bytes) -> Iterator[tuple[str, int, int]]:
    """The fields of a valid JSON object: name, and where its value begins and ends in the bytes."""
    depth = 0
    name: bytes | None = None
    last_string = b""
    begin = 0
    for token in _TOKENS.finditer(body):
        text = token.group()
        if text in (b"{", b"["):
            depth += 1
        elif depth > 1:
            depth -= text in (b"}", b"]")
        elif text == b":":
            name, begin = last_string, token.end()
        elif text in (b",", b"}", b"]"):
            if name is not None:
                yield (_text(name), *_trimmed(body, begin, token.start()))
            name = None
        else:
            last_string = text


def _text(quoted: bytes) -> str:
    try:
        return msgspec.json.decode(quoted, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return quoted.decode(errors="replace")


def _trimmed(body: bytes, begin: int, end: int) -> tuple[int, int]:
    value = body[begin:end]
    return begin + len(value) - len(value.lstrip()), end - len(value) + len(value.rstrip())


def rewrite(body: bytes, head: Head, *, model: str | None, add_usage: bool) -> bytes:
    """The body for an upstream: another model name, or usage asked for at the stream's end.

    Only the values concerned change; every other byte stays.
    """
    if model is not None and model != head.model:
        body = with_field(body, "model", msgspec.json.encode(model))
    if add_usage:
        body = _with_usage(body, head)
    return body


def with_field(body: bytes, field: str, value: bytes) -> bytes:
    """The body with this field, in its place when it is there already. `value` is JSON.

    Raises GatewayError 400 for a field given twice: the upstream may read the other one.
    """
    places = [(begin, end) for name, begin, end in top_level_fields(body) if name == field]
    if len(places) > 1:
        raise _given_twice(field)
    for begin, end in places:
        return body[:begin] + value + body[end:]
    at = body.index(b"{") + 1
    comma = b"" if body[at:].lstrip()[:1] == b"}" else b","
    return body[:at] + b'"%b":%b%b' % (field.encode(), value, comma) + body[at:]


def _with_usage(body: bytes, head: Head) -> bytes:
    if not bytes(head.stream_options):
        at = body.index(b"{") + 1
        return body[:at] + b'"stream_options":{' + _INCLUDE_USAGE + b"}," + body[at:]
    options = {**_stream_options(head), "include_usage": True}
    return with_field(body, "stream_options", msgspec.json.encode(options))


def _stream_options(head: Head) -> dict[str, object]:
    raw = bytes(head.stream_options)
    if not raw:
        return {}
    try:
        options = msgspec.json.decode(raw)
    except msgspec.DecodeError as problem:
        reason = f"The field `stream_options` cannot be read: {problem}."
        raise GatewayError(400, "invalid_body", reason, param="stream_options") from problem
    except RecursionError as problem:
        raise _too_deep() from problem
    return options if isinstance(options, dict) else {}
