"""Anthropic Messages: events, errors and stop reasons, and replies as their servers give them."""

from typing import Any

import msgspec

from apps.gateway.dataplane import sse
from apps.gateway.dataplane.errors import GatewayError

_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "timeout_error",
    413: "request_too_large",
    415: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_STATUSES = {kind: status for status, kind in reversed(_KINDS.items())}
STOP_OF_FINISH = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}
FINISH_OF_STOP = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def error_document(status: int, message: str, *, request_id: str = "") -> bytes:
    document: dict[str, Any] = {
        "type": "error",
        "error": {"type": _KINDS.get(status, "api_error"), "message": message},
    }
    if request_id:
        document["request_id"] = request_id
    return msgspec.json.encode(document)


def error_body(error: GatewayError, *, request_id: str = "") -> bytes:
    """A refusal of our own as Anthropic's clients read it."""
    return error_document(error.status, error.message, request_id=request_id)


def error_event(error: GatewayError, *, request_id: str = "") -> bytes:
    """The same for a stream that has already begun."""
    return error_event_of(error_body(error, request_id=request_id))


def error_event_of(document: bytes) -> bytes:
    return b"event: error\ndata: " + document + b"\n\n"


def event(name: str, **fields: Any) -> bytes:
    data = msgspec.json.encode({"type": name, **fields})
    return b"event: %s\ndata: %s\n\n" % (name.encode(), data)


PING = event("ping")


class OutputDetails(msgspec.Struct):
    thinking_tokens: int | None = None


class Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens_details: OutputDetails | None = None

    def update(self, later: "Usage") -> None:
        """What a later event says, as far as it says anything."""
        for name in self.__struct_fields__:
            if (value := getattr(later, name)) is not None:
                setattr(self, name, value)

    def counted(self) -> sse.Usage:
        """As the gateway counts: everything the model read is prompt, cached or not."""
        cached = self.cache_read_input_tokens or 0
        return sse.Usage(
            prompt_tokens=(self.input_tokens or 0)
            + cached
            + (self.cache_creation_input_tokens or 0),
            completion_tokens=self.output_tokens or 0,
            prompt_tokens_details=sse.TokenDetails(cached_tokens=cached),
        )


class Block(msgspec.Struct):
    type: str = ""
    text: str = ""
    thinking: str = ""
    id: str = ""
    name: str = ""
    input: msgspec.Raw = msgspec.Raw(b"{}")


class StopDetails(msgspec.Struct):
    explanation: str | None = None


class Message(msgspec.Struct):
    type: str = ""
    id: str = ""
    content: list[Block] = []
    stop_reason: str | None = None
    stop_details: StopDetails | None = None
    usage: Usage | None = None


class Problem(msgspec.Struct):
    type: str = "api_error"
    message: str = "It did not say why."


class Delta(msgspec.Struct):
    type: str = ""
    text: str = ""
    thinking: str = ""
    partial_json: str = ""
    stop_reason: str | None = None
    stop_details: StopDetails | None = None


class Event(msgspec.Struct):
    type: str = ""
    index: int = 0
    message: Message | None = None
    content_block: Block | None = None
    delta: Delta | None = None
    usage: Usage | None = None
    error: Problem | None = None


class _Failure(msgspec.Struct):
    error: Problem


MESSAGE = msgspec.json.Decoder(Message)
EVENT = msgspec.json.Decoder(Event)
_FAILURE = msgspec.json.Decoder(_Failure)


def problem_of(body: bytes) -> Problem:
    """What an error body says, whether it has Anthropic's shape or none."""
    try:
        problem = _FAILURE.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        problem = Problem(message=body[:500].decode(errors="replace"))
    return problem if problem.message else Problem(type=problem.type)


def status_of(problem: Problem) -> int:
    """The HTTP status that an error inside a stream would have had."""
    return _STATUSES.get(problem.type, 502)
