"""The client speaks chat completions, the upstream Anthropic Messages alone."""

from collections.abc import Callable
from typing import Any

import msgspec

from apps.gateway.dataplane.body import read_head
from apps.gateway.dataplane.dialects import chat_request as asked_for
from apps.gateway.dataplane.dialects import chat_to_messages as told
from apps.gateway.dataplane.dialects import messages
from apps.gateway.dataplane.dialects.chunks import COMMENT, DONE, ChunkStream, envelope
from apps.gateway.dataplane.dialects.reading import events, read_reply
from apps.gateway.dataplane.errors import GatewayError, UpstreamFailure

_MAX_TOKENS = 4096  # Anthropic wants a number where OpenAI's clients mostly leave it out
_WARMEST = 1.0  # OpenAI's scale goes to 2
_EFFORTS = {"minimal": "low"}
_CHOICES = {"auto": "auto", "none": "none", "required": "any"}
_TOO_LONG = "prompt is too long"
_DELTA = b'"delta":%b,"logprobs":null,"finish_reason":null}]}\n\n'
_FINISH = b'"delta":{},"logprobs":null,"finish_reason":"%b"}]}\n\n'
_ANY_TIME = frozenset({"message_start", "ping", "error"})

# -- the request


def request(body: bytes, model: str | None) -> bytes:
    """Raises GatewayError 400 that names the field at fault."""
    asked = asked_for.read(body)
    sent: dict[str, Any] = {
        "model": model or asked.model,
        "max_tokens": asked.max_completion_tokens or asked.max_tokens or _MAX_TOKENS,
        "messages": told.turns(asked),
    }
    if system := told.system_prompt(asked):
        sent["system"] = system
    if asked.stream:
        sent["stream"] = True
    if asked.temperature is not None:
        sent["temperature"] = min(asked.temperature, _WARMEST)
    for name in ("top_p", "top_k"):
        if (value := getattr(asked, name)) is not None:
            sent[name] = value
    if asked.stop:
        sent["stop_sequences"] = [asked.stop] if isinstance(asked.stop, str) else asked.stop
    if asked.user:
        sent["metadata"] = {"user_id": asked.user}
    sent |= _tools(asked)
    sent |= _output(asked)
    return msgspec.json.encode(sent)


def _output(asked: asked_for.Request) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if isinstance(asked.response_format, asked_for.SchemaFormat):
        schema = asked.response_format.json_schema.schema
        config["format"] = {"type": "json_schema", "schema": schema}
    if asked.reasoning_effort == "none":
        return {"thinking": {"type": "disabled"}, **({"output_config": config} if config else {})}
    if asked.reasoning_effort:
        config["effort"] = _EFFORTS.get(asked.reasoning_effort, asked.reasoning_effort)
    return {"output_config": config} if config else {}


def _tools(asked: asked_for.Request) -> dict[str, Any]:
    if not asked.tools:
        return {}
    sent: dict[str, Any] = {"tools": [_tool(each.function) for each in asked.tools]}
    wanted = asked.tool_choice
    choice: dict[str, Any] | None = None
    if isinstance(wanted, asked_for.OneFunction):
        choice = {"type": "tool", "name": wanted.function.name}
    elif wanted is not None:
        choice = {"type": _CHOICES[wanted]}
    if asked.parallel_tool_calls is False and wanted != "none":
        choice = {**(choice or {"type": "auto"}), "disable_parallel_tool_use": True}
    if choice is not None:
        sent["tool_choice"] = choice
    return sent


def _tool(function: asked_for.Function) -> dict[str, Any]:
    tool: dict[str, Any] = {"name": function.name, "input_schema": function.parameters}
    if function.description:
        tool["description"] = function.description
    if function.strict is not None:
        tool["strict"] = function.strict
    return tool


# -- the reply


def reply(body: bytes, asked: bytes) -> bytes:
    """The completion made of a message. Raises UpstreamFailure when it is none."""
    message = read_reply(messages.MESSAGE, body)
    if message.type != "message":
        raise UpstreamFailure("5xx", "answered without a message")
    said: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    text = "".join(block.text for block in message.content if block.type == "text")
    thought = "".join(block.thinking for block in message.content if block.type == "thinking")
    calls = [_call(block) for block in message.content if block.type == "tool_use"]
    if message.stop_reason == "refusal":
        said["refusal"] = text or _why(message.stop_details)
    elif text or not calls:
        said["content"] = text
    if thought:
        said["reasoning_content"] = thought
    if calls:
        said["tool_calls"] = calls
    choice = {
        "index": 0,
        "message": said,
        "logprobs": None,
        "finish_reason": messages.FINISH_OF_STOP.get(message.stop_reason or "", "stop"),
    }
    return msgspec.json.encode(
        {
            **envelope(message.id, read_head(asked), "chat.completion"),
            "choices": [choice],
            "usage": _usage(message.usage or messages.Usage()),
        }
    )


def _why(details: messages.StopDetails | None) -> str:
    return (details.explanation if details is not None else None) or "The model declined to answer."


