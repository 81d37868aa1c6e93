"""The client speaks Anthropic Messages, the upstream chat completions."""

import hashlib
import secrets
from typing import Any

import msgspec

from apps.gateway.dataplane.dialects import chat, messages
from apps.gateway.dataplane.dialects import messages_request as asked_for
from apps.gateway.dataplane.dialects.messages_to_chat import chat_messages, chat_tools
from apps.gateway.dataplane.dialects.reading import events, read_reply
from apps.gateway.dataplane.errors import GatewayError, UpstreamFailure

_LONGEST_USER = 64  # characters; OpenAI refuses longer ones
_EFFORTS = {"max": "xhigh"}
_CONTEXT_MARKS = ("exceed_context_size", "context_length_exceeded", "maximum context length")

_DELTA = (
    b"event: content_block_delta\n"
    b'data: {"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":%b}}\n\n'
)


# -- the request


def request(body: bytes, model: str | None) -> bytes:
    """Raises GatewayError 400 that names the field at fault."""
    asked = asked_for.read(body)
    sent: dict[str, Any] = {
        **asked_for.other_fields(body),
        "model": model or asked.model,
        "messages": chat_messages(asked),
        "max_tokens": asked.max_tokens,
    }
    if asked.stream:
        sent["stream"] = True
        sent["stream_options"] = {"include_usage": True}
    for name in ("temperature", "top_p", "top_k"):
        if (value := getattr(asked, name)) is not None:
            sent[name] = value
    if asked.stop_sequences:
        sent["stop"] = asked.stop_sequences
    if asked.metadata is not None and asked.metadata.user_id:
        sent["user"] = _user(asked.metadata.user_id)
    sent |= chat_tools(asked)
    sent |= _output(asked)
    return msgspec.json.encode(sent)


def _user(name: str) -> str:
    if len(name) <= _LONGEST_USER:
        return name
    return hashlib.sha256(name.encode()).hexdigest()


def _output(asked: asked_for.Request) -> dict[str, Any]:
    config = asked.output_config
    form = (config.format if config is not None else None) or asked.output_format
    sent: dict[str, Any] = {}
    if form is not None:
        schema = {"name": "answer", "schema": form.schema, "strict": True}
        sent["response_format"] = {"type": "json_schema", "json_schema": schema}
    if config is not None and config.effort:
        sent["reasoning_effort"] = _EFFORTS.get(config.effort, config.effort)
    return sent


# -- the reply


def reply(body: bytes, asked: bytes) -> bytes:
    """The message made of a completion. Raises UpstreamFailure when it is none."""
    completion = read_reply(chat.COMPLETION, body)
    if not completion.choices or completion.choices[0].message is None:
        raise UpstreamFailure("5xx", "answered without a message")
    choice, said = completion.choices[0], completion.choices[0].message
    wanted = asked_for.read_wanted(asked)
    called, refused = bool(said.tool_calls), bool(said.refusal)
    content: list[dict[str, Any]] = []
    if said.thought and wanted.thoughts:
        content.append({"type": "thinking", "thinking": said.thought, "signature": ""})
    text = said.text or said.refusal or ""
    if text:
        content.append({"type": "text", "text": text})
    content.extend(
        {**_tool_use(call), "input": _input(call.function.text)} for call in said.tool_calls or ()
    )
    return msgspec.json.encode(
        {
            **_message(completion.id, wanted),
            "content": content,
            "stop_reason": _stop_reason(choice, called=called, refused=refused),
            "stop_sequence": choice.stop_sequence,
            "usage": _usage(completion.usage),
        }
    )


def _tool_use(call: chat.ToolCall) -> dict[str, Any]:
    return {
        "type": "tool_use",
        "id": call.id or _new_id("toolu_"),
        "name": call.function.name or "",
        "input": {},
    }


def _message(of_upstream: str, wanted: asked_for.Wanted) -> dict[str, Any]:
    known = of_upstream.removeprefix("chatcmpl-")
    return {
        "id": f"msg_{known}" if known else _new_id("msg_"),
        "type": "message",
        "role": "assistant",
        "model": wanted.model,
    }


def _new_id(prefix: str) -> str:
    return prefix + secrets.token_hex(12)


def _input(arguments: str) -> dict[str, Any] | msgspec.Raw:
    """The arguments as an object. What is no object is kept as the text it is."""
    if not arguments.strip():
        return {}
    try:
        decoded = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        decoded = None
    return decoded if isinstance(decoded, dict) else {"arguments": arguments}


def _stop_reason(choice: chat.Choice, *, called: bool, refused: bool) -> str:
    if called and choice.finish_reason != "length":
        return "tool_use"
    if refused:
        return "refusal"
    if choice.finish_reason == "stop" and choice.stop_sequence is not None:
        return "stop_sequence"
    return messages.STOP_OF_FINISH.get(choice.finish_reason or "stop", "end_turn")


def _usage(counted: chat.Usage | None) -> dict[str, Any]:
    usage = counted or chat.Usage()
    sent: dict[str, Any] = {
        "input_tokens": max(0, (usage.prompt_tokens or 0) - usage.cached),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.completion_tokens or 0,
    }
    details = usage.completion_tokens_details
    if details is not None and details.reasoning_tokens:
        sent["output_tokens_details"] = {"thinking_tokens": details.reasoning_tokens}
    return sent


