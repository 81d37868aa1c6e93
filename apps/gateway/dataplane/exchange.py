"""One attempt: the request as an upstream gets it, and its reply as the client will."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from apps.gateway.dataplane import form
from apps.gateway.dataplane.body import rewrite
from apps.gateway.dataplane.call import Call, Headers
from apps.gateway.dataplane.caps import capped, room_told
from apps.gateway.dataplane.dialects import messages_count
from apps.gateway.dataplane.dialects.translated import TranslatedRelay
from apps.gateway.dataplane.dialects.ways import (
    COUNT_TOKENS,
    FORMS,
    OPENAI_SPEAKS,
    Way,
    dialect_of,
    error_as_asked,
    find_way,
    may_be_unspoken,
    translated,
)
from apps.gateway.dataplane.entrance import content_type
from apps.gateway.dataplane.errors import GatewayError
from apps.gateway.dataplane.mends import mended
from apps.gateway.dataplane.route_table import Choice, Endpoint
from apps.gateway.dataplane.sse import EventRelay, Usage, usage_of_reply
from apps.gateway.dataplane.upstream import Connection

_PLAIN_LIMIT = 8 * 1024 * 1024  # larger replies are passed on as they come
_SPEECH = "/v1/audio/speech"  # is listened to while it comes
_MESSAGES = "/v1/messages"
_VERSION = b"anthropic-version"
_UNSPOKEN_STATUS = (404, 405, 501)
_WITH_USAGE_OPTION = frozenset({"/v1/chat/completions", "/v1/completions"})

# Between a client and a proxy, or between a proxy and a server, and never through: RFC 9110, 7.6.1.
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# Also kept back: the client's own credentials, and encodings in which usage could not be read.
_NOT_FORWARDED = _HOP_BY_HOP | {
    b"host",
    b"authorization",
    b"x-api-key",
    b"cookie",
    b"content-length",
    b"accept-encoding",
    b"expect",
}
_REQUEST_IDS = (b"x-request-id", b"request-id")
_NOT_RETURNED = _HOP_BY_HOP | {
    b"content-length",
    b"date",
    b"server",
    b"set-cookie",
    b"x-served-by",
    b"x-hearth-route",  # of a gateway like this one; that it leaves the house stays said
    b"x-hearth-trace",
    b"x-fallback-reason",
    b"x-queue-position",
}


@dataclass(slots=True)
class Reply:
    """What an upstream answered, up to the first piece of its body at least.

    `connection` is None when the body is complete. `way` is None when the upstream was asked in the
    client's own words; a plain 200 reply has been translated back, an error is as it came.
    """

    status: int
    headers: Headers
    body: bytes
    connection: Connection | None
    endpoint: Endpoint
    path: str  # the client's
    way: Way | None = None
    usage: Usage | None = None


async def attempt(call: Call, choice: Choice) -> Reply:
    """Send the request once. Raises UpstreamFailure while the client has seen nothing of it."""
    call.take(choice)
    endpoint = choice.endpoint
    if call.path == COUNT_TOKENS and endpoint.speaks and "messages" not in endpoint.speaks:
        return _estimated(call, endpoint)
    way = find_way(call.path, endpoint, call.context.unspoken)
    reply = await _exchange(call, choice, way)
    if call.path == COUNT_TOKENS and reply.status in _UNSPOKEN_STATUS:
        return _estimated(call, endpoint)
    if way is None and reply.status in _UNSPOKEN_STATUS and may_be_unspoken(call.path, endpoint):
        reply = await _exchange(call, choice, translated(call.path, endpoint, OPENAI_SPEAKS))
        if reply.status not in _UNSPOKEN_STATUS:
            call.context.unspoken.add((endpoint.id, call.path))
    if reply.status == 400 and (room := room_told(call, reply.body)) is not None:
        reply = await _exchange(call, choice, reply.way, room)
    return reply


def _estimated(call: Call, endpoint: Endpoint) -> Reply:
    body = b'{"input_tokens":%d}' % messages_count.estimate(call.body)
    headers = [(b"content-type", b"application/json"), (b"x-tokens-estimated", b"true")]
    return Reply(200, headers, body, None, endpoint, call.path)


async def _exchange(call: Call, choice: Choice, way: Way | None, room: int | None = None) -> Reply:
    """`room`: tokens for the answer, where the server has told."""
    endpoint = choice.endpoint
    request = _request(call, choice, way, room)
    connection = await call.context.pool.send(
        endpoint.address, request, first_byte_seconds=call.attempt_seconds
    )
    call.use(connection)
    status = connection.status
    headers, is_events = _reply_headers(connection.headers)
    first = await connection.piece()
    if is_events and status == 200:
        call.relay = _relay(call, way)
        return Reply(status, headers, first, connection, endpoint, call.path, way)
    limit = 0 if status == 200 and call.path == _SPEECH else _PLAIN_LIMIT
    body, still_open = await _collect(connection, first, limit)
    usage = None
    if still_open is None:
        call.release_connection()
        if endpoint.deployment_id is not None:
            status, body = mended(call.path if way is None else way.path, status, body)
        if status == 200:
            usage = usage_of_reply(body)
            if way is not None:
                body = way.translation.reply(body, call.body)
    _check_credentials(status, endpoint)
    return Reply(status, headers, body, still_open, endpoint, call.path, way, usage)


def _relay(call: Call, way: Way | None) -> EventRelay:
    if way is None:
        return EventRelay(withhold_usage=call.usage_added, dialect=dialect_of(call.path))
    return TranslatedRelay(way.translation.stream(call.body), dialect_of(way.path))


async def _collect(
    connection: Connection, first: bytes, limit: int
) -> tuple[bytes, Connection | None]:
    """The whole body, or its beginning and the connection the rest will come from."""
    if connection.at_end:
        return first, None
    parts = [first]
    size = len(first)
    while size <= limit:
        part = await connection.piece()
        if not part:
            return b"".join(parts), None
        parts.append(part)
        size += len(part)
    return b"".join(parts), connection


def _request(call: Call, choice: Choice, way: Way | None, room: int | None) -> bytes:
    endpoint, path = choice.endpoint, call.path if way is None else way.path
    body = _body(call, choice, way, room)
    address = endpoint.address
    query: bytes = call.scope.get("query_string", b"")
    lines = [
        b"%s%s%s HTTP/1.1\r\nhost: %s\r\ncontent-length: %d\r\naccept-encoding: identity"
        % (
            address.post,
            path.removeprefix("/v1").encode(),
            b"?" + query if query else b"",
            address.authority,
            len(body),
        )
    ]
    lines.extend(_forwarded(call.scope["headers"]))
    if path.startswith(_MESSAGES):
        lines.extend(_for_messages(call, endpoint))
    elif endpoint.authorization is not None:
        lines.append(b"authorization: " + endpoint.authorization)
    lines.append(b"\r\n" + body)
    return b"\r\n".join(lines)


def _body(call: Call, choice: Choice, way: Way | None, room: int | None) -> bytes:
    call.usage_added = False
    if call.path in FORMS:
        if choice.model == call.head.model:
            return call.body
        return form.with_model(call.body, content_type(call), choice.model)
    body = capped(call, choice, room)
    if way is not None:
        return way.translation.request(body, choice.model)
    head = call.head
    call.usage_added = bool(
        head.stream and not head.wants_usage and call.path in _WITH_USAGE_OPTION
    )
    return rewrite(body, head, model=choice.model, add_usage=call.usage_added)


def _for_messages(call: Call, endpoint: Endpoint) -> Iterator[bytes]:
    """Anthropic's servers want a version, and the key under another name; servers that speak
    other dialects as well want it under the name those use."""
    if all(name != _VERSION for name, _ in call.scope["headers"]):
        yield _VERSION + b": 2023-06-01"
    if endpoint.authorization is not None:
        yield b"x-api-key: " + endpoint.authorization.removeprefix(b"Bearer ")
        if endpoint.speaks != {"messages"}:
            yield b"authorization: " + endpoint.authorization


def _forwarded(headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    dropped = _NOT_FORWARDED
    for name, value in headers:
        if name == b"connection" and b"," in value:
            dropped = dropped | {token.strip().lower() for token in value.split(b",")}
    return [name + b": " + value for name, value in headers if name not in dropped]


def _reply_headers(headers: Headers) -> tuple[Headers, bool]:
    """What of an upstream's headers the client gets, and whether an event stream follows."""
    is_events = False
    kept = []
    for name, value in headers:
        if name == b"content-type":
            is_events = value[:17].lower() == b"text/event-stream"
        if name in _REQUEST_IDS:
            kept.append((b"x-upstream-request-id", value))
        elif name not in _NOT_RETURNED and not name.startswith(b"access-control-"):
            kept.append((name, value))
    return kept, is_events


def _check_credentials(status: int, endpoint: Endpoint) -> None:
    if status in (401, 403):
        raise GatewayError(
            502,
            "upstream_credentials",
            f"{endpoint.name!r} refused the credentials Hearth has for it. "
            "Set its API key anew on the Upstreams page.",
        )


def presentable(call: Call, reply: Reply) -> bytes:
    """The body of an error in the shape the client expects. JSON is left as it is where the
    upstream speaks like the client."""
    if reply.body.lstrip()[:1] != b"{":
        error = GatewayError(
            reply.status,
            "upstream_error",
            f"{reply.endpoint.name!r} answered {reply.status} to {reply.path} without saying why.",
        )
        reply.headers = [(b"content-type", b"application/json")]
        return dialect_of(reply.path).error_body(error, call.id)
    return error_as_asked(reply.path, reply.way, reply.status, reply.body)
