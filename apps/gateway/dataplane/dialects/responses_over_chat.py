"""The client speaks the Responses API, the upstream chat completions."""

import secrets
import time
from typing import Any

import msgspec

from apps.gateway.dataplane.dialects import chat
from apps.gateway.dataplane.dialects import responses_request as asked_for
from apps.gateway.dataplane.dialects.reading import read_reply
from apps.gateway.dataplane.errors import UpstreamFailure

Json = dict[str, Any]

request = asked_for.to_chat

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def reply(body: bytes, asked: bytes) -> bytes:
    """The response made of a completion. Raises UpstreamFailure when it is none."""
    completion = read_reply(chat.COMPLETION, body)
    if not completion.choices or completion.choices[0].message is None:
        raise UpstreamFailure("5xx", "answered without a message")
    choice, said = completion.choices[0], completion.choices[0].message
    output: list[Json] = []
    if said.thought:
        output.append(reasoning_item(new_id("rs"), said.thought))
    parts = _parts(said, choice.logprobs)
    if parts or not said.tool_calls:
        output.append(message_item(new_id("msg"), parts))
    output.extend(call_item(call) for call in said.tool_calls or ())
    response = skeleton(asked_for.read(asked))
    finish(response, output, choice.finish_reason, completion.usage)
    return msgspec.json.encode(response)


def _parts(said: chat.Message, logprobs: chat.Logprobs | None) -> list[Json]:
    parts: list[Json] = []
    if said.text:
        parts.append(text_part(said.text, token_logprobs(logprobs)))
    if said.refusal:
        parts.append({"type": "refusal", "refusal": said.refusal})
    return parts


# -- what replies and streams are made of


def new_id(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(16)}"


def skeleton(asked: asked_for.Request) -> Json:
    """A response that has only begun. Every field that clients expect is there, null or not."""
    text: Json = {"format": {"type": "text"}}
    if asked.text is not None and asked.text.format is not None:
        text["format"] = asked.text.format
    if asked.text is not None and asked.text.verbosity is not None:
        text["verbosity"] = asked.text.verbosity
    return {
        "id": new_id("resp"),
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress",
        "background": False,
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "instructions": asked.instructions,
        "max_output_tokens": asked.max_output_tokens,
        "max_tool_calls": asked.max_tool_calls,
        "metadata": asked.metadata or {},
        "model": asked.model,
        "output": [],
        "parallel_tool_calls": asked.parallel_tool_calls is not False,
        "previous_response_id": None,
        "prompt_cache_key": asked.prompt_cache_key,
        "reasoning": asked.reasoning or asked_for.Reasoning(),
        "safety_identifier": asked.safety_identifier,
        "service_tier": "default",
        "store": False,
        "temperature": asked.temperature,
        "text": text,
        "tool_choice": asked.tool_choice or "auto",
        "tools": asked.tools or [],
        "top_logprobs": asked.top_logprobs or 0,
        "top_p": asked.top_p,
        "truncation": asked.truncation or "disabled",
        "usage": None,
        "user": asked.user,
    }


def finish(
    response: Json, output: list[Json], reason: str | None, usage: chat.Usage | None
) -> None:
    """Complete, or cut short: then its last item says so as well."""
    response["output"] = output
    response["usage"] = _usage(usage)
    missing = _INCOMPLETE.get(reason or "")
    if missing is None:
        response["status"] = "completed"
        response["completed_at"] = int(time.time())
        return
    response["status"] = "incomplete"
    response["incomplete_details"] = {"reason": missing}
    if output:
        output[-1]["status"] = "incomplete"


def is_cut_short(reason: str | None) -> bool:
    return reason in _INCOMPLETE


def _usage(counted: chat.Usage | None) -> Json:
    usage = counted or chat.Usage()
    prompt, answer = usage.prompt_tokens or 0, usage.completion_tokens or 0
    details = usage.completion_tokens_details
    thought = (details.reasoning_tokens or 0) if details is not None else 0
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
        "output_tokens": answer,
        "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": prompt + answer,
    }


def text_part(text: str, logprobs: list[Json]) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": logprobs}


def message_item(name: str, parts: list[Json], status: str = "completed") -> Json:
    return {
        "id": name,
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": parts,
    }


def reasoning_item(name: str, thought: str) -> Json:
    return {
        "id": name,
        "type": "reasoning",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": thought}],
        "status": "completed",
    }


def call_item(call: chat.ToolCall, status: str = "completed") -> Json:
    return {
        "id": new_id("fc"),
        "type": "function_call",
        "call_id": call.id or new_id("call"),
        "name": call.function.name or "",
        "arguments": call.function.text,
        "status": status,
    }


def token_logprobs(logprobs: chat.Logprobs | None) -> list[Json]:
    tokens = (logprobs.content if logprobs is not None else None) or []
    return [
        _token(each) | {"top_logprobs": [_token(other) for other in each.top_logprobs]}
        for each in tokens
    ]


def _token(given: chat.TokenLogprob) -> Json:
    return {"token": given.token, "logprob": given.logprob, "bytes": given.bytes or []}
