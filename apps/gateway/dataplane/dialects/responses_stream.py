"""An event stream of the Responses API made of the chunks of a chat completion."""

from typing import Any

import msgspec

from apps.gateway.dataplane.dialects import chat
from apps.gateway.dataplane.dialects import responses_over_chat as made
from apps.gateway.dataplane.dialects import responses_request as asked_for
from apps.gateway.dataplane.dialects.reading import events, read_reply
from apps.gateway.dataplane.errors import GatewayError, UpstreamFailure

Json = dict[str, Any]

_json = msgspec.json.encode
_DELTA = (
    b"event: response.%b.delta\n"
    b'data: {"type":"response.%b.delta","item_id":"%b","output_index":%d,%b'
    b'"delta":%b,"sequence_number":%d}\n\n'
)
_AT_CONTENT = b'"content_index":%d,'
# What a part of an item is called in its own events, and where its text is.
_TEXT = "output_text"
_REFUSAL = "refusal"
_THOUGHT = "reasoning_text"


def error_event(error: GatewayError, *, sequence: int = 0) -> bytes:
    payload = {
        "type": "error",
        "code": error.code,
        "message": error.message,
        "param": error.param,
        "sequence_number": sequence,
    }
    return b"event: error\ndata: %s\n\n" % _json(payload)


