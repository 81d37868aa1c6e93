"""Asking for no more tokens back than the key, its budget, the route and the context allow."""

import math
import re
from collections.abc import Iterator

import msgspec

from apps.gateway.dataplane.body import Head, refuse_double, with_field
from apps.gateway.dataplane.call import Call
from apps.gateway.dataplane.errors import GatewayError
from apps.gateway.dataplane.route_table import Choice

HEADER = b"x-hearth-max-tokens"

_MESSAGES = "/v1/messages"
_FIELDS = {
    "/v1/chat/completions": ("max_completion_tokens", "max_tokens"),
    "/v1/completions": ("max_tokens",),
    _MESSAGES: ("max_tokens",),
    "/v1/responses": ("max_output_tokens",),
}
_ENGINES_OWN = "n_predict"  # other servers do not know it: it is lowered, but does not count
# How vLLM, SGLang and OpenAI say that prompt and answer do not fit together.
_TOLD = re.compile(
    rb"maximum context length is (?P<context>\d+) tokens.{0,80}?"
    rb"(?:\((?P<messages>\d+) in the messages|has (?P<input>\d+) input tokens)"
)
_UNLIMITED = 2**62
_LONGEST_NUMBER = 18  # digits
_BYTES_PER_TOKEN = 3  # of a request, counted low: too little room is better than a refusal
_LEAST_SHARE = 4  # of the context is left to the answer however long the prompt looks


def capped(call: Call, choice: Choice, told: int | None = None) -> bytes:
    """The client's body, in which it asks for as much as it can get here. What was lowered is
    said in a header. `told`: the server itself has said how much that is."""
    if call.output_cap is not None:
        call.output_cap = None  # of an attempt elsewhere
        call.extra_headers = [each for each in call.extra_headers if each[0] != HEADER]
    names = _FIELDS.get(call.path)
    limit, reason = _allowed(call)
    context = choice.endpoint.context_length
    if names is None or (limit is None and context is None and told is None):
        return call.body
    asked = dict(_asked(call.head, (*names, _ENGINES_OWN), strict=limit is not None))
    if asked and (told is not None or context is not None):
        room = _room(context or 0, call.body, min(asked.values())) if told is None else told
        if limit is None or room < limit:
            limit, reason = room, b"context"
    if limit is None:
        return call.body
    return _lowered(call, choice, asked, limit, reason)


def _lowered(call: Call, choice: Choice, asked: dict[str, int], limit: int, reason: bytes) -> bytes:
    body = call.body
    lowered = [name for name, value in asked.items() if value > limit]
    unsaid = asked.keys().isdisjoint(_FIELDS[call.path])
    if unsaid and call.path != _MESSAGES:  # which refuses those without a limit
        lowered.append(_name_to_add(call.path, choice))
    for name in asked:
        refuse_double(body, name)
    for name in lowered:
        body = with_field(body, name, b"%d" % limit)
    if lowered:
        call.output_cap = limit
        call.extra_headers.append((HEADER, b"%d; %b" % (limit, reason)))
    return body


def room_told(call: Call, body: bytes) -> int | None:
    """How many tokens a server has left for the answer, when that is why it refused."""
    told = _TOLD.search(body)
    if told is None or not any(bytes(getattr(call.head, n)) for n in _FIELDS.get(call.path, ())):
        return None
    room = int(told["context"]) - int(told["messages"] or told["input"])
    return room if room > 0 else None


def _allowed(call: Call) -> tuple[int | None, bytes]:
    limit, reason = call.caller.max_output_tokens, b"key"
    of_route = call.route.max_output_tokens
    if of_route is not None and (limit is None or of_route < limit):
        limit, reason = of_route, b"route"
    reserved = None if call.reservation is None else call.reservation.bound
    if reserved is not None and (limit is None or reserved < limit):
        limit, reason = reserved, b"budget"
    return limit, reason


def _asked(head: Head, names: tuple[str, ...], *, strict: bool) -> Iterator[tuple[str, int]]:
    """What is asked for, by field; `null` and negative numbers mean as much as there is.

    With `strict`, GatewayError 400 is raised for what is no number: some servers read one out of
    it. Otherwise the server may say so itself.
    """
    for name in names:
        raw = bytes(getattr(head, name))
        if not raw:
            continue
        value = int(raw) if raw.isdigit() and len(raw) < _LONGEST_NUMBER else _number(raw)
        if value is not None:
            yield name, value
        elif strict:
            raise GatewayError(
                400,
                "invalid_field",
                f"The field `{name}` cannot be used: a whole number is expected.",
                param=name,
            )


def _number(raw: bytes) -> int | None:
    """None for what is no number, or one too large for anybody."""
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    if value is None:
        return _UNLIMITED
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return _UNLIMITED if value < 0 or value > _UNLIMITED else math.ceil(value)


def _room(context: int, body: bytes, asked: int) -> int:
    """What is left of a context beside the prompt, as far as its length tells."""
    if asked <= context - len(body) // _BYTES_PER_TOKEN:
        return context
    length = len(body) - _length_of_files(body)
    return max(context - length // _BYTES_PER_TOKEN, context // _LEAST_SHARE, 1)


def _length_of_files(body: bytes) -> int:
    """Bytes in data: URLs, whose tokens nobody can tell by their length."""
    total, at = 0, body.find(b'"data:')
    while at >= 0:
        end = body.find(b'"', at + 1)
        total += end - at
        at = body.find(b'"data:', end + 1)
    return total


def _name_to_add(path: str, choice: Choice) -> str:
    if path == "/v1/responses":
        return "max_output_tokens"
    outside = choice.endpoint.deployment_id is None
    return "max_completion_tokens" if outside and path == "/v1/chat/completions" else "max_tokens"
