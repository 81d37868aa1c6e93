"""Which dialect a path belongs to, and the way to an upstream that speaks another one."""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from apps.gateway.dataplane.dialects import (
    chat_over_messages,
    chat_over_responses,
    messages,
    messages_over_chat,
    responses_over_chat,
)
from apps.gateway.dataplane.dialects import responses_stream as responses
from apps.gateway.dataplane.dialects.base import Translation, through_chat
from apps.gateway.dataplane.errors import NotServed
from apps.gateway.dataplane.route_table import Endpoint
from apps.gateway.dataplane.snapshot import Spoken
from apps.gateway.dataplane.sse import CHAT, Dialect

COUNT_TOKENS = "/v1/messages/count_tokens"

# What clients may POST to. Images have no word of their own: whoever has the path gets them.
PATHS: Mapping[str, Spoken | None] = {
    "/v1/chat/completions": "chat",
    "/v1/completions": "completions",
    "/v1/embeddings": "embeddings",
    "/v1/responses": "responses",
    "/v1/messages": "messages",
    COUNT_TOKENS: "messages",
    "/v1/rerank": "rerank",
    "/v1/reranking": "rerank",
    "/v1/audio/transcriptions": "audio",
    "/v1/audio/translations": "audio",
    "/v1/audio/speech": "audio",
    "/v1/images/generations": None,
}
FORMS = frozenset({"/v1/audio/transcriptions", "/v1/audio/translations"})

_ANTHROPIC_ERROR = re.compile(rb'\s*\{\s*"type"\s*:\s*"error"')
_MESSAGES = Dialect(
    mark=b"message_stop",
    last_event=re.compile(rb"^event: ?message_stop", re.MULTILINE),
    error_body=lambda error, request_id: messages.error_body(error, request_id=request_id),
    error_event=lambda error, _: messages.error_event(error),
)
_RESPONSES = Dialect(
    mark=b"event: response.",
    last_event=re.compile(rb"^event: ?response\.(?:completed|incomplete|failed)", re.MULTILINE),
    error_body=CHAT.error_body,
    error_event=lambda error, number: responses.error_event(error, sequence=number),
)


@dataclass(frozen=True, slots=True)
class Way:
    """The path to ask the upstream at, and what stands between it and the client."""

    path: str
    translation: Translation


_OVER_CHAT: dict[Spoken, Translation] = {
    "responses": Translation(
        responses_over_chat.request, responses_over_chat.reply, responses.Stream
    ),
    "messages": Translation(
        messages_over_chat.request, messages_over_chat.reply, messages_over_chat.Stream
    ),
}
_CHAT_OVER: dict[Spoken, Translation] = {
    "messages": Translation(
        chat_over_messages.request, chat_over_messages.reply, chat_over_messages.Stream
    ),
    "responses": Translation(
        chat_over_responses.request, chat_over_responses.reply, chat_over_responses.Stream
    ),
}
_PATH_OF: dict[Spoken, str] = {
    "chat": "/v1/chat/completions",
    "messages": "/v1/messages",
    "responses": "/v1/responses",
}


def _ways() -> Iterator[tuple[tuple[Spoken, Spoken], Translation]]:
    for spoken, over_chat in _OVER_CHAT.items():
        yield (spoken, "chat"), over_chat
        for other, chat_over in _CHAT_OVER.items():
            if other != spoken:
                yield (spoken, other), through_chat(over_chat, chat_over)
    for other, chat_over in _CHAT_OVER.items():
        yield ("chat", other), chat_over


_WAYS = {
    (asked, spoken): Way(_PATH_OF[spoken], translation) for (asked, spoken), translation in _ways()
}
_PREFERRED: tuple[Spoken, ...] = ("chat", "messages", "responses")
_TRANSLATED = frozenset({"/v1/responses", "/v1/messages"})
NAMED_EVENTS = _TRANSLATED  # their events say what they are before their data

# What every server behind the OpenAI paths is taken to speak.
OPENAI_SPEAKS: frozenset[Spoken] = frozenset(
    {"chat", "completions", "embeddings", "rerank", "audio"}
)


def dialect_of(path: str) -> Dialect:
    if path.startswith("/v1/messages"):
        return _MESSAGES
    return _RESPONSES if path.startswith("/v1/responses") else CHAT


def find_way(path: str, endpoint: Endpoint, unspoken: AbstractSet[tuple[str, str]]) -> Way | None:
    """None when the endpoint is asked in the client's own words. Raises NotServed when it
    cannot be asked at all.

    llama.cpp's server has all the paths, but leaves too much out of two of them: docs/dialects.md
    says what. Of an outside server nobody knows anything about, everything is believed until it
    says otherwise; `unspoken` remembers by endpoint and path.
    """
    speaks = endpoint.speaks
    if not speaks:
        if path not in _TRANSLATED:
            return None
        if endpoint.deployment_id is None and (endpoint.id, path) not in unspoken:
            return None
        speaks = OPENAI_SPEAKS
    spoken = PATHS[path]
    if spoken is None or spoken in speaks:
        return None
    return translated(path, endpoint, speaks)


def may_be_unspoken(path: str, endpoint: Endpoint) -> bool:
    """Whether a "not found" may be about the path."""
    return path in _TRANSLATED and not endpoint.speaks


def translated(path: str, endpoint: Endpoint, speaks: AbstractSet[Spoken]) -> Way:
    """A way round through something the endpoint does speak. Raises NotServed."""
    asked = PATHS[path]
    if asked is not None and path != COUNT_TOKENS:
        for spoken in _PREFERRED:
            if spoken in speaks and (asked, spoken) in _WAYS:
                return _WAYS[asked, spoken]
    raise NotServed(endpoint.name, path)


def error_as_asked(path: str, way: Way | None, status: int, body: bytes) -> bytes:
    """An upstream's error, a JSON object, for a client that asked at `path`."""
    asked = path if way is None else way.path
    if path.startswith("/v1/messages"):
        return body if _ANTHROPIC_ERROR.match(body) else messages_over_chat.error_body(status, body)
    if asked.startswith("/v1/messages"):
        return chat_over_messages.error_body(status, body)
    return body
