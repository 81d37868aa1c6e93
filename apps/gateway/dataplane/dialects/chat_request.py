"""What a client of chat completions may ask for, as far as Anthropic Messages can say it."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from apps.gateway.dataplane.dialects.reading import read_request, refused_field


class Text(Struct, tag_field="type", tag="text"):
    text: str


class Refusal(Struct, tag_field="type", tag="refusal"):
    refusal: str


class ImageUrl(Struct):
    url: str


class Image(Struct, tag_field="type", tag="image_url"):
    image_url: ImageUrl


class FileData(Struct):
    file_data: str
    filename: str | None = None


class File(Struct, tag_field="type", tag="file"):
    file: FileData


class FunctionCall(Struct):
    name: str
    arguments: str


class ToolCall(Struct):
    id: str
    function: FunctionCall


class SystemTurn(Struct, tag_field="role", tag="system"):
    content: str | list[Text]


class DeveloperTurn(Struct, tag_field="role", tag="developer"):
    content: str | list[Text]


class UserTurn(Struct, tag_field="role", tag="user"):
    content: str | list[Text | Image | File]


class AssistantTurn(Struct, tag_field="role", tag="assistant"):
    content: str | list[Text | Refusal] | None = None
    tool_calls: list[ToolCall] | None = None


class ToolTurn(Struct, tag_field="role", tag="tool"):
    tool_call_id: str
    content: str | list[Text | Image]


Turn = SystemTurn | DeveloperTurn | UserTurn | AssistantTurn | ToolTurn


class Function(Struct):
    name: str
    description: str | None = None
    parameters: Raw = Raw(b'{"type":"object","properties":{}}')
    strict: bool | None = None


class Tool(Struct, tag_field="type", tag="function"):
    function: Function


class FunctionName(Struct):
    name: str


class OneFunction(Struct, tag_field="type", tag="function"):
    function: FunctionName


class JsonSchema(Struct):
    schema: Raw


class SchemaFormat(Struct, tag_field="type", tag="json_schema"):
    json_schema: JsonSchema


class TextFormat(Struct, tag_field="type", tag="text"):
    pass


class Request(Struct):
    model: str
    messages: Annotated[list[Turn], Meta(min_length=1)]
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Meta(ge=1)] | None = None
    tools: list[Tool] | None = None
    tool_choice: Literal["auto", "none", "required"] | OneFunction | None = None
    parallel_tool_calls: bool | None = None
    response_format: SchemaFormat | TextFormat | None = None
    stop: str | list[str] | None = None
    temperature: Annotated[float, Meta(ge=0)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_k: Annotated[int, Meta(ge=0)] | None = None
    reasoning_effort: str | None = None
    stream: bool | None = None
    user: str | None = None
    n: int | None = None
    logprobs: bool | None = None
    modalities: list[str] | None = None
    functions: list[Raw] | None = None
    web_search_options: Raw = Raw(b"null")


_REQUEST = msgspec.json.Decoder(Request)


def read(body: bytes) -> Request:
    """Raises GatewayError 400 that names the field Anthropic's models know nothing of, or that is
    wrong or missing."""
    asked = read_request(_REQUEST, body)
    if asked.n is not None and asked.n != 1:
        raise refused_field("n", "this model gives one answer at a time; send several requests")
    if asked.logprobs:
        raise refused_field("logprobs", "this model tells no probabilities; leave it out")
    if asked.modalities and asked.modalities != ["text"]:
        raise refused_field("modalities", "this model answers in text alone")
    if asked.functions:
        raise refused_field("functions", "this old form is not read; use `tools`")
    if bytes(asked.web_search_options) != b"null":
        raise refused_field("web_search_options", "the gateway searches nothing; leave it out")
    for number, tool in enumerate(asked.tools or ()):
        if bytes(tool.function.parameters).lstrip()[:1] != b"{":
            field = f"tools[{number}].function.parameters"
            raise refused_field(field, "a JSON schema, an object, is expected")
    return asked


def read_arguments(call: ToolCall, field: str) -> dict[str, Any]:
    """The arguments of a call as the object they spell."""
    try:
        decoded = msgspec.json.decode(call.function.arguments or "{}")
    except (msgspec.DecodeError, RecursionError):
        decoded = None
    if not isinstance(decoded, dict):
        raise refused_field(f"{field}.function.arguments", "a JSON object as text is expected")
    return decoded
