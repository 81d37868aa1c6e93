"""What model servers answer, in chat completions, Anthropic Messages and Responses."""

import json
from typing import Any


def completion(**message: Any) -> dict[str, Any]:
    """`finish_reason` and further fields of the `choice` may be given beside the message's."""
    finish = message.pop("finish_reason", "stop")
    extra = message.pop("choice", {})
    return {
        "id": "chatcmpl-7",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "theirs",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", **message},
                "finish_reason": finish,
                **extra,
            }
        ],
        "usage": {
            "prompt_tokens": 20,
            "completion_tokens": 5,
            "total_tokens": 25,
            "prompt_tokens_details": {"cached_tokens": 12},
            "completion_tokens_details": {"reasoning_tokens": 3},
        },
    }


def data(document: Any) -> bytes:
    """One server-sent event without a name."""
    return b"data: " + json.dumps(document).encode() + b"\n\n"


def chunk(finish_reason: str | None = None, **delta: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return data({"id": "chatcmpl-7", "choices": [choice]})


def call(index: int | None, arguments: str, **more: Any) -> dict[str, Any]:
    """A piece of a tool call, as a chunk has it."""
    function = {"arguments": arguments, **more.pop("function", {})}
    return {"index": index, "function": function, **more}


USAGE = data(
    {
        "choices": [],
        "usage": {
            "prompt_tokens": 20,
            "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 12},
        },
    }
)
DONE = b"data: [DONE]\n\n"

MESSAGE = {
    "id": "msg_7",
    "type": "message",
    "role": "assistant",
    "model": "theirs",
    "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "x"},
        {"type": "text", "text": "I ", "citations": None},
        {"type": "text", "text": "look."},
        {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Ulm"}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 8,
        "cache_read_input_tokens": 12,
        "cache_creation_input_tokens": 3,
        "output_tokens": 5,
        "output_tokens_details": {"thinking_tokens": 2},
    },
}


def event(kind: str, **fields: Any) -> bytes:
    """One event of a stream of Anthropic Messages."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def block(index: int, **fields: Any) -> bytes:
    return event("content_block_start", index=index, content_block=fields)


def delta(index: int, **fields: Any) -> bytes:
    return event("content_block_delta", index=index, delta=fields)


def stop(index: int) -> bytes:
    return event("content_block_stop", index=index)


START = event("message_start", message={**MESSAGE, "content": [], "stop_reason": None})
END = event("message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 9})
LAST = event("message_stop")
MESSAGE_EVENTS = (
    START,
    event("ping"),
    block(0, type="thinking", thinking="", signature=""),
    delta(0, type="thinking_delta", thinking="Hm."),
    delta(0, type="signature_delta", signature="x"),
    stop(0),
    block(1, type="text", text=""),
    delta(1, type="text_delta", text="I look."),
    stop(1),
    block(2, type="tool_use", id="a", name="weather", input={}),
    delta(2, type="input_json_delta", partial_json='{"city":'),
    delta(2, type="input_json_delta", partial_json=' "Ulm"}'),
    stop(2),
    block(3, type="tool_use", id="b", name="time", input={}),
    stop(3),
    END,
    LAST,
)

RESPONSE_USAGE = {
    "input_tokens": 20,
    "input_tokens_details": {"cached_tokens": 12, "cache_write_tokens": 0},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 3},
    "total_tokens": 25,
}
RESPONSE = {
    "id": "resp_7",
    "object": "response",
    "status": "completed",
    "model": "theirs",
    "output": [
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "I look.", "annotations": []}],
        },
        {
            "type": "function_call",
            "id": "fc_1",
            "call_id": "call_1",
            "name": "weather",
            "arguments": '{"city": "Ulm"}',
        },
    ],
    "usage": RESPONSE_USAGE,
}
BEGUN = {**RESPONSE, "status": "in_progress", "output": [], "usage": None}
RESPONSE_EVENTS = (
    event("response.created", response=BEGUN),
    event("response.in_progress", response=BEGUN),
    event("response.reasoning_summary_text.delta", delta="Hm."),
    event("response.output_text.delta", output_index=1, delta="I "),
    event("response.output_text.delta", output_index=1, delta="look."),
    event(
        "response.output_item.added",
        output_index=2,
        item={"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": ""},
    ),
    event("response.function_call_arguments.delta", output_index=2, delta='{"city": "Ulm"}'),
    event("response.completed", response=RESPONSE),
)
