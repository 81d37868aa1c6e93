"""What a client of the Responses API asks for, told as chat completions tell it."""

from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from apps.gateway.dataplane.dialects.reading import read_fields, read_request, refused_field
from apps.gateway.dataplane.dialects.responses_turns import OWN_MACHINERY, messages, objects
from apps.gateway.dataplane.errors import GatewayError

Json = dict[str, Any]

# Said otherwise in a chat completion, or meant for OpenAI's own machinery, or a chat completion's
# own word for what is said otherwise here. All other fields, also those that nobody here knows, go
# to the server as they are.
_NOT_COPIED = frozenset(
    {
        "background",
        "context_management",
        "conversation",
        "include",
        "input",
        "instructions",
        "logprobs",
        "max_completion_tokens",
        "max_output_tokens",
        "max_tokens",
        "max_tool_calls",
        "messages",
        "metadata",
        "model",
        "n",
        "n_predict",
        "parallel_tool_calls",
        "previous_response_id",
        "prompt",
        "reasoning",
        "store",
        "stream",
        "stream_options",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "truncation",
    }
)
_LOGPROBS = "message.output_text.logprobs"


class Format(Struct):
    type: str = "text"
    name: str | UnsetType = UNSET
    schema: Raw | UnsetType = UNSET
    strict: bool | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET


class Text(Struct):
    format: Format | None = None
    verbosity: str | None = None


class Reasoning(Struct):
    effort: str | None = None
    summary: str | None = None


class Request(Struct):
    model: str
    input: str | list[Json]
    instructions: str | None = None
    max_output_tokens: int | None = None
    max_tool_calls: int | None = None
    metadata: Json | None = None
    parallel_tool_calls: bool | None = None
    prompt_cache_key: str | None = None
    reasoning: Reasoning | None = None
    safety_identifier: str | None = None
    stream: bool | None = None
    temperature: float | None = None
    text: Text | None = None
    tool_choice: str | Json | None = None
    tools: list[Json] | None = None
    top_logprobs: int | None = None
    top_p: float | None = None
    truncation: str | None = None
    user: str | None = None
    include: list[str] | None = None

    @property
    def wants_logprobs(self) -> bool:
        return bool(self.top_logprobs) or _LOGPROBS in (self.include or ())


class _Stateful(Struct):
    background: Any = None
    previous_response_id: Any = None
    conversation: Any = None
    prompt: Any = None


_REQUEST = msgspec.json.Decoder(Request)
_STATEFUL = msgspec.json.Decoder(_Stateful)
_STATEFUL_MARKS = (b'"background"', b'"previous_response_id"', b'"conversation"', b'"prompt"')


def read(body: bytes) -> Request:
    """Raises GatewayError 400 that names the field at fault."""
    return read_request(_REQUEST, body)


def refuse_state(body: bytes) -> None:
    """Nothing is kept between requests. Raises GatewayError 400 when something is asked for that
    would have to be."""
    if not any(mark in body for mark in _STATEFUL_MARKS):
        return
    asked = read_request(_STATEFUL, body)
    if asked.background:
        raise _stateless("background", "runs in the background", "Leave `background` out and wait")
    if asked.previous_response_id is not None:
        raise _stateless(
            "previous_response_id",
            "can go on from an earlier one",
            "Send the whole conversation in `input`",
        )
    if asked.conversation is not None:
        raise _stateless(
            "conversation",
            "belongs to a stored conversation",
            "Send the whole conversation in `input`",
        )
    if asked.prompt is not None:
        raise _stateless(
            "prompt", "uses a stored prompt", "Send its text in `instructions` and `input`"
        )


def _stateless(field: str, what: str, instead: str) -> GatewayError:
    return GatewayError(
        400,
        "responses_not_stored",
        f"Responses are not stored here, so none {what}. {instead}.",
        param=field,
    )


def to_chat(body: bytes, model: str | None) -> bytes:
    """The body of a chat completion. Raises GatewayError 400 that names the field at fault."""
    asked = read(body)
    given = read_fields(body)
    sent: Json = {
        "model": model or asked.model,
        "messages": messages(asked.instructions, asked.input),
    }
    sent |= {name: value for name, value in given.items() if name not in _NOT_COPIED}
    if asked.max_output_tokens is not None:
        sent["max_tokens"] = asked.max_output_tokens
    if asked.stream:
        sent["stream"] = True
        sent["stream_options"] = {"include_usage": True}
    if asked.wants_logprobs:
        sent["logprobs"] = True
        sent["top_logprobs"] = asked.top_logprobs or 0
    if asked.reasoning is not None and asked.reasoning.effort is not None:
        sent["reasoning_effort"] = asked.reasoning.effort
    return msgspec.json.encode(sent | _text(asked.text) | _tools(asked))


def _text(text: Text | None) -> Json:
    sent: Json = {}
    if text is None:
        return sent
    if text.verbosity is not None:
        sent["verbosity"] = text.verbosity
    form = text.format
    if form is None or form.type == "text":
        return sent
    if form.type == "json_schema":
        if form.schema is UNSET:
            raise refused_field("text.format.schema", "a JSON schema, an object, is expected")
        schema = {
            "name": "answer" if form.name is UNSET else form.name,
            "schema": form.schema,
            "strict": form.strict,
            "description": form.description,
        }
        kept = {name: value for name, value in schema.items() if value not in (None, UNSET)}
        sent["response_format"] = {"type": "json_schema", "json_schema": kept}
    elif form.type == "json_object":
        sent["response_format"] = {"type": "json_object"}
    else:
        raise refused_field("text.format.type", f"there is no format called {form.type!r}")
    return sent


# -- tools


def _tools(asked: Request) -> Json:
    if not asked.tools:
        return {}
    tools = [_tool(tool, f"tools[{number}]") for number, tool in enumerate(asked.tools)]
    choice: Any = asked.tool_choice
    if isinstance(choice, dict):
        choice, tools = _chosen(choice, tools)
    sent: Json = {"tools": tools}
    if choice is not None:
        sent["tool_choice"] = choice
    if asked.parallel_tool_calls is not None:
        sent["parallel_tool_calls"] = asked.parallel_tool_calls
    return sent


def _tool(tool: Json, field: str) -> Json:
    if tool.get("type") != "function":
        raise refused_field(f"{field}.type", f"{tool.get('type')!r} {OWN_MACHINERY}")
    if not isinstance(tool.get("name"), str) or not tool["name"]:
        raise refused_field(f"{field}.name", "a tool needs a name")
    if not isinstance(tool.get("parameters"), dict | None):
        raise refused_field(f"{field}.parameters", "a JSON schema, an object, is expected")
    names = ("name", "description", "parameters", "strict")
    function = {name: tool[name] for name in names if tool.get(name) is not None}
    return {"type": "function", "function": function}


def _chosen(choice: Json, tools: list[Json]) -> tuple[Any, list[Json]]:
    """`tool_choice`, and the tools that are left: a list of allowed ones is a shorter list."""
    kind = choice.get("type")
    if kind == "function":
        return {"type": "function", "function": {"name": choice.get("name")}}, tools
    if kind == "allowed_tools":
        allowed = {each.get("name") for each in objects(choice.get("tools"), "tool_choice.tools")}
        left = [tool for tool in tools if tool["function"]["name"] in allowed]
        return choice.get("mode", "auto"), left
    raise refused_field("tool_choice.type", f"{kind!r} {OWN_MACHINERY}")