def error_body(status: int, body: bytes) -> bytes:
    """What an upstream's error says, as Anthropic's clients read it."""
    return messages.error_document(status, _sentence(chat.problem_of(body)))


def _sentence(problem: chat.Problem) -> str:
    """Claude Code shortens its conversation when it reads that the prompt is too long."""
    said = f"{problem.type} {problem.code} {problem.message}"
    if any(mark in said for mark in _CONTEXT_MARKS):
        return f"prompt is too long: {problem.message}"
    return problem.message


# -- the stream


class Stream:
    """Chunks in, events of a message out. One block is open at a time, as Anthropic has it."""

    __slots__ = (
        "_choice",
        "_done",
        "_index",
        "_open",
        "_refused",
        "_started",
        "_tool",
        "_tools",
        "_unsent",
        "_usage",
        "_wanted",
    )

    def __init__(self, asked: bytes) -> None:
        self._wanted = asked_for.read_wanted(asked)
        self._unsent: list[bytes] = []
        self._started = self._done = self._refused = False
        self._open = ""  # the kind of the open block: text, thinking or tool_use
        self._index = -1  # of the block that is or was open last
        self._tool = -1  # the call whose block is or was open last
        self._tools: set[int] = set()
        self._choice: chat.Choice | None = None  # the one that said why it ends
        self._usage: chat.Usage | None = None

    def feed(self, whole_events: bytes) -> bytes:
        for data in events(whole_events):
            if self._done:
                break
            if data == chat.DONE:
                self._finish()
            elif data:
                self._take(read_reply(chat.CHUNK, data))
            elif self._started:
                self._unsent.append(messages.PING)
        return self._ready()

    def end(self) -> bytes:
        if not self._done:
            if self._choice is None:
                raise UpstreamFailure("5xx", "ended its stream before the reply was complete")
            self._finish()
        return self._ready()

    def broken(self, error: GatewayError) -> bytes:
        if self._done:
            return b""
        self._done = True
        return self._ready() + messages.error_event(error)

    def _ready(self) -> bytes:
        parts, self._unsent = self._unsent, []
        return b"".join(parts)

    def _take(self, chunk: chat.Chunk) -> None:
        if chunk.usage is not None:
            self._usage = chunk.usage
        if chunk.error is not None:
            self._fail(chat.as_problem(chunk.error))
            return
        if not self._started:
            self._start(chunk.id)
        for choice in chunk.choices or ():
            if choice.delta is not None:
                self._add(choice.delta)
            if choice.finish_reason:
                self._choice = choice

    def _fail(self, problem: chat.Problem) -> None:
        self._done = True
        document = messages.error_document(problem.status, _sentence(problem))
        self._unsent.append(messages.error_event_of(document))

    def _start(self, of_upstream: str) -> None:
        self._started = True
        message = {
            **_message(of_upstream, self._wanted),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": _usage(None),
        }
        self._unsent += (messages.event("message_start", message=message), messages.PING)

    def _add(self, delta: chat.Message) -> None:
        if (thought := delta.thought) and self._wanted.thoughts:
            self._be_in("thinking", {"type": "thinking", "thinking": "", "signature": ""})
            self._piece(b"thinking_delta", b"thinking", thought)
        if text := delta.text or delta.refusal:
            self._refused = self._refused or bool(delta.refusal)
            self._be_in("text", {"type": "text", "text": ""})
            self._piece(b"text_delta", b"text", text)
        for call in delta.tool_calls or ():
            self._call(call)

    def _call(self, call: chat.ToolCall) -> None:
        number = call.index
        if number is None:  # some servers send each call whole and count none
            number = self._tool + 1 if call.id or not self._tools else self._tool
        if number not in self._tools:
            self._tools.add(number)
            self._tool = number
            self._close()
            self._be_in("tool_use", _tool_use(call))
        elif number != self._tool or self._open != "tool_use":
            raise UpstreamFailure("5xx", "mixed the pieces of several tool calls")
        if arguments := call.function.text:
            self._piece(b"input_json_delta", b"partial_json", arguments)

    def _be_in(self, kind: str, block: dict[str, Any]) -> None:
        if self._open == kind:
            return
        self._close()
        self._open = kind
        self._index += 1
        self._unsent.append(
            messages.event("content_block_start", index=self._index, content_block=block)
        )

    def _close(self) -> None:
        if self._open == "thinking":
            self._piece(b"signature_delta", b"signature", "")
        if self._open:
            self._unsent.append(messages.event("content_block_stop", index=self._index))
        self._open = ""

    def _piece(self, kind: bytes, field: bytes, text: str) -> None:
        self._unsent.append(_DELTA % (self._index, kind, field, msgspec.json.encode(text)))

    def _finish(self) -> None:
        if not self._started:
            self._start("")
        self._close()
        choice = self._choice or chat.Choice()
        delta = {
            "stop_reason": _stop_reason(choice, called=bool(self._tools), refused=self._refused),
            "stop_sequence": choice.stop_sequence,
        }
        self._unsent += (
            messages.event("message_delta", delta=delta, usage=_usage(self._usage)),
            messages.event("message_stop"),
        )
        self._done = True
