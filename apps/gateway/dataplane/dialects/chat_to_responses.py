"""What a client of chat completions asks for, told as the Responses API tells it."""

from typing import Any

import msgspec

from apps.gateway.dataplane.dialects.reading import read_fields, read_request, refused_field

Json = dict[str, Any]

# Said otherwise in the Responses API. All other fields go to the server as they are.
_NOT_COPIED = frozenset(
    {
        "background",
        "conversation",
        "logprobs",
        "max_completion_tokens",
        "max_output_tokens",
        "max_tokens",
        "messages",
        "model",
        "n",
        "n_predict",
        "previous_response_id",
        "reasoning_effort",
        "response_format",
        "stream_options",
        "tool_choice",
        "tools",
        "verbosity",
    }
)
_REFUSED = {
    "audio": "this model answers in text alone",
    "functions": "this old form is not read; use `tools`",
    "prediction": "this model takes no prediction; leave it out",
    "stop": "this model takes no stop sequences; leave it out",
    "web_search_options": "the gateway searches nothing; leave it out",
}


class _Request(msgspec.Struct):
    model: str
    messages: list[Json]
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    tools: list[Json] | None = None
    tool_choice: str | Json | None = None
    response_format: Json | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
    n: int | None = None
    logprobs: bool | None = None


_REQUEST = msgspec.json.Decoder(_Request)


def request(body: bytes, model: str | None) -> bytes:
    """Raises GatewayError 400 that names the field at fault."""
    asked = read_request(_REQUEST, body)
    given = read_fields(body)
    for name, why in _REFUSED.items():
        if given.get(name) is not None:
            raise refused_field(name, why)
    if asked.n is not None and asked.n != 1:
        raise refused_field("n", "this model gives one answer at a time; send several requests")
    sent = {name: value for name, value in given.items() if name not in _NOT_COPIED}
    sent |= {"model": model or asked.model, "input": _items(asked.messages), "store": False}
    limit = asked.max_completion_tokens or asked.max_tokens
    options: Json = {
        "max_output_tokens": limit,
        "reasoning": asked.reasoning_effort and {"effort": asked.reasoning_effort},
        "include": asked.logprobs and ["message.output_text.logprobs"],
        "text": _text(asked),
    }
    sent |= {name: value for name, value in options.items() if value}
    return msgspec.json.encode(sent | _tools(asked))


def _tools(asked: _Request) -> Json:
    if not asked.tools:
        return {}
    sent: Json = {"tools": [_tool(tool, f"tools[{at}]") for at, tool in enumerate(asked.tools)]}
    if asked.tool_choice is not None:
        sent["tool_choice"] = _choice(asked.tool_choice)
    return sent


def _text(asked: _Request) -> Json:
    text: Json = {}
    if asked.verbosity is not None:
        text["verbosity"] = asked.verbosity
    form = asked.response_format
    if form is not None:
        schema = form.get("json_schema") or {}
        if not isinstance(schema, dict):
            raise refused_field("response_format.json_schema", "an object is expected")
        text["format"] = {"type": form.get("type"), **schema}
    return text


def _tool(tool: Json, field: str) -> Json:
    function = tool.get("function")
    if tool.get("type") != "function" or not isinstance(function, dict):
        raise refused_field(f"{field}.type", f"{tool.get('type')!r} is no tool this model takes")
    return {"type": "function", "parameters": None, "strict": False, **function}


def _choice(choice: str | Json) -> str | Json:
    if isinstance(choice, str):
        return choice
    function = choice.get("function")
    if choice.get("type") != "function" or not isinstance(function, dict):
        raise refused_field("tool_choice.type", f"there is no choice {choice.get('type')!r} here")
    return {"type": "function", "name": function.get("name")}


def _items(messages: list[Json]) -> list[Json]:
    return [
        item
        for number, message in enumerate(messages)
        for item in _items_of(message, f"messages[{number}]")
    ]


def _items_of(message: Json, field: str) -> list[Json]:
    role, content = message.get("role"), message.get("content")
    if role == "tool":
        call = message.get("tool_call_id")
        output = _content(content, "input", f"{field}.content")
        return [{"type": "function_call_output", "call_id": call, "output": output}]
    if role in ("system", "developer", "user"):
        return [{"role": role, "content": _content(content, "input", f"{field}.content")}]
    if role != "assistant":
        raise refused_field(f"{field}.role", f"there is no role called {role!r}")
    items: list[Json] = []
    if content:
        items.append({"role": role, "content": _content(content, "output", f"{field}.content")})
    for number, call in enumerate(message.get("tool_calls") or ()):
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise refused_field(f"{field}.tool_calls[{number}]", "a function call is expected")
        items.append(
            {
                "type": "function_call",
                "call_id": call.get("id"),
                "name": function.get("name"),
                "arguments": function.get("arguments") or "{}",
            }
        )
    return items


def _content(content: Any, side: str, field: str) -> str | list[Json]:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise refused_field(field, "a string or a list of parts is expected")
    return [_part(part, side, f"{field}[{number}]") for number, part in enumerate(content)]


def _part(part: Any, side: str, field: str) -> Json:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text":
        return {"type": f"{side}_text", "text": part.get("text")}
    if kind == "refusal":
        return {"type": "refusal", "refusal": part.get("refusal")}
    if kind == "image_url" and isinstance(part.get("image_url"), dict):
        shown = part["image_url"]
        detail = shown.get("detail") or "auto"
        return {"type": "input_image", "image_url": shown.get("url"), "detail": detail}
    if kind == "file" and isinstance(part.get("file"), dict):
        return {"type": "input_file", **part["file"]}
    raise refused_field(f"{field}.type", f"{kind!r} is no content this model takes")
