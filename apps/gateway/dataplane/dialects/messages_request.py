"""What a client of Anthropic Messages may ask for, as far as another dialect can say it."""

from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from apps.gateway.dataplane.dialects.reading import read_request, refused_field
from apps.gateway.dataplane.errors import GatewayError

_OURS = frozenset({None, "custom"})  # kinds of tools that need nobody's own machinery


class Base64Source(Struct, tag_field="type", tag="base64"):
    media_type: str
    data: str

    @property
    def url(self) -> str:
        return f"data:{self.media_type};base64,{self.data}"


class UrlSource(Struct, tag_field="type", tag="url"):
    url: str


class TextSource(Struct, tag_field="type", tag="text"):
    data: str


class Text(Struct, tag_field="type", tag="text"):
    text: str


class Image(Struct, tag_field="type", tag="image"):
    source: Base64Source | UrlSource


class ContentSource(Struct, tag_field="type", tag="content"):
    content: str | list[Text | Image]


class Document(Struct, tag_field="type", tag="document"):
    source: Base64Source | TextSource | ContentSource
    title: str | None = None
    context: str | None = None


class SearchResult(Struct, tag_field="type", tag="search_result"):
    source: str
    title: str
    content: list[Text]


class Thinking(Struct, tag_field="type", tag="thinking"):
    thinking: str


class RedactedThinking(Struct, tag_field="type", tag="redacted_thinking"):
    pass


class ToolUse(Struct, tag_field="type", tag="tool_use"):
    id: str
    name: str
    input: Raw


class ToolResult(Struct, tag_field="type", tag="tool_result"):
    tool_use_id: str
    content: str | list[Text | Image | Document | SearchResult] | None = None
    is_error: bool | None = None


Shown = Text | Image | Document | SearchResult


class UserTurn(Struct, tag_field="role", tag="user"):
    content: str | list[Text | Image | Document | SearchResult | ToolResult]


class AssistantTurn(Struct, tag_field="role", tag="assistant"):
    content: str | list[Text | Thinking | RedactedThinking | ToolUse]


class SystemTurn(Struct, tag_field="role", tag="system"):
    content: str | list[Text]


class Tool(Struct):
    name: str = ""
    type: str | None = None
    description: str | None = None
    input_schema: Raw = Raw(b"")
    strict: bool | None = None


class Choice(Struct):
    disable_parallel_tool_use: bool | None = None


class AutoChoice(Choice, tag_field="type", tag="auto"):
    pass


class AnyChoice(Choice, tag_field="type", tag="any"):
    pass


class NoChoice(Choice, tag_field="type", tag="none"):
    pass


class ToolChoice(Choice, tag_field="type", tag="tool", kw_only=True):
    name: str


class JsonFormat(Struct, tag_field="type", tag="json_schema"):
    schema: Raw


class OutputConfig(Struct):
    effort: str | None = None
    format: JsonFormat | None = None


class Metadata(Struct):
    user_id: str | None = None


class ThinkingConfig(Struct):
    type: str = ""
    display: str | None = None


class Request(Struct):
    model: str
    messages: Annotated[list[UserTurn | AssistantTurn | SystemTurn], Meta(min_length=1)]
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    system: str | list[Text] | None = None
    tools: list[Tool] | None = None
    tool_choice: AutoChoice | AnyChoice | NoChoice | ToolChoice | None = None
    stop_sequences: list[str] | None = None
    temperature: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_k: Annotated[int, Meta(ge=0)] | None = None
    stream: bool | None = None
    metadata: Metadata | None = None
    thinking: ThinkingConfig | None = None
    output_config: OutputConfig | None = None
    output_format: JsonFormat | None = None  # where clients of a beta still say it
    mcp_servers: list[Raw] | None = None
    container: Raw = Raw(b"null")


class Wanted(Struct):
    """What of a request shapes its reply."""

    model: str
    thinking: ThinkingConfig | None = None

    @property
    def thoughts(self) -> bool:
        """Whether the client takes what a model thinks, where it says so at all."""
        config = self.thinking
        return config is None or (config.type != "disabled" and config.display != "omitted")


# Said otherwise in a chat completion, or meant for Anthropic's own machinery. All other fields,
# also those that nobody here knows, go to the server as they are.
_NOT_COPIED = frozenset(Request.__struct_fields__) | {
    "betas",
    "cache_control",
    "context_management",
    "diagnostics",
    "fallbacks",
    "inference_geo",
    "max_completion_tokens",
    "n",
    "n_predict",
    "service_tier",
    "speed",
    "user_profile_id",
    "workspace_id",
}
_REQUEST = msgspec.json.Decoder(Request)
_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_WANTED = msgspec.json.Decoder(Wanted)


def read(body: bytes, *, to_count: bool = False) -> Request:
    """Raises GatewayError 400 that names the field nobody but Anthropic could serve, or that is
    wrong or missing. A body whose tokens are only counted needs no `max_tokens`."""
    asked = read_request(_REQUEST, body)
    if asked.max_tokens is None and not to_count:
        raise GatewayError(
            400,
            "missing_field",
            "The field `max_tokens` is missing. Say how long the answer may become.",
            param="max_tokens",
        )
    if asked.mcp_servers:
        raise refused_field("mcp_servers", "the gateway calls no MCP servers; call them yourself")
    if bytes(asked.container) != b"null":
        raise refused_field("container", "there are no containers here; leave it out")
    for number, tool in enumerate(asked.tools or ()):
        _check_tool(tool, f"tools[{number}]")
    for number, turn in enumerate(asked.messages):
        if isinstance(turn, AssistantTurn) and not isinstance(turn.content, str):
            _check_tool_uses(turn.content, f"messages[{number}].content")
    return asked


def other_fields(body: bytes) -> dict[str, Raw]:
    """What engines understand beyond either dialect: `seed`, `min_p` and the like."""
    given = read_request(_FIELDS, body)
    return {name: value for name, value in given.items() if name not in _NOT_COPIED}


def read_wanted(body: bytes) -> Wanted:
    return read_request(_WANTED, body)


def _check_tool(tool: Tool, field: str) -> None:
    if tool.type not in _OURS:
        raise refused_field(
            f"{field}.type",
            f"{tool.type!r} is built into Anthropic's own models; "
            "describe the tool with a `name` and an `input_schema`",
        )
    if not tool.name:
        raise refused_field(f"{field}.name", "a tool needs a name")
    if not is_object(tool.input_schema):
        raise refused_field(f"{field}.input_schema", "a JSON schema, an object, is expected")


def _check_tool_uses(
    blocks: list[Text | Thinking | RedactedThinking | ToolUse], field: str
) -> None:
    for number, block in enumerate(blocks):
        if isinstance(block, ToolUse) and not is_object(block.input):
            raise refused_field(f"{field}[{number}].input", "an object is expected")


def is_object(raw: Raw) -> bool:
    return bytes(raw).lstrip()[:1] == b"{"
