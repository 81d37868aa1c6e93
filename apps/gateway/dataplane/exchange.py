"""One attempt: the request as an upstream gets it, and its reply as the client will."""

from collections.abc import Iterable
from dataclasses import dataclass

from apps.gateway.dataplane.body import rewrite
from apps.gateway.dataplane.call import Call, Headers
from apps.gateway.dataplane.errors import GatewayError
from apps.gateway.dataplane.route_table import Choice, Endpoint
from apps.gateway.dataplane.sse import EventRelay
from apps.gateway.dataplane.upstream import Connection

_PLAIN_LIMIT = 8 * 1024 * 1024  # larger replies are passed on as they come
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
_NOT_RETURNED = _HOP_BY_HOP | {
    b"content-length",
    b"date",
    b"server",
    b"set-cookie",
    b"x-served-by",
}


@dataclass(slots=True)
class Reply:
    """What an upstream answered, up to the first piece of its body at least.

    `connection` is None when the body is complete.
    """

    status: int
    headers: Headers
    body: bytes
    connection: Connection | None
    is_events: bool
    endpoint: Endpoint
    path: str


async def attempt(call: Call, choice: Choice) -> Reply:
    """Send the request once. Raises UpstreamFailure while the client has seen nothing of it."""
    call.take(choice)
    request = _request(call, choice)
    connection = await call.context.pool.send(
        choice.endpoint.address, request, first_byte_seconds=call.attempt_seconds
    )
    call.use(connection)
    headers, is_events = _reply_headers(connection.headers)
    first = await connection.piece()
    if is_events and connection.status == 200:
        call.relay = EventRelay(withhold_usage=call.usage_added)
        still_open: Connection | None = connection
    else:
        is_events = False
        first, still_open = await _collect(connection, first)
        if still_open is None:
            call.release_connection()
    reply = Reply(
        status=connection.status,
        headers=headers,
        body=first,
        connection=still_open,
        is_events=is_events,
        endpoint=choice.endpoint,
        path=call.path,
    )
    return reply if reply.status < 400 else _presentable(reply)


async def _collect(connection: Connection, first: bytes) -> tuple[bytes, Connection | None]:
    """The whole body, or its beginning and the connection the rest will come from."""
    if connection.at_end:
        return first, None
    parts = [first]
    size = len(first)
    while size <= _PLAIN_LIMIT:
        part = await connection.piece()
        if not part:
            return b"".join(parts), None
        parts.append(part)
        size += len(part)
    return b"".join(parts), connection


def _request(call: Call, choice: Choice) -> bytes:
    head = call.head
    call.usage_added = bool(
        head.stream and not head.wants_usage and call.path in _WITH_USAGE_OPTION
    )
    body = rewrite(call.body, head, model=choice.model, add_usage=call.usage_added)
    address = choice.endpoint.address
    query: bytes = call.scope.get("query_string", b"")
    lines = [
        b"POST %s%s%s HTTP/1.1\r\nhost: %s\r\ncontent-length: %d\r\naccept-encoding: identity"
        % (
            address.path.encode(),
            call.path.removeprefix("/v1").encode(),
            b"?" + query if query else b"",
            address.authority.encode(),
            len(body),
        )
    ]
    lines.extend(_forwarded(call.scope["headers"]))
    if choice.endpoint.authorization is not None:
        lines.append(b"authorization: " + choice.endpoint.authorization)
    lines.append(b"\r\n" + body)
    return b"\r\n".join(lines)


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
        if name == b"x-request-id":
            kept.append((b"x-upstream-request-id", value))
        elif name not in _NOT_RETURNED and not name.startswith(b"access-control-"):
            kept.append((name, value))
    return kept, is_events


def _presentable(reply: Reply) -> Reply:
    """An error in the shape the client expects. JSON from the upstream is left as it is."""
    if reply.status in (401, 403):
        raise GatewayError(
            502,
            "upstream_credentials",
            f"{reply.endpoint.name!r} refused the credentials Hearth has for it. "
            "Set its API key anew on the Upstreams page.",
        )
    if reply.connection is not None or reply.body.lstrip()[:1] == b"{":
        return reply
    error = GatewayError(
        reply.status,
        "upstream_error",
        f"{reply.endpoint.name!r} answered {reply.status} to {reply.path} without saying why.",
    )
    reply.headers = [(b"content-type", b"application/json")]
    reply.body = error.body()
    return reply