class Stream:
    """Chunks in, events out. One text or thought is open at a time; calls stay open to the end,
    for their pieces may come mixed."""

    def __init__(self, asked: bytes) -> None:
        request = asked_for.read(asked)
        self._response = made.skeleton(request)
        self._sequence = 0
        self._output: list[Json] = []
        self._open = -1  # the index of the item that text or thoughts are added to
        self._part = ""  # what is being added to it
        self._text: list[str] = []
        self._logprobs: list[Json] = []
        self._calls: dict[int, tuple[int, list[str]]] = {}  # by the upstream's own numbers
        self._reason: str | None = None
        self._usage: chat.Usage | None = None
        self._parts: list[bytes] = []
        self.done = False

    def feed(self, whole_events: bytes) -> bytes:
        for data in events(whole_events):
            if self.done:
                break
            if data == chat.DONE:
                self._finish()
            elif data:
                self._take(read_reply(chat.CHUNK, data))
        return self._ready()

    def end(self) -> bytes:
        if not self.done:
            if self._reason is None:
                raise UpstreamFailure("5xx", "ended its stream before the reply was complete")
            self._finish()
        return self._ready()

    def broken(self, error: GatewayError) -> bytes:
        if self.done:
            return b""
        self._start()
        self._fail(error)
        return self._ready()

    def _ready(self) -> bytes:
        ready = b"".join(self._parts)
        self._parts.clear()
        return ready

    def _take(self, chunk: chat.Chunk) -> None:
        self._start()
        if chunk.usage is not None:
            self._usage = chunk.usage
        if chunk.error is not None:
            problem = chat.as_problem(chunk.error)
            self._fail(GatewayError(502, "upstream_error", problem.message or "It said no more."))
            return
        for choice in chunk.choices or ():
            if choice.delta is not None:
                self._add(choice.delta, choice.logprobs)
            if choice.finish_reason:
                self._reason = choice.finish_reason

    def _start(self) -> None:
        if not self._sequence:
            self._say("response.created", response=self._response)
            self._say("response.in_progress", response=self._response)

    def _say(self, kind: str, /, **fields: Any) -> None:
        payload = {"type": kind, **fields, "sequence_number": self._sequence}
        self._parts.append(b"event: %s\ndata: %s\n\n" % (kind.encode(), _json(payload)))
        self._sequence += 1

    # -- what the model says

    def _add(self, delta: chat.Message, logprobs: chat.Logprobs | None) -> None:
        if thought := delta.thought:
            self._be_in(_THOUGHT)
            self._more(thought, b"")
        if text := delta.text:
            self._be_in(_TEXT)
            tokens = made.token_logprobs(logprobs)
            self._logprobs.extend(tokens)
            self._more(text, b'"logprobs":%b,' % (_json(tokens) if tokens else b"[]"))
        if refusal := delta.refusal:
            self._be_in(_REFUSAL)
            self._more(refusal, b"")
        for call in delta.tool_calls or ():
            self._call(call)

    def _more(self, text: str, extra: bytes) -> None:
        self._text.append(text)
        item = self._output[self._open]
        at = _AT_CONTENT % max(0, len(item["content"]) - 1) + extra
        self._delta(self._part.encode(), item["id"], self._open, at, text)

    def _delta(self, kind: bytes, item: str, index: int, at: bytes, text: str) -> None:
        given = (kind, kind, item.encode(), index, at, _json(text), self._sequence)
        self._parts.append(_DELTA % given)
        self._sequence += 1

    def _be_in(self, part: str) -> None:
        if self._part == part:
            return
        if {part, self._part} == {_TEXT, _REFUSAL}:
            self._close_part()  # the same message goes on
        else:
            self._close_item()
            self._open = len(self._output)
            item = (
                made.reasoning_item(made.new_id("rs"), "")
                if part == _THOUGHT
                else made.message_item(made.new_id("msg"), [])
            )
            item |= {"content": [], "status": "in_progress"}
            self._output.append(item)
            self._say("response.output_item.added", output_index=self._open, item=item)
        self._part = part
        self._output[self._open]["content"].append(self._empty_part())
        self._say_part("response.content_part.added")

    def _empty_part(self) -> Json:
        if self._part == _TEXT:
            return made.text_part("", [])
        return {"type": self._part, "refusal" if self._part == _REFUSAL else "text": ""}

    def _say_part(self, name: str) -> None:
        item = self._output[self._open]
        self._say(
            name,
            item_id=item["id"],
            output_index=self._open,
            content_index=len(item["content"]) - 1,
            part=item["content"][-1],
        )

    def _close_part(self) -> None:
        item = self._output[self._open]
        part = item["content"][-1]
        field = "refusal" if self._part == _REFUSAL else "text"
        part[field] = "".join(self._text)
        said: Json = {field: part[field]}
        if self._part == _TEXT:
            part["logprobs"] = said["logprobs"] = self._logprobs
        self._say(
            f"response.{self._part}.done",
            item_id=item["id"],
            output_index=self._open,
            content_index=len(item["content"]) - 1,
            **said,
        )
        self._say_part("response.content_part.done")
        self._text, self._logprobs = [], []
        self._part = ""

    def _close_item(self) -> None:
        if self._open >= 0:
            self._close_part()
            self._item_is_done(self._open)
            self._open = -1

    def _item_is_done(self, index: int) -> None:
        item = self._output[index]
        last = index == len(self._output) - 1
        cut = last and made.is_cut_short(self._reason)
        item["status"] = "incomplete" if cut else "completed"
        self._say("response.output_item.done", output_index=index, item=item)

    # -- the tools it calls

    def _call(self, call: chat.ToolCall) -> None:
        number = call.index
        if number is None:  # some servers send each call whole and count none
            known = bool(self._calls) and not call.id
            number = max(self._calls, default=-1) + (0 if known else 1)
        if number not in self._calls:
            self._close_item()
            index = len(self._output)
            started = chat.ToolCall(chat.FunctionCall(call.function.name), call.id)
            item = made.call_item(started, "in_progress")
            self._output.append(item)
            self._calls[number] = index, []
            self._say("response.output_item.added", output_index=index, item=item)
        index, pieces = self._calls[number]
        if arguments := call.function.text:
            pieces.append(arguments)
            item_id = self._output[index]["id"]
            self._delta(b"function_call_arguments", item_id, index, b"", arguments)

    def _close_calls(self) -> None:
        for index, pieces in self._calls.values():
            item = self._output[index]
            item["arguments"] = "".join(pieces)
            self._say(
                "response.function_call_arguments.done",
                item_id=item["id"],
                output_index=index,
                name=item["name"],
                arguments=item["arguments"],
            )
            self._item_is_done(index)

    # -- the end

    def _finish(self) -> None:
        self._start()
        self.done = True
        if not self._output:
            self._be_in(_TEXT)
        self._close_item()
        self._close_calls()
        made.finish(self._response, self._output, self._reason, self._usage)
        self._say(f"response.{self._response['status']}", response=self._response)

    def _fail(self, error: GatewayError) -> None:
        self.done = True
        self._parts.append(error_event(error, sequence=self._sequence))
        self._sequence += 1
        failed = {"code": "server_error", "message": error.message}
        self._response |= {"status": "failed", "error": failed}
        self._say("response.failed", response=self._response)