def _call(block: messages.Block) -> dict[str, Any]:
    arguments = bytes(block.input).decode(errors="replace")
    return {
        "id": block.id,
        "type": "function",
        "function": {"name": block.name, "arguments": arguments},
    }


def _usage(usage: messages.Usage) -> dict[str, Any]:
    counted = usage.counted()
    prompt, completion = counted.prompt_tokens or 0, counted.completion_tokens or 0
    sent: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_input_tokens or 0},
    }
    details = usage.output_tokens_details
    if details is not None and details.thinking_tokens is not None:
        sent["completion_tokens_details"] = {"reasoning_tokens": details.thinking_tokens}
    return sent


def error_body(status: int, body: bytes) -> bytes:
    """What an upstream's error says, as OpenAI's clients read it."""
    return _error(status, messages.problem_of(body)).body()


def _error(status: int, problem: messages.Problem) -> GatewayError:
    too_long = _TOO_LONG in problem.message
    code = "context_length_exceeded" if too_long else problem.type
    return GatewayError(status, code, problem.message)


# -- the stream


class Stream(ChunkStream):
    """Events of a message in, chunks out."""

    __slots__ = ("_prefix", "_silent", "_usage")

    def __init__(self, asked: bytes) -> None:
        super().__init__(asked)
        self._prefix = b""  # of every chunk, up to its choices
        self._usage = messages.Usage()
        self._silent: set[int] = set()  # blocks of calls whose arguments have not begun

    def feed(self, whole_events: bytes) -> bytes:
        for data in events(whole_events):
            if self._done:
                break
            if data:
                self._take(read_reply(messages.EVENT, data))
            else:
                self._unsent.append(COMMENT)
        return self._ready()

    def _take(self, event: messages.Event) -> None:
        step = _STEPS.get(event.type)
        if not self._prefix and event.type not in _ANY_TIME:
            raise UpstreamFailure("5xx", "began its stream in the middle of a message")
        if step is not None:
            step(self, event)

    def _start(self, event: messages.Event) -> None:
        message = event.message or messages.Message()
        if message.usage is not None:
            self._usage.update(message.usage)
        beginning = envelope(message.id, self._asked, "chat.completion.chunk")
        if self._asked.wants_usage:
            beginning["usage"] = None
        self._prefix = b"data: " + msgspec.json.encode(beginning)[:-1] + b',"choices":[{"index":0,'
        self._say({"role": "assistant", "content": ""})

    def _say(self, delta: dict[str, Any]) -> None:
        self._unsent.append(self._prefix + _DELTA % msgspec.json.encode(delta))

    def _keep_patient(self, _: messages.Event) -> None:
        self._unsent.append(COMMENT)

    def _begin_block(self, event: messages.Event) -> None:
        block = event.content_block
        if block is None or block.type != "tool_use":
            return
        number = self._calls[event.index] = len(self._calls)
        function = {"name": block.name, "arguments": ""}
        if bytes(block.input) not in (b"{}", b""):
            function["arguments"] = bytes(block.input).decode(errors="replace")
        else:
            self._silent.add(event.index)
        call = {"index": number, "id": block.id, "type": "function", "function": function}
        self._say({"tool_calls": [call]})

    def _piece(self, event: messages.Event) -> None:
        delta = event.delta or messages.Delta()
        if delta.text:
            self._say({"content": delta.text})
        elif delta.thinking:
            self._say({"reasoning_content": delta.thinking})
        elif delta.partial_json:
            self._silent.discard(event.index)
            self._say(self._arguments(event.index, delta.partial_json))

    def _end_block(self, event: messages.Event) -> None:
        if event.index in self._silent:  # "" would be no JSON
            self._silent.discard(event.index)
            self._say(self._arguments(event.index, "{}"))

    def _wind_up(self, event: messages.Event) -> None:
        if event.usage is not None:
            self._usage.update(event.usage)
        delta = event.delta or messages.Delta()
        if delta.stop_reason is None:
            return
        if delta.stop_reason == "refusal":
            self._say({"refusal": _why(delta.stop_details)})
        finish = messages.FINISH_OF_STOP.get(delta.stop_reason, "stop")
        self._unsent.append(self._prefix + _FINISH % finish.encode())

    def _finish(self, _: messages.Event) -> None:
        if self._asked.wants_usage:
            bare = self._prefix.removesuffix(b'[{"index":0,').replace(b',"usage":null', b"", 1)
            usage = msgspec.json.encode(_usage(self._usage))
            self._unsent.append(bare + b'[],"usage":' + usage + b"}\n\n")
        self._unsent.append(DONE)
        self._done = True

    def _fail(self, event: messages.Event) -> None:
        problem = event.error or messages.Problem()
        self._done = True
        self._unsent.append(_error(messages.status_of(problem), problem).event())


_STEPS: dict[str, Callable[[Stream, messages.Event], None]] = {
    "message_start": Stream._start,
    "content_block_start": Stream._begin_block,
    "content_block_delta": Stream._piece,
    "content_block_stop": Stream._end_block,
    "message_delta": Stream._wind_up,
    "message_stop": Stream._finish,
    "error": Stream._fail,
    "ping": Stream._keep_patient,
}
