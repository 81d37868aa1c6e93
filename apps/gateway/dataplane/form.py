"""Multipart forms: reading and replacing the one field the gateway needs, files left alone."""

import re

from apps.gateway.dataplane.body import Head
from apps.gateway.dataplane.errors import GatewayError

_BOUNDARY = re.compile(rb'boundary="?([^";,]{1,70})', re.IGNORECASE)
_NAME = re.compile(rb'\bname="?([^";\r\n]*)', re.IGNORECASE)
_LONGEST_HEADERS = 8192  # bytes, of one field

Span = tuple[int, int]


def read_head(body: bytes, content_type: bytes) -> Head:
    """Raises GatewayError 400 when the body is not a form with one `model`."""
    fields = _fields(body, content_type)
    models = fields.get(b"model", [])
    if len(models) > 1:
        raise GatewayError(
            400, "duplicate_field", "The field `model` is given twice. Send it once.", param="model"
        )
    name = _value(body, models)
    if not name:
        raise GatewayError(
            400,
            "missing_model",
            "The field `model` is missing. GET /v1/models lists the names that can be used.",
            param="model",
        )
    return Head(model=name, stream=_value(body, fields.get(b"stream", [])).lower() == "true")


def with_model(body: bytes, content_type: bytes, model: str) -> bytes:
    """The same form for another model; every other byte stays."""
    begin, end = _fields(body, content_type)[b"model"][0]
    return body[:begin] + model.encode() + body[end:]


def _value(body: bytes, spans: list[Span]) -> str:
    if not spans:
        return ""
    begin, end = spans[0]
    return body[begin:end].decode(errors="replace").strip()


def _fields(body: bytes, content_type: bytes) -> dict[bytes, list[Span]]:
    """Where the values are in the body, by the names of the fields."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None or not content_type.lower().startswith(b"multipart/form-data"):
        raise _not_a_form("its content type is not `multipart/form-data` with a boundary")
    delimiter = b"--" + boundary.group(1).strip()
    at = body.find(delimiter)
    if at < 0:
        raise _not_a_form("its boundary is nowhere in it")
    fields: dict[bytes, list[Span]] = {}
    while True:
        at += len(delimiter)
        if body[at : at + 2] == b"--":
            return fields
        headers_end = body.find(b"\r\n\r\n", at, at + _LONGEST_HEADERS)
        end = body.find(b"\r\n" + delimiter, max(headers_end, at))
        if headers_end < 0 or end < 0:
            raise _not_a_form("a field of it has no end")
        name = _NAME.search(body, at, headers_end)
        if name is not None:
            fields.setdefault(name.group(1), []).append((headers_end + 4, end))
        at = end + 2


def _not_a_form(why: str) -> GatewayError:
    return GatewayError(
        400, "invalid_form", f"The body cannot be read as a form: {why}. Check what is sent."
    )
