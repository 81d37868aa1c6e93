"""GET /v1/models and GET /v1/models/{id}: one shape that OpenAI's and Anthropic's clients read."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl

import msgspec

from apps.gateway.dataplane import entrance
from apps.gateway.dataplane.call import Call
from apps.gateway.dataplane.errors import GatewayError
from apps.gateway.dataplane.route_table import Route

_LIST = "/v1/models"
_LARGEST_PAGE = 1000


async def answer(call: Call) -> None:
    """Raises GatewayError 404 for any other path under /v1, 405 for another method."""
    path = call.path.rstrip("/")
    entrance.refuse_stored_responses(path)
    if path != _LIST and not path.startswith(_LIST + "/"):
        raise GatewayError(
            404,
            "unknown_path",
            f"There is nothing at {call.path}. The API guide lists the paths there are.",
        )
    if call.scope["method"] not in ("GET", "HEAD"):
        raise GatewayError(405, "method_not_allowed", f"{call.path} takes GET.")
    body = msgspec.json.encode(_one(call, path) if path != _LIST else _all(call))
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
    ]
    await call.start_reply(200, headers)
    await call.end_reply(body)


def _one(call: Call, path: str) -> dict[str, object]:
    name = path.removeprefix(_LIST + "/")
    return _entry(name, call.context.link.table.get_for(call.caller, name))


def _all(call: Call) -> dict[str, object]:
    """All of them, or the page that `limit`, `after_id` and `before_id` ask for."""
    routes = list(call.context.link.table.list_for(call.caller))
    page, has_more = _page(routes, call.scope.get("query_string", b""))
    entries = [_entry(name, route) for name, route in page]
    return {
        "object": "list",
        "data": entries,
        "has_more": has_more,
        "first_id": entries[0]["id"] if entries else None,
        "last_id": entries[-1]["id"] if entries else None,
    }


def _page(routes: list[tuple[str, Route]], query: bytes) -> tuple[list[tuple[str, Route]], bool]:
    asked = dict(parse_qsl(query.decode("latin-1"))) if query else {}
    limit = _limit(asked.get("limit"))
    after, before = asked.get("after_id"), asked.get("before_id")
    if after is not None:
        routes = [each for each in routes if each[0] > after]
    if before is not None:
        routes = [each for each in routes if each[0] < before]
    if limit is None or len(routes) <= limit:
        return routes, False
    backwards = before is not None and after is None
    return (routes[-limit:] if backwards else routes[:limit]), True


def _limit(given: str | None) -> int | None:
    if given is None:
        return None
    if not given.isdecimal() or not 1 <= int(given) <= _LARGEST_PAGE:
        raise GatewayError(
            400,
            "invalid_limit",
            f"`limit` is a number from 1 to {_LARGEST_PAGE}.",
            param="limit",
        )
    return int(given)


def _entry(name: str, route: Route) -> dict[str, object]:
    return {
        "id": name,
        "object": "model",
        "created": route.created,
        "owned_by": "hearth",
        "type": "model",
        "lifecycle": "active",
        "display_name": name,
        "created_at": datetime.fromtimestamp(route.created, UTC).isoformat(),
    }
