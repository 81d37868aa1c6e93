"""The client speaks chat completions, the upstream the Responses API alone."""

from typing import Any

import msgspec

from apps.gateway.dataplane.body import read_head
from apps.gateway.dataplane.dialects import chat, chat_to_responses
from apps.gateway.dataplane.dialects.chunks import COMMENT, DONE, ChunkStream, envelope
from apps.gateway.dataplane.dialects.reading import events, read_reply
from apps.gateway.dataplane.errors import GatewayError, UpstreamFailure

Json = dict[str, Any]

request = chat_to_responses.request

_FINISH = {"max_output_tokens": "length", "content_filter": "content_filter"}
_SAID = {
    "output_text.delta": "content",
    "reasoning_text.delta": "reasoning_content",
    "reasoning_summary_text.delta": "reasoning_content",
    "refusal.delta": "refusal",
}


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    input_tokens: int = 0
    output_tokens: int = 0
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


class _Part(msgspec.Struct):
    text: str = ""
    refusal: str = ""
    logprobs: list[Json] | None = None


class _Item(msgspec.Struct):
    type: str = ""
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    content: list[_Part] | None = None
    summary: list[_Part] | None = None


class _Why(msgspec.Struct):
    reason: str | None = None


class _Response(msgspec.Struct):
    id: str = ""
    object: str = ""
    status: str = ""
    output: list[_Item] = []
    error: chat.Problem | None = None
    incomplete_details: _Why | None = None
    usage: _Usage | None = None


class _Event(msgspec.Struct):
    type: str = ""
    delta: Any = None
    output_index: int = 0
    item: _Item | None = None
    response: _Response | None = None
    logprobs: list[Json] | None = None
    message: str | None = None


_RESPONSE = msgspec.json.Decoder(_Response)
_EVENT = msgspec.json.Decoder(_Event)


def reply(body: bytes, asked: bytes) -> bytes:
    """The completion made of a response. Raises UpstreamFailure when it is none."""
    response = read_reply(_RESPONSE, body)
    if response.object != "response":
        raise UpstreamFailure("5xx", "answered without a response")
    if response.status == "failed":
        problem = response.error or chat.Problem()
        raise UpstreamFailure("5xx", f"gave the request up: {problem.message or 'no reason given'}")
    said = [
        part for item in response.output if item.type == "message" for part in item.content or ()
    ]
    text, refusal = "".join(p.text for p in said), "".join(p.refusal for p in said)
    thought = "".join(
        part.text
        for item in response.output
        if item.type == "reasoning"
        for part in item.content or item.summary or ()
    )
    calls = [_call(item) for item in response.output if item.type == "function_call"]
    logprobs = [token for part in said for token in part.logprobs or ()]
    message: Json = {"role": "assistant", "content": text or None, "refusal": refusal or None}
    if not (text or refusal or calls):
        message["content"] = ""
    if thought:
        message["reasoning_content"] = thought
    if calls:
        message["tool_calls"] = calls
    choice = {
        "index": 0,
        "message": message,
        "logprobs": {"content": logprobs, "refusal": None} if logprobs else None,
        "finish_reason": _finish_reason(response, called=bool(calls)),
    }
    beginning = envelope(response.id, read_head(asked), "chat.completion")
    return msgspec.json.encode({**beginning, "choices": [choice], "usage": _usage(response.usage)})


def _call(item: _Item) -> Json:
    function = {"name": item.name, "arguments": item.arguments}
    return {"id": item.call_id, "type": "function", "function": function}


def _finish_reason(response: _Response, *, called: bool) -> str:
    why = response.incomplete_details
    if response.status == "incomplete":
        return _FINISH.get((why.reason if why is not None else None) or "", "length")
    return "tool_calls" if called else "stop"


def _usage(counted: _Usage | None) -> Json:
    usage = counted or _Usage()
    read, thought = usage.input_tokens_details, usage.output_tokens_details
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": (read and read.cached_tokens) or 0},
        "completion_tokens_details": {
            "reasoning_tokens": (thought and thought.reasoning_tokens) or 0
        },
    }


class Stream(ChunkStream):
    """Events of a response in, chunks out."""

    def __init__(self, asked: bytes) -> None:
        super().__init__(asked)
        self._beginning: Json = {}

    def feed(self, whole_events: bytes) -> bytes:
        for data in events(whole_events):
            if self._done:
                break
            if not data:
                self._unsent.append(COMMENT)
            elif data != chat.DONE:
                self._take(read_reply(_EVENT, data))
        return self._ready()

    def _take(self, event: _Event) -> None:
        if not self._beginning:
            of_upstream = event.response.id if event.response is not None else ""
            self._beginning = envelope(of_upstream, self._asked, "chat.completion.chunk")
            self._say({"role": "assistant", "content": ""})
        kind = event.type.removeprefix("response.")
        if kind in _SAID:
            self._say({_SAID[kind]: event.delta}, event.logprobs)
        elif kind == "output_item.added" and event.item is not None:
            self._begin(event.item, event.output_index)
        elif kind == "function_call_arguments.delta":
            self._say(self._arguments(event.output_index, event.delta))
        elif kind in ("completed", "incomplete"):
            self._finish(event.response or _Response())
        elif kind in ("failed", "error"):
            self._fail(event)

    def _begin(self, item: _Item, index: int) -> None:
        if item.type == "function_call":
            number = self._calls[index] = len(self._calls)
            self._say({"tool_calls": [{"index": number, **_call(item)}]})

    def _say(
        self, delta: Json, logprobs: list[Json] | None = None, finish: str | None = None
    ) -> None:
        given = {"content": logprobs, "refusal": None} if logprobs else None
        choice = {"index": 0, "delta": delta, "logprobs": given, "finish_reason": finish}
        self._send({"choices": [choice]})

    def _send(self, fields: Json) -> None:
        self._unsent.append(b"data: %b\n\n" % msgspec.json.encode({**self._beginning, **fields}))

    def _finish(self, response: _Response) -> None:
        self._say({}, finish=_finish_reason(response, called=bool(self._calls)))
        if self._asked.wants_usage:
            self._send({"choices": [], "usage": _usage(response.usage)})
        self._unsent.append(DONE)
        self._done = True

    def _fail(self, event: _Event) -> None:
        problem = event.response.error if event.response is not None else None
        message = event.message or (problem.message if problem is not None else "")
        self._done = True
        error = GatewayError(502, "upstream_error", message or "The server said no more.")
        self._unsent.append(error.event())
